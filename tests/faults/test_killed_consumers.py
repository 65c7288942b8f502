"""Killing a loader in the middle of its work changes nothing in the result."""

import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import closing

import pytest
from elasticsearch import Elasticsearch

from keeper.domain.watches import Watch
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.watch_list import save_watches
from keeper.streams.codec import encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.offsets import GroupProgress
from keeper.streams.producer import EventProducer
from tests.price_events import price_event
from tests.services import Stack

pytestmark = pytest.mark.timeout(300)

EVENTS = 6_000
ASINS = [f"B{number:09d}" for number in range(150)]
LOADER = """
import sys
from keeper.pipeline.load_events import price_consumer
from keeper.stores.elasticsearch.connection import ElasticsearchConfig
from keeper.stores.elasticsearch.price_index import PriceIndex
from keeper.stores.postgres.connection import PostgresConfig
from keeper.stores.postgres.price_writer import PriceWriter
from keeper.streams.config import KafkaConfig
from keeper.streams.consumer import BatchPolicy

brokers, topic, group, kind, *where = sys.argv[1:]
if kind == "postgres":
    store = PriceWriter(PostgresConfig(where[0]))
else:
    store = PriceIndex(ElasticsearchConfig(where[0]).client(), where[1])
price_consumer(
    KafkaConfig(brokers), store, group=group, topic=topic, on_cycle=lambda: None,
    policy=BatchPolicy(max_messages=100),
).run(until_idle=sys.stdin.readline() == "until idle\\n")
"""


def publish(kafka: KafkaConfig, topic: str) -> dict[int, int]:
    chance = random.Random(11)
    with EventProducer(kafka) as producer:
        for number in range(EVENTS):
            event = price_event(
                chance.choice([None, 900, 990, 1005, 1100, 1500]),
                hour=number // len(ASINS),
                asin=ASINS[number % len(ASINS)],
            )
            producer.send(topic, event.asin.encode(), encode_price_event(event))
        producer.flush()
        return producer.reached(topic)


def start(words: list[str], *, until_idle: bool) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", LOADER, *words], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"until idle\n" if until_idle else b"for ever\n")
    process.stdin.close()
    return process


def load_with_kills(
    kafka: KafkaConfig, topic: str, group: str, offsets: dict[int, int], words: list[str]
) -> int:
    """Load everything, killing the loader each time it has moved on; return the number of kills."""

    def behind() -> int:
        with closing(GroupProgress(kafka, topic=topic, group=group)) as progress:
            return sum(progress.lag_behind(offsets).values())

    kills = 0
    while kills < 2:
        before = behind()
        loader = start(words, until_idle=False)
        while behind() == before:
            assert loader.poll() is None, "the loader ended by itself"
            time.sleep(0.02)  # between two looks at another process; there is nothing to wait on
        loader.send_signal(signal.SIGKILL)
        loader.wait(timeout=20)
        if behind():
            kills += 1
        else:
            break
    assert start(words, until_idle=True).wait(timeout=120) == 0
    assert behind() == 0
    return kills


def state_of(database: PostgresConfig) -> list[list[dict[str, object]]]:
    queries = (
        "SELECT * FROM price_history ORDER BY asin, observed_at",
        "SELECT * FROM current_prices ORDER BY asin",
        "SELECT w.asin, a.price_minor, a.checked_at, a.reason FROM price_alerts a"
        " JOIN watched_products w USING (watch_id) ORDER BY w.asin, a.checked_at",
    )
    with session(database) as connection:
        return [connection.execute(query).fetchall() for query in queries]


def test_killing_the_postgres_loader_changes_nothing(
    kafka: KafkaConfig,
    topic: str,
    make_database: Callable[[], PostgresConfig],
) -> None:
    offsets = publish(kafka, topic)
    undisturbed, disturbed = make_database(), make_database()
    for database in (undisturbed, disturbed):
        with session(database) as connection:
            save_watches(
                connection, "reader@example.org", [Watch(a, "us", "NEW", 1000) for a in ASINS]
            )
    words = [kafka.bootstrap_servers, topic]
    calm = [*words, f"calm-{uuid.uuid4().hex}", "postgres", undisturbed.url]
    assert start(calm, until_idle=True).wait(timeout=120) == 0

    group = f"killed-{uuid.uuid4().hex}"
    stormy = [*words, group, "postgres", disturbed.url]
    kills = load_with_kills(kafka, topic, group, offsets, stormy)

    assert kills > 0, "the loader was never killed in the middle"
    history, _, alerts = state_of(undisturbed)
    assert len(history) == EVENTS
    assert alerts
    assert state_of(disturbed) == state_of(undisturbed)


def test_killing_the_indexer_changes_nothing(
    kafka: KafkaConfig,
    topic: str,
    search: Elasticsearch,
    alias: str,
    stack: Stack,
) -> None:
    offsets = publish(kafka, topic)
    group = f"killed-{uuid.uuid4().hex}"
    words = [kafka.bootstrap_servers, topic, group, "search", stack["ELASTICSEARCH_URL"], alias]

    kills = load_with_kills(kafka, topic, group, offsets, words)

    assert kills > 0, "the indexer was never killed in the middle"
    search.indices.refresh(index=alias)
    assert search.count(index=alias)["count"] == EVENTS
