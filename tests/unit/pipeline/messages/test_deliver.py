"""When a delivery is tried again, held, and given up."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

import pytest

from keeper.alerts.message import Message
from keeper.domain.messages.delivery_clock import DeliveryRules, HeldFor, Hold
from keeper.domain.messages.queue import ChannelKind, DeliveryResult, DeliveryStatus, QueuedAlert
from keeper.pipeline.messages import deliver
from keeper.pipeline.messages.deliver import GIVE_UP_AFTER, Delivery, deliver_due
from keeper.stores.postgres.connection import Connection
from tests.alerts import NO_STORY, a_story, queued

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SENT = DeliveryResult(DeliveryStatus.SENT, "accepted")
REFUSED = DeliveryResult(DeliveryStatus.FAILED, "550")
BUSY = DeliveryResult(DeliveryStatus.FAILED, "451", retry=True)
NO_DATABASE = cast(Connection, None)


@dataclass
class Claim:
    """A message of an outbox in memory, and what became of it."""

    message: QueuedAlert
    companions: Sequence[QueuedAlert] = ()
    sent: int = 0
    settled: list[tuple[str, timedelta | None]] = field(default_factory=list)
    held: list[Hold] = field(default_factory=list)
    cancelled: bool = False
    postponed: list[datetime] = field(default_factory=list)
    connection: Connection = NO_DATABASE

    def record_outcome(self, result: DeliveryResult, **outcome: Any) -> None:
        assert outcome["seconds"] >= 0
        at = outcome["next_attempt_at"]
        self.settled.append((outcome["status"], None if at is None else at - outcome["now"]))

    def sent_today(self, now: datetime) -> int:
        return self.sent

    def held_with(self, now: datetime) -> Sequence[QueuedAlert]:
        return self.companions

    def hold(self, hold: Hold) -> None:
        self.held.append(hold)

    def postpone(self, until: datetime) -> None:
        self.postponed.append(until)

    def cancel(self, now: datetime) -> None:
        self.cancelled = True


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


def how(*answers: DeliveryResult, jitter: float = 0.5, **more: Any) -> Delivery:
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
    waiting = iter(due)

    @contextmanager
    def claim_next(
        connection: Connection, now: datetime, closed: Sequence[str]
    ) -> Iterator[Claim | None]:
        assert now == NOW
        yield next(waiting, None)

    monkeypatch.setattr(deliver, "claim_next", claim_next)
    monkeypatch.setattr(deliver, "price_context_of", lambda connection, alert: NO_STORY)
    monkeypatch.setattr(deliver, "next_postponed", lambda connection, now: None)
    monkeypatch.setattr(deliver, "is_any_due", lambda connection, now: False)
    return due


@pytest.mark.parametrize(
    ("answer", "status"),
    [(SENT, "SENT"), (REFUSED, "FAILED")],
    ids=["sent", "refused for good"],
)
def test_a_final_answer_settles_the_message(
    outbox: list[Claim], answer: DeliveryResult, status: str
) -> None:
    outbox.append(claim())

    counts = deliver_due(NO_DATABASE, how(answer))

    none = {"sent": 0, "failed": 0, "not_configured": 0, "held": 0, "cancelled": 0}
    assert counts == none | {status.lower(): 1}
    assert outbox[0].settled == [(status, None)]


def test_a_channel_without_settings_is_not_configured(outbox: list[Claim]) -> None:
    outbox.append(claim())

    counts = deliver_due(NO_DATABASE, Delivery({}, clock=lambda: NOW))

    assert counts["not_configured"] == 1
    assert outbox[0].settled == [("NOT_CONFIGURED", None)]


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 30), (1, 60), (2, 120), (5, 960), (6, 1920), (7, 3600), (5000, 3600)],
)
def test_a_passing_failure_waits_twice_as_long_each_time(
    outbox: list[Claim], attempts: int, seconds: int
) -> None:
    outbox.append(claim(attempts=attempts))

    deliver_due(NO_DATABASE, how(BUSY))

    assert outbox[0].settled == [("PENDING", timedelta(seconds=seconds))]


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 24), (1.0, 36)])
def test_retries_of_many_fall_apart(outbox: list[Claim], jitter: float, seconds: int) -> None:
    outbox.append(claim())

    deliver_due(NO_DATABASE, how(BUSY, jitter=jitter))

    assert outbox[0].settled == [("PENDING", timedelta(seconds=seconds))]


def test_a_provider_that_names_a_time_is_asked_then(outbox: list[Claim]) -> None:
    outbox.append(claim())

    deliver_due(NO_DATABASE, how(replace(BUSY, retry_after_s=500)))

    assert outbox[0].settled == [("PENDING", timedelta(seconds=500))]


def test_after_three_days_of_trying_it_is_given_up(outbox: list[Claim]) -> None:
    outbox.append(claim(attempts=70, first_attempt_at=NOW - GIVE_UP_AFTER))
    outbox.append(claim(attempts=70, first_attempt_at=NOW - GIVE_UP_AFTER + timedelta(seconds=1)))

    deliver_due(NO_DATABASE, how(BUSY, BUSY))

    assert outbox[0].settled == [("FAILED", None)]
    assert outbox[1].settled == [("PENDING", timedelta(hours=1))]


def test_one_failure_does_not_keep_the_others_waiting(outbox: list[Claim]) -> None:
    outbox.extend(claim() for _ in range(3))

    counts = deliver_due(NO_DATABASE, how(SENT, BUSY, SENT))

    assert (counts["sent"], counts["failed"]) == (2, 1)


def test_told_to_stop_it_ends_between_two_messages(outbox: list[Claim]) -> None:
    outbox.extend(claim() for _ in range(3))

    counts = deliver_due(
        NO_DATABASE, how(SENT, SENT, SENT, stopped=lambda: bool(outbox[0].settled))
    )

    assert counts["sent"] == 1
    assert outbox[1].settled == []


def test_in_quiet_hours_it_is_held_and_not_tried(outbox: list[Claim]) -> None:
    quiet = DeliveryRules("UTC", time(22), time(7))
    outbox.append(claim(rules=quiet))
    delivery = how()

    assert deliver_due(NO_DATABASE, delivery)["held"] == 1

    assert outbox[0].held == [Hold(NOW + timedelta(hours=7), HeldFor.QUIET_HOURS)]
    assert messages(delivery) == []


def test_beyond_the_days_most_it_is_held(outbox: list[Claim]) -> None:
    outbox.append(replace(claim(rules=DeliveryRules(daily_cap=3)), sent=3))

    assert deliver_due(NO_DATABASE, how())["held"] == 1
    assert outbox[0].held[0].reason is HeldFor.DAILY_CAP


def test_what_was_held_goes_out_together(outbox: list[Claim]) -> None:
    held = claim(held_for="quiet hours")
    outbox.append(replace(held, companions=[queued(12, held_for="quiet hours", alert_id=8)]))
    delivery = how(SENT)

    assert deliver_due(NO_DATABASE, delivery)["sent"] == 2

    (message,) = messages(delivery)
    assert message.subject == "2 price alerts for 1 product"


def test_a_single_one_that_was_held_is_an_alert_like_any(outbox: list[Claim]) -> None:
    outbox.append(claim(held_for="quiet hours"))
    delivery = how(SENT)

    deliver_due(NO_DATABASE, delivery)

    assert messages(delivery)[0].key == "alert-7"


def test_what_nobody_wants_any_more_is_cancelled(outbox: list[Claim]) -> None:
    outbox.append(claim(is_wanted=False))

    assert deliver_due(NO_DATABASE, how())["cancelled"] == 1
    assert outbox[0].cancelled


def test_an_alert_of_a_first_check_waits_a_moment_for_the_products_past(
    outbox: list[Claim],
) -> None:
    outbox.append(claim(queued_at=NOW - timedelta(seconds=50)))
    delivery = how(SENT)

    counts = deliver_due(NO_DATABASE, delivery)
    assert set(counts.values()) == {0}
    assert outbox[0].postponed == [NOW + timedelta(seconds=3)]


def test_once_the_past_is_there_it_is_sent_with_a_chart(
    outbox: list[Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "price_context_of", lambda connection, alert: a_story())
    outbox.append(claim(queued_at=NOW - timedelta(seconds=50)))
    delivery = how(SENT)

    assert deliver_due(NO_DATABASE, delivery)["sent"] == 1
    assert messages(delivery)[0].sections[0].chart is not None


def test_it_does_not_wait_for_ever(outbox: list[Claim]) -> None:
    outbox.append(claim(queued_at=NOW - timedelta(seconds=60)))

    assert deliver_due(NO_DATABASE, how(SENT))["sent"] == 1
