"""What loading leaves when nothing goes wrong, found out once for all tests."""

import uuid
from collections.abc import Callable
from functools import cache

import pytest

from keeper.streams.config import KafkaConfig
from keeper.streams.topic_admin import PARTITIONS, make_topics
from tests.databases import Databases
from tests.faults.loading import State, finish, job_for, publish, state_of, watch_all
from tests.services import Stack


@pytest.fixture
def partitions() -> int:
    """As many as Keeper's own topics: workers share them."""
    return PARTITIONS


@pytest.fixture(scope="session")
def undisturbed(stack: Stack, databases: Databases) -> Callable[[int], State]:
    """Loads the first so many events in peace and tells what that leaves."""
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
