"""When a delivery is tried again, held, and given up."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

import pytest

from keeper.alerts.channels.paced_smtp import SmtpLimits
from keeper.alerts.message import Message
from keeper.domain.messages.delivery_clock import DeliveryRules, HeldFor, Hold
from keeper.domain.messages.queue import ChannelKind, DeliveryResult, DeliveryStatus, QueuedAlert
from keeper.pipeline.messages import choose, deliver, record, write
from keeper.pipeline.messages.choose import LEASE
from keeper.pipeline.messages.deliver import GIVE_UP_AFTER, Delivery, deliver_due
from keeper.pipeline.messages.options import reason_of
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.claims import DueMessage, Outcome
from tests.alerts import NO_CONTEXT, a_context, queued

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SENT = DeliveryResult(DeliveryStatus.SENT, "accepted")
REFUSED = DeliveryResult(DeliveryStatus.FAILED, "550")
BUSY = DeliveryResult(DeliveryStatus.FAILED, "451", retry=True)
UNKNOWN = DeliveryResult(DeliveryStatus.UNKNOWN, "lost after the body")


class NoDatabase:
    """A connection whose transactions do nothing."""

    closed = False

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()


NO_DATABASE = cast(Connection, NoDatabase())


@dataclass
class Claim:
    """A message of an outbox in memory, and what became of it."""

    message: QueuedAlert
    companions: Sequence[QueuedAlert] = ()
    sent: int = 0
    unknown_at: datetime | None = None
    recorded: list[tuple[str, timedelta | None]] = field(default_factory=list)
    held: list[Hold] = field(default_factory=list)
    cancelled: bool = False
    postponed: list[datetime] = field(default_factory=list)

    @property
    def due(self) -> DueMessage:
        queued = self.message
        return DueMessage(
            queued.message_id,
            queued.channel_id,
            queued.to,
            queued.attempts,
            queued.first_attempt_at,
            self.unknown_at,
            sent_with=None,
            is_notice=False,
            abandoned_claim=None,
        )


class Outbox:
    """Gives each message once, and keeps what became of it; stands for the tables."""

    def __init__(self, due: list[Claim]) -> None:
        self._waiting = iter(due)
        self._claim = cast(Claim, None)

    def lock_next(self, connection: Connection, now: datetime, *_: object) -> DueMessage | None:
        assert now == NOW
        claim = next(self._waiting, None)
        if claim is None:
            return None
        self._claim = claim
        return claim.due

    def read_messages(self, connection: Connection, ids: Sequence[int]) -> list[QueuedAlert]:
        known = [self._claim.message, *self._claim.companions]
        return [message for message in known if message.message_id in ids]

    def sent_today(self, *_: object) -> int:
        return self._claim.sent

    def held_with(self, *_: object) -> list[int]:
        return [message.message_id for message in self._claim.companions]

    def hold_message(
        self, connection: Connection, message_id: int, hold: Hold, now: datetime
    ) -> None:
        self._claim.held.append(hold)

    def postpone(self, connection: Connection, message_id: int, until: datetime) -> None:
        self._claim.postponed.append(until)

    def cancel(self, *_: object) -> None:
        self._claim.cancelled = True

    def begin_attempt(self, *_: object, now: datetime, until: datetime) -> None:
        assert until - now == LEASE

    def record_outcome(self, connection: Connection, outcome: Outcome) -> bool:
        assert outcome.seconds >= 0
        again = outcome.next_attempt_at
        self._claim.recorded.append((outcome.status, None if again is None else again - outcome.at))
        return True


@dataclass
class FakeChannel:
    """Answers from a list, and keeps what it was given."""

    answers: list[DeliveryResult]
    messages: list[Message] = field(default_factory=list)

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        self.messages.append(message)
        return self.answers.pop(0)


def claim(**message: Any) -> Claim:
    return Claim(replace(queued(), **({"queued_at": NOW - timedelta(hours=1)} | message)))


def by(*answers: DeliveryResult, jitter: float = 0.5, **more: Any) -> Delivery:
    channel = FakeChannel(list(answers))
    return Delivery({ChannelKind.EMAIL: channel}, clock=lambda: NOW, jitter=lambda: jitter, **more)


def messages(delivery: Delivery) -> list[Message]:
    channel = delivery.channels[ChannelKind.EMAIL]
    assert isinstance(channel, FakeChannel)
    return channel.messages


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> list[Claim]:
    """The messages that are due, each claimed once."""
    due: list[Claim] = []
    outbox = Outbox(due)
    for name in (
        *("lock_next", "read_messages", "sent_today", "held_with", "hold_message", "postpone"),
        *("cancel", "begin_attempt"),
    ):
        monkeypatch.setattr(choose, name, getattr(outbox, name))
    monkeypatch.setattr(record, "record_outcome", outbox.record_outcome)
    for step in (choose, write):
        monkeypatch.setattr(step, "price_context_of", lambda connection, alert: NO_CONTEXT)
    monkeypatch.setattr(deliver, "next_postponed", lambda connection, now: None)
    monkeypatch.setattr(deliver, "is_any_due", lambda connection, now: False)
    return due


@pytest.mark.parametrize(
    ("answer", "status"),
    [(SENT, "SENT"), (REFUSED, "FAILED")],
    ids=["sent", "refused for good"],
)
def test_a_final_answer_decides_the_message(
    outbox: list[Claim], answer: DeliveryResult, status: str
) -> None:
    outbox.append(claim())

    counts = deliver_due(NO_DATABASE, by(answer))

    none = dict.fromkeys(("sent", "failed", "unknown", "not_configured", "held", "cancelled"), 0)
    assert counts == none | {status.lower(): 1}
    assert outbox[0].recorded == [(status, None)]


def test_a_channel_without_settings_is_not_configured(outbox: list[Claim]) -> None:
    outbox.append(claim())

    counts = deliver_due(NO_DATABASE, Delivery({}, clock=lambda: NOW))

    assert counts["not_configured"] == 1
    assert outbox[0].recorded == [("NOT_CONFIGURED", None)]


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 30), (1, 60), (2, 120), (5, 960), (6, 1920), (7, 3600), (5000, 3600)],
)
def test_a_passing_failure_waits_twice_as_long_each_time(
    outbox: list[Claim], attempts: int, seconds: int
) -> None:
    outbox.append(claim(attempts=attempts))

    deliver_due(NO_DATABASE, by(BUSY))

    assert outbox[0].recorded == [("PENDING", timedelta(seconds=seconds))]


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 24), (1.0, 36)])
def test_retries_of_many_fall_apart(outbox: list[Claim], jitter: float, seconds: int) -> None:
    outbox.append(claim())

    deliver_due(NO_DATABASE, by(BUSY, jitter=jitter))

    assert outbox[0].recorded == [("PENDING", timedelta(seconds=seconds))]


def test_a_provider_that_names_a_time_is_asked_then(outbox: list[Claim]) -> None:
    outbox.append(claim())

    deliver_due(NO_DATABASE, by(replace(BUSY, retry_after_s=500)))

    assert outbox[0].recorded == [("PENDING", timedelta(seconds=500))]


def test_after_three_days_of_trying_it_is_given_up(outbox: list[Claim]) -> None:
    outbox.append(claim(attempts=70, first_attempt_at=NOW - GIVE_UP_AFTER))
    outbox.append(claim(attempts=70, first_attempt_at=NOW - GIVE_UP_AFTER + timedelta(seconds=1)))

    deliver_due(NO_DATABASE, by(BUSY, BUSY))

    assert outbox[0].recorded == [("FAILED", None)]
    assert outbox[1].recorded == [("PENDING", timedelta(hours=1))]


def test_one_failure_does_not_keep_the_others_waiting(outbox: list[Claim]) -> None:
    outbox.extend(claim() for _ in range(3))

    counts = deliver_due(NO_DATABASE, by(SENT, BUSY, SENT))

    assert (counts["sent"], counts["failed"]) == (2, 1)


def test_asked_to_stop_it_ends_between_two_messages(outbox: list[Claim]) -> None:
    outbox.extend(claim() for _ in range(3))

    counts = deliver_due(
        NO_DATABASE, by(SENT, SENT, SENT, stopped=lambda: bool(outbox[0].recorded))
    )

    assert counts["sent"] == 1
    assert outbox[1].recorded == []


def test_in_quiet_hours_it_is_held_and_not_tried(outbox: list[Claim]) -> None:
    quiet = DeliveryRules("UTC", time(22), time(7))
    outbox.append(claim(rules=quiet))
    delivery = by()

    assert deliver_due(NO_DATABASE, delivery)["held"] == 1

    assert outbox[0].held == [Hold(NOW + timedelta(hours=7), HeldFor.QUIET_HOURS)]
    assert messages(delivery) == []


def test_beyond_the_days_most_it_is_held(outbox: list[Claim]) -> None:
    outbox.append(replace(claim(rules=DeliveryRules(daily_cap=3)), sent=3))

    assert deliver_due(NO_DATABASE, by())["held"] == 1
    assert outbox[0].held[0].reason is HeldFor.DAILY_CAP


def test_what_was_held_goes_out_together(outbox: list[Claim]) -> None:
    held = claim(held_for="quiet hours")
    outbox.append(replace(held, companions=[queued(12, held_for="quiet hours", alert_id=8)]))
    delivery = by(SENT)

    assert deliver_due(NO_DATABASE, delivery)["sent"] == 2

    (message,) = messages(delivery)
    assert message.subject == "2 price alerts for 1 product"


def test_a_single_one_that_was_held_is_an_alert_like_any(outbox: list[Claim]) -> None:
    outbox.append(claim(held_for="quiet hours"))
    delivery = by(SENT)

    deliver_due(NO_DATABASE, delivery)

    assert messages(delivery)[0].key == "alert-7"


def test_what_nobody_wants_any_more_is_cancelled(outbox: list[Claim]) -> None:
    outbox.append(claim(is_wanted=False))

    assert deliver_due(NO_DATABASE, by())["cancelled"] == 1
    assert outbox[0].cancelled


def test_an_alert_of_a_first_check_waits_a_moment_for_the_products_past(
    outbox: list[Claim],
) -> None:
    outbox.append(claim(queued_at=NOW - timedelta(seconds=50)))
    delivery = by(SENT)

    counts = deliver_due(NO_DATABASE, delivery)
    assert set(counts.values()) == {0}
    assert outbox[0].postponed == [NOW + timedelta(seconds=3)]


def test_once_the_past_is_there_it_is_sent_with_a_chart(
    outbox: list[Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "price_context_of", lambda connection, alert: a_context())
    outbox.append(claim(queued_at=NOW - timedelta(seconds=50)))
    delivery = by(SENT)

    assert deliver_due(NO_DATABASE, delivery)["sent"] == 1
    assert messages(delivery)[0].sections[0].chart is not None


def test_it_does_not_wait_for_ever(outbox: list[Claim]) -> None:
    outbox.append(claim(queued_at=NOW - timedelta(seconds=60)))

    assert deliver_due(NO_DATABASE, by(SENT))["sent"] == 1


def test_an_unknown_one_is_sent_once_more_after_an_hour_and_then_left(
    outbox: list[Claim],
) -> None:
    outbox.extend([claim(), replace(claim(), unknown_at=NOW - timedelta(hours=1))])

    assert deliver_due(NO_DATABASE, by(UNKNOWN, UNKNOWN))["unknown"] == 2

    assert outbox[0].recorded == [("PENDING", timedelta(hours=1))]
    assert outbox[1].recorded == [("UNKNOWN", None)]


@pytest.mark.parametrize(
    ("answer", "recorded"),
    [
        (replace(REFUSED, closes_channel=True), ("PENDING", timedelta(seconds=30))),
        (replace(BUSY, address_is_gone=True), ("FAILED", None)),
    ],
    ids=["Keeper itself refused", "the address is gone"],
)
def test_what_an_answer_is_about_decides_whether_it_is_tried_again(
    outbox: list[Claim],
    answer: DeliveryResult,
    recorded: tuple[str, timedelta | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(record, "raise_alarms", lambda *_: None)
    outbox.append(claim())

    deliver_due(NO_DATABASE, by(answer))

    assert outbox[0].recorded == [recorded]


def test_the_reason_of_a_failure_quotes_no_secret() -> None:
    error = RuntimeError("POST https://hooks.example.org/T0/secret of pass-word\nfailed")

    assert reason_of(error, ("word", "pass-word")) == "RuntimeError: POST … of … failed"
    assert reason_of(ValueError()) == "ValueError"


def test_a_lease_is_longer_than_any_mail_server_may_take() -> None:
    assert timedelta(seconds=SmtpLimits().longest_s) < LEASE
