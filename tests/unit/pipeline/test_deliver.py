"""When a delivery is tried again, and when it is given up."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from keeper.domain.alerts import DeliveryResult, DeliveryStatus, PriceAlert
from keeper.pipeline import deliver
from keeper.pipeline.deliver import MAX_ATTEMPTS, deliver_due_alerts
from keeper.stores.postgres.connection import Connection

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SENT = DeliveryResult(DeliveryStatus.SENT, "accepted")
REFUSED = DeliveryResult(DeliveryStatus.FAILED, "550")
BUSY = DeliveryResult(DeliveryStatus.FAILED, "451", retry=True)
ABSENT = DeliveryResult(DeliveryStatus.NOT_CONFIGURED, "SMTP_HOST is not set")
NO_DATABASE = cast(Connection, None)


@dataclass
class Claim:
    """An alert of an outbox in memory, and what was settled of it."""

    alert: PriceAlert
    settled: list[tuple[str, timedelta | None]] = field(default_factory=list)

    def settle(self, channel: str, result: DeliveryResult, **outcome: Any) -> None:
        assert channel == "fake"
        assert outcome["seconds"] >= 0
        at = outcome["next_attempt_at"]
        self.settled.append((outcome["status"], None if at is None else at - outcome["now"]))


class Channel:
    """Answers from a list."""

    name = "fake"

    def __init__(self, *answers: DeliveryResult) -> None:
        self.answers = list(answers)

    def deliver(self, alert: PriceAlert) -> DeliveryResult:
        return self.answers.pop(0)


def claim(attempts: int = 0) -> Claim:
    return Claim(
        PriceAlert(
            alert_id=1,
            email="reader@example.org",
            asin="B000000001",
            domain="us",
            price_type="NEW",
            title=None,
            image_url=None,
            price_minor=900,
            shipping_minor=None,
            previous_price_minor=None,
            target_minor=1000,
            currency="USD",
            observed_at=NOW,
            checked_at=NOW,
            reason="at or below your target",
            source="keepa",
            attempts=attempts,
        )
    )


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> list[Claim]:
    """The alerts that are due, each claimed once."""
    due: list[Claim] = []
    waiting = iter(due)

    @contextmanager
    def claim_next(connection: Connection, now: datetime) -> Iterator[Claim | None]:
        assert now == NOW
        yield next(waiting, None)

    monkeypatch.setattr(deliver, "claim_next", claim_next)
    return due


@pytest.mark.parametrize(
    ("answer", "status"),
    [(SENT, "SENT"), (REFUSED, "FAILED"), (ABSENT, "NOT_CONFIGURED")],
    ids=["sent", "refused for good", "not configured"],
)
def test_a_final_answer_settles_the_alert(
    outbox: list[Claim], answer: DeliveryResult, status: str
) -> None:
    outbox.append(claim())

    counts = deliver_due_alerts(NO_DATABASE, Channel(answer), clock=lambda: NOW)

    assert counts == {"sent": 0, "failed": 0, "not_configured": 0} | {status.lower(): 1}
    assert outbox[0].settled == [(status, None)]


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 30), (1, 60), (2, 120), (5, 960), (6, 1920)],
    ids=["first", "second", "third", "sixth", "last but one"],
)
def test_a_passing_failure_waits_twice_as_long_each_time(
    outbox: list[Claim], attempts: int, seconds: int
) -> None:
    outbox.append(claim(attempts))

    deliver_due_alerts(NO_DATABASE, Channel(BUSY), clock=lambda: NOW)

    assert outbox[0].settled == [("PENDING", timedelta(seconds=seconds))]


def test_after_the_last_attempt_it_is_given_up(outbox: list[Claim]) -> None:
    outbox.append(claim(MAX_ATTEMPTS - 1))

    deliver_due_alerts(NO_DATABASE, Channel(BUSY), clock=lambda: NOW)

    assert outbox[0].settled == [("FAILED", None)]


def test_one_failure_does_not_keep_the_others_waiting(outbox: list[Claim]) -> None:
    outbox.extend(claim() for _ in range(3))

    counts = deliver_due_alerts(NO_DATABASE, Channel(SENT, BUSY, SENT), clock=lambda: NOW)

    assert counts == {"sent": 2, "failed": 1, "not_configured": 0}


def test_told_to_stop_it_ends_between_two_alerts(outbox: list[Claim]) -> None:
    outbox.extend(claim() for _ in range(3))

    counts = deliver_due_alerts(
        NO_DATABASE,
        Channel(SENT, SENT, SENT),
        clock=lambda: NOW,
        stopped=lambda: bool(outbox[0].settled),
    )

    assert counts["sent"] == 1
    assert outbox[1].settled == []
