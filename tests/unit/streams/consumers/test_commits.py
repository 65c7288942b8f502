"""Commits whose outcome comes late, never, or after that of a later one."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from keeper.metrics import WorkerMetrics
from keeper.streams.consumers import commits as commits_module
from keeper.streams.consumers.commits import Commits
from keeper.streams.consumers.positions import Positions
from keeper.streams.dead_letters.producer import DeadLetter
from tests.unit.streams.fake_kafka import FakeMessage

TOPIC = "prices"
LIMIT_S = 30
AWAY = KafkaError(KafkaError._WAIT_COORD)
LETTER = DeadLetter(cast("Any", FakeMessage(8)), "no event", "UndecodableMessageError")


class Broker:
    """A consumer whose commits have an outcome when the test says so, and not before."""

    def __init__(self) -> None:
        self.now = 0.0
        self.owned = [0]
        self.begun: list[list[TopicPartition]] = []
        self.stands: dict[int, int] = {}
        self.letters: list[DeadLetter] = []
        self.is_silent = False
        self.takes_at_once = False

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(TOPIC, partition) for partition in self.owned]

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert asynchronous, "a synchronous commit has no time-out"
        self.begun.append(offsets)
        if self.takes_at_once:
            self.take(offsets)

    def take(self, offsets: list[TopicPartition]) -> None:
        self.stands |= {place.partition: place.offset for place in offsets}

    def committed(self, places: list[TopicPartition], *, timeout: float) -> list[TopicPartition]:
        if self.is_silent:
            self.now += timeout
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return [
            TopicPartition(TOPIC, p.partition, self.stands.get(p.partition, -1001)) for p in places
        ]

    def send(
        self,
        letters: Sequence[DeadLetter],
        offsets: list[TopicPartition],
        consumer: object,
        *,
        at: datetime,
    ) -> None:
        assert consumer is self
        self.letters += letters
        self.take(offsets)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    @property
    def offsets(self) -> list[dict[int, int]]:
        """What was begun, attempt after attempt."""
        return [{place.partition: place.offset for place in places} for places in self.begun]


class Desk:
    """Commits before a broker, and what they leave."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broker = Broker()
        clock = SimpleNamespace(monotonic=lambda: self.broker.now, sleep=self.broker.sleep)
        monkeypatch.setattr(commits_module, "time", clock)
        self.metrics = WorkerMetrics()
        self.positions = Positions(cast("Consumer", self.broker))
        self.positions.committed = {0: 0, 1: 0}
        self.commits = Commits(
            TOPIC,
            "group",
            cast("Any", self.broker),
            self.positions,
            retry_s=0.5,
            limit_s=LIMIT_S,
            metrics=self.metrics,
            clock=lambda: datetime(2026, 3, 1, tzinfo=UTC),
        )

    def store(self, offset: int, *letters: DeadLetter, partition: int = 0) -> None:
        self.commits.add({partition: offset}, letters)
        self.send()

    def send(self, *, after_s: float = 0) -> None:
        self.broker.now += after_s
        self.commits.send(cast("Consumer", self.broker))

    def finish(self, serve: Callable[[], object] | None = None) -> None:
        self.commits.finish(cast("Consumer", self.broker), serve)

    def say(self, attempt: int, error: KafkaError | None = None) -> None:
        """Say what became of an attempt, counted from 0."""
        if error is None:
            self.broker.take(self.broker.begun[attempt])
        self.commits.record(error, self.broker.begun[attempt])

    @property
    def waits(self) -> list[str]:
        return [wait.why for wait in self.metrics.waits.snapshot()]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


def test_one_commit_is_under_way_and_what_is_stored_meanwhile_comes_next(desk: Desk) -> None:
    desk.store(5)
    desk.store(7)
    assert desk.broker.offsets == [{0: 5}]
    assert desk.positions.committed[0] == 0, "Kafka has not taken it yet"

    desk.say(0)
    assert desk.positions.committed[0] == 5
    assert desk.commits
    desk.send()

    assert desk.broker.offsets == [{0: 5}, {0: 7}]
    desk.say(1)
    assert not desk.commits


def test_a_commit_without_an_outcome_is_said_and_tried_again(desk: Desk) -> None:
    desk.store(5)
    desk.send(after_s=LIMIT_S - 1)
    assert desk.waits == []
    desk.send(after_s=1)
    assert desk.waits == ["Kafka has not answered a commit of group for 30 s"]
    assert desk.broker.offsets == [{0: 5}]

    desk.send(after_s=0.5)
    assert desk.broker.offsets == [{0: 5}, {0: 5}]
    desk.say(1)

    assert desk.waits == []
    assert not desk.commits


