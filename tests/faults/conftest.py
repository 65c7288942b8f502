"""What loading leaves when nothing goes wrong, found out once for all tests."""

import uuid
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from confluent_kafka.admin import AdminClient
from elasticsearch import Elasticsearch

from keeper.stores.elasticsearch import deal_index, price_index, record_index
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_admin import PARTITIONS, make_topics
from keeper.streams.topics import topics_to_make
from tests.databases import Databases
from tests.faults.loading import State, finish, job_for, publish, state_of, watch_all
from tests.services import Stack, remove_alias
from tests.waiting import wait_until


@pytest.fixture
def partitions() -> int:
    """As many as Keeper's own topics: workers share them."""
    return PARTITIONS


@pytest.fixture(scope="session")
def undisturbed(stack: Stack, databases: Databases) -> Callable[[int], State]:
    """Loads the first so many events in peace and returns what that leaves."""
    kafka = KafkaConfig(stack["KAFKA_BOOTSTRAP_SERVERS"])

    @cache
    def load(events: int) -> State:
        topic = f"test-{uuid.uuid4().hex}"
        make_topics(kafka.admin(), (topic,))
        publish(kafka, topic, events)
        with databases.lent() as database:
            finish(job_for(kafka, topic, watch_all(database)))
            return state_of(database)

    return load


@pytest.fixture
def empty_stores(search: Elasticsearch, admin: AdminClient) -> Iterator[None]:
    """Leave nothing of Keeper's own topics and indices, before and after."""

    def clear() -> None:
        aliases = (
            *(price_index.PRICES_ALIAS, deal_index.DEALS_ALIAS),
            *(record_index.TOKENS_ALIAS, record_index.RUNS_ALIAS),
        )
        for alias in aliases:
            if search.indices.exists_index_template(name=alias):
                remove_alias(search, alias)
        there_are = admin.list_topics(timeout=10).topics
        mine = [topic for topic in topics_to_make() if topic in there_are]
        for future in admin.delete_topics(mine).values() if mine else ():
            future.result()
        wait_until(
            lambda: not admin.list_topics(timeout=10).topics.keys() & set(mine),
            "topics are gone",
        )

    clear()
    yield
    clear()
