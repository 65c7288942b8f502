"""Elasticsearch as a mirror of PostgreSQL: what the tests of it share."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from keeper.domain.prices.events import PriceEvent
from keeper.pipeline.search.mirrors import PRICES, Feed, Mirror
from keeper.pipeline.search.rebuild import Rebuilt, rebuild_search
from keeper.pipeline.search.reconcile import Reconciled, reconcile
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.streams.codec import encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from keeper.streams.topics import PRICE_UPDATES
from tests.price_events import START, price_event

LATER = START + timedelta(days=30)
HISTORY = [
    price_event(
        None if hour % 5 == 0 else 1000 + 10 * number + hour,
        hour=hour,
        check=hour + 2,
        asin=f"B{number:09d}",
        domain=("us", "de", "jp")[number % 3],
        price_type="BUY_BOX_SHIPPING" if number % 4 == 0 else "NEW",
        shipping=399 if number % 4 == 0 and hour % 5 else None,
        implausible=(number, hour) == (1, 24),
    )
    for number in range(12)
    for hour in range(0, 96, 8)
]


@pytest.fixture
def mirror(alias: str, topic: str) -> Mirror:
    """Prices in an index and a topic of the test's own."""
    return replace(PRICES, alias=alias, topics={topic: feed_like(PRICES, PRICE_UPDATES)})


@pytest.fixture
def store(database: PostgresConfig) -> Iterator[Callable[[Sequence[PriceEvent]], object]]:
    with closing(PriceWriter(database)) as writer:
        yield writer.store


@pytest.fixture
def publish(kafka: KafkaConfig, topic: str) -> Callable[[Sequence[PriceEvent]], None]:
    def send(events: Sequence[PriceEvent]) -> None:
        with EventProducer(kafka) as producer:
            producer.send_all(
                topic, ((event.asin.encode(), encode_price_event(event)) for event in events)
            )

    return send


def feed_like(mirror: Mirror, topic: str) -> Feed:
    """Return the feed of a topic with a loader's and an indexer's group of the test's own."""
    name = uuid.uuid4().hex
    return mirror.topics[topic]._replace(groups=(f"loader-{name}", f"indexer-{name}"))


def documents(search: Elasticsearch, alias: str) -> dict[str, dict[str, Any]]:
    """Return every document by its id, without what PostgreSQL does not keep of a check."""
    search.indices.refresh(index=alias)
    hits = search.search(index=alias, size=5000)["hits"]["hits"]
    left_out = {"run_id", "previous_price", "price_change", "filter_id", "filter"}
    return {
        hit["_id"]: {k: v for k, v in hit["_source"].items() if k not in left_out} for hit in hits
    }


def rebuild(
    database: PostgresConfig, search: Elasticsearch, kafka: KafkaConfig, mirror: Mirror, **how: Any
) -> Rebuilt:
    with session(database) as connection:
        return rebuild_search(connection, search, kafka, mirror, **how)


def compare(
    connection: Connection, search: Elasticsearch, mirror: Mirror, **how: Any
) -> Reconciled:
    return reconcile(connection, search, mirror, **{"at": LATER, **how})