def test_a_late_refusal_is_not_taken_for_that_of_the_next_attempt(desk: Desk) -> None:
    desk.store(5)
    desk.send(after_s=LIMIT_S)
    desk.store(7)
    desk.send(after_s=0.5)
    assert desk.broker.offsets == [{0: 5}, {0: 7}]

    desk.say(0, AWAY)
    desk.send(after_s=1)
    assert len(desk.broker.begun) == 2, "the second is still waited for"
    desk.say(1)

    assert not desk.commits
    assert desk.positions.committed[0] == 7


def test_of_two_attempts_at_the_same_the_first_outcome_is_the_first_ones(desk: Desk) -> None:
    desk.store(5)
    desk.send(after_s=LIMIT_S)
    desk.send(after_s=0.5)

    desk.say(0, AWAY)
    desk.send(after_s=1)
    assert len(desk.broker.begun) == 2
    desk.say(1, AWAY)
    desk.send(after_s=1)

    assert len(desk.broker.begun) == 3


def test_a_late_success_commits_no_more_than_its_attempt_said(desk: Desk) -> None:
    desk.store(5)
    desk.send(after_s=LIMIT_S)
    desk.store(7)
    desk.send(after_s=0.5)

    desk.say(0)

    assert desk.positions.committed[0] == 5
    assert desk.commits, "the rest is still waited for"
    desk.say(1, AWAY)
    desk.send(after_s=0.5)
    assert desk.broker.offsets[2:] == [{0: 7}]


def test_a_group_set_back_by_a_late_commit_is_put_right(desk: Desk) -> None:
    desk.store(5)
    desk.send(after_s=LIMIT_S)
    desk.store(7)
    desk.send(after_s=0.5)
    desk.say(1)
    assert not desk.commits

    desk.say(0)
    desk.send()

    assert desk.broker.offsets == [{0: 5}, {0: 7}, {0: 7}]
    desk.say(2)
    assert desk.broker.stands == {0: 7}


def test_letters_wait_for_every_outcome(desk: Desk) -> None:
    desk.store(5)
    desk.send(after_s=LIMIT_S)
    desk.store(9, LETTER)
    desk.send(after_s=1)
    assert desk.broker.letters == [], "the first commit might still set the group back"

    desk.say(0)
    desk.send()

    assert desk.broker.letters == [LETTER]
    assert desk.broker.stands == {0: 9}
    assert desk.broker.offsets == [{0: 5}]
    assert desk.metrics.dead_letters == 1
    assert desk.waits == []
    assert not desk.commits


def test_the_outcome_of_a_partition_given_away_counts_for_nobody(desk: Desk) -> None:
    desk.broker.owned = [0, 1]
    desk.commits.add({1: 3}, [])
    desk.store(5)
    assert desk.broker.offsets == [{0: 5, 1: 3}]

    desk.commits.forget({1})
    desk.positions.forget({1})
    desk.say(0)

    assert desk.positions.committed == {0: 5}


def test_a_refusal_of_one_partition_leaves_the_others_committed(desk: Desk) -> None:
    desk.broker.owned = [0, 1]
    desk.commits.add({1: 3}, [])
    desk.store(5)
    places = [SimpleNamespace(partition=1, offset=3, error=AWAY), desk.broker.begun[0][1]]

    desk.commits.record(None, cast("list[TopicPartition]", places))
    desk.send(after_s=0.5)

    assert desk.broker.offsets[1:] == [{1: 3}]


def test_what_ends_the_client_is_raised_outside_the_callback(desk: Desk) -> None:
    desk.store(5)
    desk.say(0, KafkaError(KafkaError._FATAL))

    with pytest.raises(KafkaException):
        desk.send()


def test_the_last_commit_is_waited_for_and_no_longer_than_any(desk: Desk) -> None:
    desk.store(5)
    served: list[float] = []

    def serve() -> None:
        served.append(desk.broker.now)
        desk.broker.sleep(1)
        if len(served) == 3:
            desk.say(0)

    desk.finish(serve)
    assert len(served) == 3
    assert not desk.commits

    desk.store(7)
    desk.finish(lambda: desk.broker.sleep(1))
    assert desk.commits
    assert desk.broker.now <= 3 + LIMIT_S + 1


def test_in_a_rebalance_kafka_is_asked_where_the_group_stands(desk: Desk) -> None:
    desk.store(5)
    desk.commits.add({0: 7}, [])
    desk.broker.takes_at_once = True

    desk.finish()

    assert desk.broker.offsets == [{0: 5}, {0: 7}]
    assert desk.positions.committed[0] == 7
    assert not desk.commits


@pytest.mark.parametrize("is_silent", [True, False], ids=["Kafka is silent", "it refused"])
def test_a_rebalance_does_not_wait_long_for_what_is_not_committed(
    desk: Desk, is_silent: bool
) -> None:
    desk.broker.is_silent = is_silent
    desk.commits.add({0: 7}, [])

    desk.finish()

    assert desk.commits
    assert desk.positions.committed[0] == 0
    assert desk.broker.now <= 12
    assert desk.broker.offsets == [{0: 7}]
