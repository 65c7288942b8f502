"""Killing a worker anywhere in its work changes nothing in the result."""

import random
import signal
import uuid
from collections.abc import Callable

import pytest
from elasticsearch import Elasticsearch

from keeper.stores.postgres.connection import PostgresConfig
from keeper.streams.config import KafkaConfig
from tests.faults.loader import Job
from tests.faults.loading import (
    behind,
    changed,
    finish,
    job_for,
    points,
    publish,
    start,
    state_of,
    wait_until,
    watch_all,
)
from tests.services import Stack

pytestmark = pytest.mark.timeout(300)

EVENTS = 6_000
BATCHES_BEFORE_DEATH = (1, 3, 7)


@pytest.mark.parametrize("point", ["poll", "copy", "commit", "offsets"])
def test_a_loader_killed_at_any_point_loses_and_doubles_nothing(
    kafka: KafkaConfig, topic: str, make_database: Callable[[], PostgresConfig], point: str
) -> None:
    offsets = publish(kafka, topic, EVENTS)
    undisturbed, disturbed = watch_all(make_database()), watch_all(make_database())
    finish(job_for(kafka, topic, undisturbed))
    job = job_for(kafka, topic, disturbed)

    for batch in BATCHES_BEFORE_DEATH:
        before = points(disturbed), behind(kafka, job, offsets)
        killed = start(changed(job, die_at=point, die_in_batch=batch))
        assert killed.wait(60) == -signal.SIGKILL, "it ended before it could be killed"
        after = points(disturbed), behind(kafka, job, offsets)
        if batch > 1:
            assert after[0] > before[0], "killed without progress"
        if point == "offsets":
            # What was stored last is not committed: it comes again.
            assert after[0] + after[1] > EVENTS
    finish(job)

    assert behind(kafka, job, offsets) == 0
    history, _, _, alerts = state_of(undisturbed)
    assert len(history) == EVENTS
    assert alerts
    assert state_of(disturbed) == state_of(undisturbed)


def test_a_loader_killed_at_random_loses_and_doubles_nothing(
    kafka: KafkaConfig, topic: str, make_database: Callable[[], PostgresConfig]
) -> None:
    offsets = publish(kafka, topic, EVENTS)
    undisturbed, disturbed = watch_all(make_database()), watch_all(make_database())
    finish(job_for(kafka, topic, undisturbed))
    job = job_for(kafka, topic, disturbed)
    chance = random.Random(5)

    kills = kill_after_progress(
        kafka, job, offsets, times=3, progress=lambda: chance.randrange(100, 1_000)
    )

    assert kills == 3, "the loader was done before it could be killed"
    assert state_of(disturbed) == state_of(undisturbed)


def test_killing_the_indexer_changes_nothing(
    kafka: KafkaConfig, topic: str, search: Elasticsearch, alias: str, stack: Stack
) -> None:
    offsets = publish(kafka, topic, EVENTS)
    job = Job(
        brokers=kafka.bootstrap_servers,
        topic=topic,
        group=f"faults-{uuid.uuid4().hex}",
        instance="a",
        search=stack["ELASTICSEARCH_URL"],
        alias=alias,
    )

    kills = kill_after_progress(kafka, job, offsets, times=2, progress=lambda: 500)

    assert kills == 2, "the indexer was done before it could be killed"
    search.indices.refresh(index=alias)
    assert search.count(index=alias)["count"] == EVENTS


def kill_after_progress(
    kafka: KafkaConfig,
    job: Job,
    offsets: dict[int, int],
    *,
    times: int,
    progress: Callable[[], int],
) -> int:
    """Load everything, killing the worker each time it has moved on so far; count the kills."""
    kills = 0
    for _ in range(times):
        wanted = behind(kafka, job, offsets) - progress()
        worker = start(changed(job, until_idle=False))
        wait_until(
            lambda wanted=wanted: behind(kafka, job, offsets) <= wanted,  # type: ignore[misc]  # a default binds it
            what="progress",
        )
        worker.send_signal(signal.SIGKILL)
        worker.wait(20)
        kills += behind(kafka, job, offsets) > 0
    finish(job)
    assert behind(kafka, job, offsets) == 0
    return kills
