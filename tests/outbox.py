"""An outbox with alerts in it, and deliverers whose clock only waiting moves."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keeper.alerts.channels.email import EmailChannel
from keeper.alerts.channels.smtp import SmtpConfig
from keeper.alerts.message import Message
from keeper.domain.messages.queue import ChannelKind, DeliveryResult, DeliveryStatus
from keeper.domain.watches.watch import Watch
from keeper.pipeline.messages.deliver import Channel, Delivery
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.price_events import price_event
from tests.services import free_port

SENT = DeliveryResult(DeliveryStatus.SENT, "accepted")
UNKNOWN = DeliveryResult(DeliveryStatus.UNKNOWN, "connection lost after the body")
BUSY = DeliveryResult(DeliveryStatus.FAILED, "451 later", retry=True)
Answer = DeliveryResult | Exception | Callable[[], DeliveryResult]
READER = "reader@example.org"
NOW = datetime(2100, 1, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that only waiting moves."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def by_mail(channel: Channel, clock: Clock | None = None, **more: Any) -> Delivery:
    clock = clock or Clock()
    return Delivery(
        {ChannelKind.EMAIL: channel}, clock=clock, wait=clock.wait, jitter=lambda: 0.5, **more
    )


class Scripted:
    """A channel that answers from a list, the last answer again and again, and keeps messages.

    An answer may be a result, an exception it raises, or what is called and gives the result.
    """

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.received: list[tuple[str, Message]] = []

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        self.received.append((address, message))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, DeliveryResult) else answer()

    @property
    def keys(self) -> list[str]:
        return [message.key for _, message in self.received]


def nobody() -> EmailChannel:
    config = SmtpConfig("127.0.0.1", free_port(), "keeper@example.org", tls="none")
    return EmailChannel(config)


@pytest.fixture
def raise_alerts(database: PostgresConfig, connection: Connection) -> Iterator[Callable[..., None]]:
    writer = PriceWriter(database)

    def raise_them(count: int, *, hour: int = 0, user: str = READER) -> None:
        asins = [f"B{number:09d}" for number in range(100 * hour, 100 * hour + count)]
        save_watches(connection, user, [Watch(asin, "us", "NEW", 1000) for asin in asins])
        dear = [price_event(5000, asin=asin, hour=hour - 1) for asin in asins]
        assert writer.store(dear).alerts == 0
        events = [price_event(900, asin=asin, hour=hour) for asin in asins]
        assert writer.store(events).alerts == count

    yield raise_them
    writer.close()


def statuses(connection: Connection) -> list[tuple[str, str, int]]:
    rows = connection.execute(
        "SELECT a.status, d.status AS delivery, d.attempt FROM price_alerts a"
        " JOIN alert_deliveries d USING (alert_id) ORDER BY alert_id, d.delivery_id"
    )
    return [(row["status"], row["delivery"], row["attempt"]) for row in rows]


def outbox(connection: Connection) -> list[tuple[str, str | None]]:
    rows = connection.execute("SELECT status, held_for FROM outbox ORDER BY message_id")
    return [(row["status"], row["held_for"]) for row in rows]
