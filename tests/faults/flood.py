"""Very many alerts at once, for a provider that takes thirty a second and one for each chat."""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from keeper.alerts.message import Message
from keeper.domain.messages.queue import Address, ChannelKind, DeliveryResult, DeliveryStatus
from keeper.domain.watches.watch import Watch
from keeper.pipeline.messages.deliver import Delivery, deliver_due
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.messages.channels import save_channel, set_channel_active
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.outbox import Clock
from tests.price_events import price_event

WATCHES = 20


@dataclass
class StrictProvider:
    """Refuses what comes too soon, as Telegram does, and names when to come back."""

    clock: Clock
    taken: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    last: dict[str, datetime] = field(default_factory=dict)
    second: list[datetime] = field(default_factory=list)

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        now = self.clock()
        self.second = [at for at in self.second if now - at < timedelta(seconds=1)]
        is_soon = now - self.last.get(address, now - timedelta(days=1)) < timedelta(seconds=1)
        if is_soon or len(self.second) >= 30:
            self.refused += 1
            return DeliveryResult(DeliveryStatus.FAILED, "429", retry=True, retry_after_s=3)
        self.second.append(now)
        self.last[address] = now
        self.taken[message.key] += 1
        return DeliveryResult(DeliveryStatus.SENT, "taken")


def flood(connection: Connection, database: PostgresConfig, users: int) -> None:
    """Raise twenty alerts for each user at once and see them delivered, each once."""
    asins = [f"B{number:09d}" for number in range(WATCHES)]
    with connection.transaction():
        for user in range(users):
            email = f"reader{user}@example.org"
            save_watches(connection, email, [Watch(asin, "us", "NEW", 1000) for asin in asins])
            save_channel(connection, email, Address(ChannelKind.TELEGRAM, str(user)))
            set_channel_active(connection, email, Address(ChannelKind.EMAIL, email), active=False)
    with closing(PriceWriter(database)) as writer:
        events = [price_event(900, asin=asin) for asin in asins]
        assert writer.store(events).alerts == users * WATCHES
    clock = Clock()
    started = clock.now
    provider = StrictProvider(clock)
    delivery = Delivery(
        {ChannelKind.TELEGRAM: provider}, clock=clock, wait=clock.wait, timeout_s=86_400
    )

    counts = deliver_due(connection, delivery)

    assert counts["sent"] == users * WATCHES
    assert len(provider.taken) == users * WATCHES
    assert set(provider.taken.values()) == {1}
    assert provider.refused == 0
    # Twenty-five a second, as Telegram asks of bots.
    assert clock.now - started < timedelta(seconds=users * WATCHES / 25 + 60)
