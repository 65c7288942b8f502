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
    State,
    behind,
    changed,
    finish,
    job_for,
    points,
    publish,
    start,
    state_of,
    watch_all,
)
from tests.services import Stack
from tests.waiting import HUNG_AFTER_S, wait_until

EVENTS = 6_000
BATCHES_BEFORE_DEATH = (1, 3, 7)


@pytest.mark.parametrize("point", ["poll", "copy", "commit", "offsets"])
def test_a_loader_killed_at_any_point_loses_and_doubles_nothing(
    kafka: KafkaConfig,
    topic: str,
    database: PostgresConfig,
    undisturbed: Callable[[int], State],
    point: str,
) -> None:
    offsets = publish(kafka, topic, EVENTS)
    disturbed = watch_all(database)
    job = job_for(kafka, topic, disturbed)

    for batch in BATCHES_BEFORE_DEATH:
        before = points(disturbed), behind(kafka, job, offsets)
        killed = start(changed(job, die_at=point, die_in_batch=batch))
        assert killed.wait(HUNG_AFTER_S) == -signal.SIGKILL, "it ended before it could be killed"
        after = points(disturbed), behind(kafka, job, offsets)
        if batch > 1:
            assert after[0] > before[0], "killed without progress"
        if point == "offsets":
            # What was stored last is not committed: it comes again.
            assert after[0] + after[1] > EVENTS
    finish(job)

    assert behind(kafka, job, offsets) == 0
    expected = undisturbed(EVENTS)
    history, _, _, alerts = expected
    assert len(history) == EVENTS
    assert alerts
    assert state_of(disturbed) == expected


def test_a_loader_killed_at_random_loses_and_doubles_nothing(
    kafka: KafkaConfig,
    topic: str,
    database: PostgresConfig,
    undisturbed: Callable[[int], State],
) -> None:
    offsets = publish(kafka, topic, EVENTS)
    disturbed = watch_all(database)
    job = job_for(kafka, topic, disturbed)
    chance = random.Random(5)

    kills = kill_after_progress(
        kafka, job, offsets, times=3, progress=lambda: chance.randrange(100, 1_000)
    )

    assert kills == 3, "the loader was done before it could be killed"
    assert state_of(disturbed) == undisturbed(EVENTS)


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
            "progress",
        )
        worker.send_signal(signal.SIGKILL)
        worker.wait(HUNG_AFTER_S)
        kills += behind(kafka, job, offsets) > 0
    finish(job)
    assert behind(kafka, job, offsets) == 0
    return kills
