"""A broker that is frozen while a worker commits: nothing fails, and nothing answers."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from confluent_kafka import TopicPartition

from keeper.domain.prices.events import PriceEvent
from keeper.errors import TransientError
from keeper.streams.closing import close_within
from keeper.streams.codec import decode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.consumers.batch import BatchPolicy
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.groups.commits import commit_for
from keeper.streams.groups.consumers import group_consumer
from keeper.streams.groups.offsets import committed
from keeper.streams.groups.progress import GroupProgress
from tests.faults.loading import publish
from tests.services import stack_home
from tests.waiting import HUNG_AFTER_S, wait_until

LIMIT_S = 1.0
EVENTS = 300


@contextmanager
def frozen_kafka() -> Iterator[None]:
    """Freeze the broker for the block: its connections stay, and nobody answers."""
    command = [sys.executable, "-m", "supervisor.supervisorctl"]
    settings = ["-c", str(stack_home() / "supervisord.conf")]
    asked = [*command, *settings, "pid", "kafka"]
    pid = int(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Worker:
    """A consumer whose store lets a batch go when the test says so."""

    def __init__(self, kafka: KafkaConfig, topic: str) -> None:
        self.stored: list[PriceEvent] = []
        self.beats: list[float] = []
        self.is_storing = threading.Event()
        self.may_store = threading.Event()
        self.consumer: BatchConsumer[PriceEvent] = BatchConsumer(
            kafka,
            topic=topic,
            group=f"test-{uuid.uuid4().hex}",
            decode=decode_price_event,
            handle=self._store,
            on_cycle=lambda: self.beats.append(time.monotonic()),
            policy=BatchPolicy(max_messages=100, first_backoff_s=0.1, commit_limit_s=LIMIT_S),
        )

    def _store(self, events: Sequence[PriceEvent]) -> None:
        self.is_storing.set()
        assert self.may_store.wait(HUNG_AFTER_S)
        self.stored += events

    def waits_for_commit(self) -> bool:
        return "commit" in self.consumer.metrics.waits.by_part()


def test_a_commit_a_frozen_broker_does_not_answer_holds_nobody_up(
    kafka: KafkaConfig, topic: str
) -> None:
    offsets = publish(kafka, topic, EVENTS)
    worker = Worker(kafka, topic)

    def behind() -> int:
        with closing(GroupProgress(kafka, topic=topic, group=worker.consumer._group)) as progress:
            return sum(progress.lag_behind(offsets).values())

    with ThreadPoolExecutor(1) as runner:
        running = runner.submit(worker.consumer.run)
        try:
            assert worker.is_storing.wait(HUNG_AFTER_S)
            with frozen_kafka():
                frozen_at = time.monotonic()
                worker.may_store.set()
                wait_until(worker.waits_for_commit, "a sentence about the commit")
                said_at = time.monotonic()
                assert said_at - frozen_at >= LIMIT_S
                # It goes on meanwhile.
                wait_until(lambda: worker.beats[-1] > said_at, "a heartbeat")
                assert not running.done()
            wait_until(lambda: len(worker.stored) >= EVENTS, "the rest")
            wait_until(lambda: behind() == 0, "the last offsets")
            wait_until(lambda: not worker.waits_for_commit(), "the end of the wait")
        finally:
            worker.may_store.set()
            worker.consumer.stop()
        running.result(HUNG_AFTER_S)

    gaps = [later - earlier for earlier, later in zip(worker.beats, worker.beats[1:], strict=False)]
    assert max(gaps) < 10, "the heartbeat got old"
    assert behind() == 0
    assert len({(one.asin, one.checked_at) for one in worker.stored}) == EVENTS
    assert len(worker.stored) == EVENTS, "something was stored twice"


def test_neither_a_commit_nor_the_end_of_a_consumer_waits_for_a_frozen_broker(
    kafka: KafkaConfig, topic: str
) -> None:
    group = f"test-{uuid.uuid4().hex}"
    place = TopicPartition(topic, 0, 0)
    consumer = group_consumer(kafka, group)
    consumer.commit(offsets=[place], asynchronous=False)
    with frozen_kafka():
        with pytest.raises(TransientError, match="may still take effect"):
            commit_for(kafka, group, [place], limit_s=LIMIT_S)
        # librdkafka's own close waits for the answer to this.
        consumer.commit(offsets=[place], asynchronous=True)
        close_within(consumer, limit_s=LIMIT_S)
    # Of another group: that of the consumer may take effect late.
    other = f"test-{uuid.uuid4().hex}"
    commit_for(kafka, other, [TopicPartition(topic, 0, 1)])
    assert committed(kafka, other, {topic: 1}) == {(topic, 0): 1}


def closing_now() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "close-consumer"}


def test_however_often_a_commit_is_tried_a_frozen_broker_costs_one_client(
    kafka: KafkaConfig, topic: str
) -> None:
    group = f"test-{uuid.uuid4().hex}"
    commit_for(kafka, group, [TopicPartition(topic, 0, 0)])
    before = closing_now()
    with frozen_kafka():
        with pytest.raises(TransientError, match="may still take effect"):
            commit_for(kafka, group, [TopicPartition(topic, 0, 1)], limit_s=LIMIT_S)
        for offset in (2, 3, 4):
            began = time.monotonic()
            with pytest.raises(TransientError, match=r"an earlier commit .* was not begun"):
                commit_for(kafka, group, [TopicPartition(topic, 0, offset)], limit_s=LIMIT_S)
            assert time.monotonic() - began >= LIMIT_S
            assert len(closing_now() - before) == 1
    # The first takes effect before the next, and never after it.
    commit_for(kafka, group, [TopicPartition(topic, 0, 5)])
    assert closing_now() <= before
    assert committed(kafka, group, {topic: 1}) == {(topic, 0): 5}


def test_commits_of_several_threads_leave_one_client_at_a_frozen_broker(
    kafka: KafkaConfig, topic: str
) -> None:
    groups = [f"test-{uuid.uuid4().hex}" for _ in range(4)]
    before = closing_now()

    def attempt(group: str) -> None:
        with pytest.raises(TransientError):
            commit_for(kafka, group, [TopicPartition(topic, 0, 0)], limit_s=LIMIT_S)

    with frozen_kafka(), ThreadPoolExecutor(len(groups)) as runner:
        list(runner.map(attempt, groups))
        assert len(closing_now() - before) <= 1
    for group in groups:
        commit_for(kafka, group, [TopicPartition(topic, 0, 7)])
        assert committed(kafka, group, {topic: 1}) == {(topic, 0): 7}
    assert closing_now() <= before
