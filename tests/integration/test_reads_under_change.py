"""No read is wrong or old: random updates and many readers, while parts are killed in turn.

A read is old by the time since the value it shows was replaced; the one that writes knows when.
What is kept is believed for a second here, so that the parts need not be away for long.
"""

import logging
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from keeper.console.cache.reads import ReadCache
from keeper.console.cache.trust import TRUSTED_S
from keeper.domain.users.access import Scope
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.streams.config import KafkaConfig
from tests.console_server import ANN, Console
from tests.redis_server import RedisServer
from tests.relaying import caching_console, quick, relaying, trusted
from tests.services import Stack
from tests.stored_prices import store_current_price
from tests.waiting import wait_until

pytestmark = pytest.mark.services
_LOG = logging.getLogger(__name__)
AT = datetime(2026, 3, 1, tzinfo=UTC)
ASINS = [f"B00000000{number}" for number in range(8)]


@dataclass
class Written:
    """What was written: each price of a product, and when it was replaced."""

    replaced: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    current: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ASINS, 1))

    def replace(self, asin: str, price: int) -> None:
        # The commit was a moment before.
        self.replaced[asin][self.current[asin]] = time.monotonic()
        self.current[asin] = price

    def age_of(self, asin: str, price: int, asked_at: float) -> float:
        """Return for how long a price had been replaced when it was asked for, in seconds."""
        return asked_at - self.replaced[asin].get(price, asked_at)


@dataclass
class Readings:
    """What readers saw."""

    count: int = 0
    oldest: float = 0.0
    wrong: list[Any] = field(default_factory=list)


@contextmanager
def reading(
    console: Console, written: Written, *, readers: int
) -> Iterator[Callable[[], Readings]]:
    """Read random products in threads for the block; yields what gives the readings since."""
    stopping, lock, readings = threading.Event(), threading.Lock(), [Readings()]
    token = console.token(ANN, Scope.PRICES_READ)

    def read(seed: int) -> None:
        dice = random.Random(seed)
        headers, seen = {"Authorization": f"Bearer {token}"}, dict.fromkeys(ASINS, 0)
        with httpx.Client(base_url=console.url, headers=headers, timeout=60) as client:
            while not stopping.is_set():
                asin = dice.choice(ASINS)
                asked_at = time.monotonic()
                answer = client.get(f"/api/v1/prices/{asin}")
                price = 0
                if answer.status_code == 200:
                    price = answer.json()["prices"][0]["amount"]["minor"]
                with lock:
                    now = readings[0]
                    now.count += 1
                    now.oldest = max(now.oldest, written.age_of(asin, price, asked_at))
                    # What a reader has seen is followed by nothing older, whatever goes on.
                    if not max(seen[asin], 1) <= price <= written.current[asin] + 1:
                        now.wrong.append((asin, price, seen[asin], answer.text))
                seen[asin] = price

    def take() -> Readings:
        with lock:
            taken, readings[0] = readings[0], Readings()
            return taken

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(readers)]
    for thread in threads:
        thread.start()
    try:
        yield take
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


@contextmanager
def writing(database: PostgresConfig, written: Written) -> Iterator[None]:
    """Update a random product some hundred times a second, for the block."""
    stopping = threading.Event()

    def write() -> None:
        dice = random.Random(7)
        with session(database) as connection:
            while not stopping.is_set():
                asin = dice.choice(ASINS)
                price = written.current[asin] + 1
                connection.execute(
                    "UPDATE price_series SET price_minor = %s WHERE asin = %s", (price, asin)
                )
                written.replace(asin, price)
                stopping.wait(0.005)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def prepare(connection: Connection) -> None:
    for asin in ASINS:
        store_current_price(connection, asin, at=AT, price=1)
        connection.execute(
            "INSERT INTO products (asin, domain, source, described_at)"
            " VALUES (%s, 'us', 'keepa', now())",
            (asin,),
        )


def validate(take: Callable[[], Readings], part: str, most_s: float) -> None:
    """Look at what was read since the last look."""
    found = take()
    _LOG.info("%s: %d reads, the oldest %.3f s", part, found.count, found.oldest)
    assert found.wrong == []
    assert found.count > 0
    assert found.oldest <= most_s, part


def test_reads_follow_updates_while_the_relay_and_redis_are_killed(
    database: PostgresConfig,
    connection: Connection,
    kafka: KafkaConfig,
    topic: str,
    redis_server: RedisServer,
) -> None:
    prepare(connection)
    written = Written()
    with ExitStack() as running:
        relay = running.enter_context(ExitStack())
        relay.enter_context(relaying(quick(database, kafka, topic)))
        console, cache = running.enter_context(
            caching_console(database, connection, kafka, topic, redis=redis_server.url, trusted_s=1)
        )
        trusted(cache)
        take = running.enter_context(reading(console, written, readers=3))
        running.enter_context(writing(database, written))
        time.sleep(1)  # some hundred updates
        validate(take, "all run", 1.5)
        redis_server.kill()
        time.sleep(0.5)
        redis_server.start()
        assert cache.shared is not None
        wait_until(lambda: cache.shared and cache.shared.is_believed, "Redis is believed again")
        validate(take, "Redis is killed", 1.5)
        relay.close()
        wait_until(lambda: not cache.trust, "the console misses heartbeats")
        validate(take, "the relay is gone", 1.5)
        running.enter_context(relaying(quick(database, kafka, topic)))
        trusted(cache)
        time.sleep(0.5)  # some more
        validate(take, "all run again", 1.5)


@pytest.mark.nightly
def test_ten_thousand_updates_while_every_part_is_killed(
    database: PostgresConfig,
    connection: Connection,
    stack: Stack,
    kafka: KafkaConfig,
    topic: str,
    redis_server: RedisServer,
) -> None:
    prepare(connection)
    written = Written()
    with ExitStack() as running:
        relay = running.enter_context(ExitStack())
        relay.enter_context(relaying(quick(database, kafka, topic), again=True))
        console, cache = running.enter_context(
            caching_console(database, connection, kafka, topic, redis=redis_server.url)
        )
        trusted(cache)
        take = running.enter_context(reading(console, written, readers=8))
        running.enter_context(writing(database, written))

        def pass_updates(number: int) -> None:
            enough = sum(written.current.values()) + number
            wait_until(lambda: sum(written.current.values()) >= enough, "updates")

        pass_updates(2_000)
        validate(take, "all run", 2)
        redis_server.kill()
        pass_updates(2_000)
        redis_server.start()
        pass_updates(1_000)
        validate(take, "Redis is killed", TRUSTED_S + 1)
        with stack.without("kafka"):
            wait_until(lambda: not cache.trust, "the console misses heartbeats")
            pass_updates(1_000)
        trusted(cache)
        validate(take, "Kafka is stopped", TRUSTED_S + 1)
        relay.close()
        wait_until(lambda: not cache.trust, "the console misses heartbeats")
        pass_updates(1_000)
        running.enter_context(relaying(quick(database, kafka, topic), again=True))
        trusted(cache)
        validate(take, "the relay is gone", TRUSTED_S + 1)
        pass_updates(3_000)
        validate(take, "all run again", 2)
        assert _is_answering(cache)


def _is_answering(cache: ReadCache) -> bool:
    return bool(cache.trust) and cache.shared is not None and cache.shared.is_believed
