"""Fifty kills while half a million messages come: `make test-faults`, some minutes long."""

import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from keeper.stores.postgres.connection import PostgresConfig
from keeper.streams.config import KafkaConfig
from keeper.streams.groups.offsets import committed
from keeper.streams.topic_admin import PARTITIONS
from tests.faults.loader import Job
from tests.faults.loading import (
    behind,
    changed,
    finish,
    job_for,
    publish,
    start,
    state_of,
    watch_all,
)
from tests.waiting import HUNG_AFTER_S, wait_until

pytestmark = pytest.mark.timeout(3_000)

EVENTS = 500_000
PART = 2_500
PARTS_PER_S = 1.5
KILLS = 50


def test_fifty_random_kills_lose_and_double_nothing(
    kafka: KafkaConfig, topic: str, make_database: Callable[[], PostgresConfig]
) -> None:
    undisturbed, disturbed = watch_all(make_database()), watch_all(make_database())
    job = changed(job_for(kafka, topic, disturbed), batch=2_000)
    chance = random.Random(50)
    stopping = threading.Event()

    with ThreadPoolExecutor(1) as pool:
        published = pool.submit(publish_paced, kafka, topic, stopping)
        try:
            for number in range(KILLS):
                wanted = read(kafka, job) + chance.randrange(500, 8_000)
                worker = start(changed(job, until_idle=False))
                wait_until(
                    lambda wanted=wanted: read(kafka, job) >= wanted,  # type: ignore[misc]  # a default binds it
                    f"progress before kill {number + 1}",
                )
                worker.send_signal(signal.SIGKILL)
                worker.wait(HUNG_AFTER_S)
        finally:
            stopping.set()
        offsets = published.result()

    finish(job)
    finish(changed(job_for(kafka, topic, undisturbed), batch=32_000))

    assert behind(kafka, job, offsets) == 0
    history, current, watches, alerts = state_of(undisturbed)
    assert len(history) == EVENTS
    assert alerts
    assert state_of(disturbed) == [history, current, watches, alerts]


def publish_paced(kafka: KafkaConfig, topic: str, stopping: threading.Event) -> dict[int, int]:
    """Publish all events, slowly until asked to hurry; return how far partitions came."""
    reached: dict[int, int] = {}
    began = time.monotonic()
    for number, first in enumerate(range(0, EVENTS, PART)):
        stopping.wait(max(began + number / PARTS_PER_S - time.monotonic(), 0))
        reached |= publish(kafka, topic, PART, first=first)
    return reached


def read(kafka: KafkaConfig, job: Job) -> int:
    """Return how many messages the group has committed."""
    return sum(committed(kafka, job.group, {job.topic: PARTITIONS}).values())
