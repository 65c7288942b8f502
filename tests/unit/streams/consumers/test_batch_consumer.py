"""The batch consumer's dealings with a Kafka and a store that misbehave."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from keeper.errors import EventsRefusedError, TransientError
from keeper.streams.consumers import batch_consumer as consumer_module
from keeper.streams.consumers.refusals import InstanceTakenError
from keeper.streams.dead_letters.producer import DeadLetterLimit, TooManyDeadLettersError
from tests.unit.streams.fake_kafka import TOPIC, FakeKafka, FakeMessage, consumer_of

Patch = pytest.MonkeyPatch
WAIT_S = 20


class Store:
    """Remembers the sizes of batches; waits for a signal before each if it is to."""

    def __init__(self, *, waits: bool = False) -> None:
        self.sizes: list[int] = []
        self.begun = threading.Event()
        self.may_go_on = threading.Event()
        if not waits:
            self.may_go_on.set()

    def __call__(self, events: Sequence[object]) -> None:
        self.begun.set()
        assert self.may_go_on.wait(WAIT_S)
        self.sizes.append(len(events))

    def wait_until_begun(self) -> None:
        assert self.begun.wait(WAIT_S)


def test_offsets_are_committed_after_each_batch(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(4), FakeMessage(7, partition=1)], [FakeMessage(5)])
    store = Store()

    assert consumer_of(monkeypatch, kafka, store).run(until_idle=True) == 3

    assert store.sizes == [2, 1]
    assert kafka.commits == [{0: 5, 1: 8}, {0: 6}]


def test_what_arrives_while_the_store_is_busy_is_the_next_batch(monkeypatch: Patch) -> None:
    store = Store(waits=True)
    kafka = FakeKafka(
        [FakeMessage(0)], [FakeMessage(1)], [FakeMessage(2), FakeMessage(3)], store.may_go_on.set
    )

    consumer_of(monkeypatch, kafka, store).run(until_idle=True)

    assert store.sizes == [1, 3]


def wait_a_hundredth(stores: list[Future[Any]], timeout: float | None = None) -> object:
    """Wait for the store, but a hundredth of the time after which the consumer looks again."""
    return wait(stores, timeout=None if timeout is None else timeout / 100)


def test_nothing_more_is_read_while_the_store_is_away_and_the_next_batch_is_full(
    monkeypatch: Patch,
) -> None:
    monkeypatch.setattr(consumer_module, "_PAUSE_AFTER_S", 0)
    monkeypatch.setattr(consumer_module, "wait", wait_a_hundredth)
    store = Store(waits=True)
    kafka = FakeKafka([FakeMessage(0)], [FakeMessage(1), FakeMessage(2)], [FakeMessage(3)])

    def let_go_once_paused() -> None:
        if kafka.calls.count("poll") == 3:
            store.may_go_on.set()

    consumer_of(monkeypatch, kafka, store, on_cycle=let_go_once_paused, max_messages=2).run(
        until_idle=True
    )

    assert store.sizes == [1, 2, 1]
    assert "pause" in kafka.calls[: kafka.calls.index("resume")]
    # The group sees the worker all along.
    assert kafka.calls.count("poll") >= 3


def test_a_refused_commit_is_repeated_when_it_is_quiet(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(4)], refuse=2)

    consumer_of(monkeypatch, kafka, Store()).run(until_idle=True)

    assert kafka.commits == [{0: 5}]


def test_markers_of_transactions_are_passed_after_what_lies_before_them(
    monkeypatch: Patch,
) -> None:
    monkeypatch.setattr(consumer_module, "_LAG_EVERY_S", 0)
    monkeypatch.setattr(consumer_module, "_MARKERS_EVERY_S", 0)
    store = Store(waits=True)
    before: list[list[dict[int, int]]] = []

    def pass_marker() -> None:
        kafka.positions[0] = kafka.ends[0] = 2
        kafka.reads.append(look)

    def look() -> None:
        before.append(list(kafka.commits))
        store.may_go_on.set()

    kafka = FakeKafka([FakeMessage(0)], pass_marker)
    consumer_of(monkeypatch, kafka, store).run(until_idle=True)

    assert before == [[]], "nothing is committed past a message that is not stored"
    assert kafka.commits == [{0: 2}]


def test_a_marker_that_nothing_follows_is_committed(monkeypatch: Patch) -> None:
    kafka = FakeKafka(lambda: kafka.positions.update({1: 4}))
    kafka.ends[1] = 4
    consumer_of(monkeypatch, kafka, lambda events: None).run(until_idle=True)

    assert kafka.commits == [{1: 4}]


def test_a_failing_store_is_tried_again_with_the_same_batch(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(4), FakeMessage(5)])
    tried: list[int] = []

    def handle(events: Sequence[object]) -> None:
        assert not kafka.commits
        tried.append(len(events))
        if len(tried) < 4:
            raise TransientError("away")

    consumer = consumer_of(monkeypatch, kafka, handle)
    consumer.run(until_idle=True)

    assert tried == [2, 2, 2, 2]
    assert consumer.metrics.failures == 3
    assert kafka.commits == [{0: 6}]


def test_a_worker_says_what_it_waits_for_and_no_longer_than_it_does(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(4)])
    said: list[list[str]] = []

    def handle(_: Sequence[object]) -> None:
        said.append([wait.why for wait in consumer.metrics.waits.snapshot()])
        if len(said) < 3:
            raise TransientError(f"away {len(said)}")

    consumer = consumer_of(monkeypatch, kafka, handle)
    consumer.run(until_idle=True)

    assert said == [[], ["away 1"], ["away 2"]]
    assert consumer.metrics.waits.snapshot() == []


@pytest.mark.parametrize(
    ("is_away", "topics", "why"),
    [
        (True, [TOPIC], "Kafka at localhost:9092 does not answer"),
        (False, ["price"], "there is no topic 'prices'; see: keeper topics list"),
    ],
    ids=["Kafka is away", "no such topic"],
)
def test_a_worker_that_cannot_read_its_topic_says_so(
    monkeypatch: Patch, is_away: bool, topics: list[str], why: str
) -> None:
    said: list[str] = []

    def look() -> None:
        said.extend(wait.why for wait in consumer.metrics.waits.snapshot())
        consumer.stop()

    kafka = FakeKafka(look)
    kafka.is_away, kafka.topics = is_away, topics
    consumer = consumer_of(monkeypatch, kafka, Store())
    consumer.run()

    assert len(said) == 1
    assert said[0].startswith(why)


def test_a_stop_does_not_wait_for_a_store_that_is_away(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(4)])

    def handle(_: Sequence[object]) -> None:
        consumer.stop()
        raise TransientError("away")

    consumer = consumer_of(monkeypatch, kafka, handle)

    assert consumer.run() == 0
    assert kafka.commits == []
    assert kafka.calls[-1] == "close"


def test_a_stop_finishes_and_commits_the_batch_at_hand(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(4)], [FakeMessage(5)])

    def handle(_: Sequence[object]) -> None:
        consumer.stop()

    consumer = consumer_of(monkeypatch, kafka, handle)

    assert consumer.run() == 1
    assert kafka.commits == [{0: 5}]


def test_a_defect_of_the_store_ends_the_worker_without_a_commit(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(4)])

    def handle(_: Sequence[object]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        consumer_of(monkeypatch, kafka, handle).run(until_idle=True)

    assert kafka.commits == []
    assert kafka.calls[-1] == "close"


def test_a_revoked_partition_is_committed_before_it_is_given_back(monkeypatch: Patch) -> None:
    store = Store()
    kafka = FakeKafka([FakeMessage(4), FakeMessage(7, partition=1)])

    def revoke_when_begun() -> None:
        store.wait_until_begun()
        kafka.revoke(1)

    kafka.reads.append(revoke_when_begun)

    consumer_of(monkeypatch, kafka, store).run(until_idle=True)

    assert kafka.commits == [{0: 5, 1: 8}]


def test_what_is_read_and_not_stored_of_a_revoked_partition_is_left_to_its_next_owner(
    monkeypatch: Patch,
) -> None:
    store = Store(waits=True)
    kafka = FakeKafka([FakeMessage(4)], [FakeMessage(5), FakeMessage(7, partition=1)])
    kafka.reads += [lambda: kafka.revoke(1), store.may_go_on.set]

    consumer_of(monkeypatch, kafka, store).run(until_idle=True)

    assert store.sizes == [1, 1]
    assert kafka.commits == [{0: 5}, {0: 6}]


def test_dead_letters_of_a_revoked_partition_are_left_to_its_next_owner(
    monkeypatch: Patch,
) -> None:
    store = Store(waits=True)
    rubbish = [FakeMessage(5, value=b"no event"), FakeMessage(7, partition=1, value=b"no event")]
    kafka = FakeKafka([FakeMessage(4)], rubbish)
    kafka.reads += [lambda: kafka.revoke(1), store.may_go_on.set]

    consumer_of(monkeypatch, kafka, store).run(until_idle=True)

    assert [one.message.partition() for one in kafka.letters] == [0]
    assert kafka.commits == [{0: 5}, {0: 6}]


def test_dead_letters_kafka_refused_are_not_sent_after_their_partition_is_lost(
    monkeypatch: Patch,
) -> None:
    kafka = FakeKafka([FakeMessage(4), FakeMessage(7, partition=1, value=b"no event")], refuse=1)

    def lose_once_refused() -> None:
        if not kafka.refuse and 1 in kafka.owned:
            kafka.lose(1)

    consumer_of(monkeypatch, kafka, Store(), on_cycle=lose_once_refused).run(until_idle=True)

    assert kafka.letters == []
    assert kafka.commits == [{0: 5}]


def test_nothing_is_committed_of_a_partition_lost_while_its_batch_is_stored(
    monkeypatch: Patch,
) -> None:
    store = Store(waits=True)
    kafka = FakeKafka([FakeMessage(4), FakeMessage(7, partition=1, value=b"no event")])
    kafka.reads += [lambda: kafka.lose(1), store.may_go_on.set]

    consumer_of(monkeypatch, kafka, store).run(until_idle=True)

    assert kafka.commits == [{0: 5}]
    assert kafka.letters == []


def test_a_partition_that_was_lost_is_committed_again_once_it_is_back(monkeypatch: Patch) -> None:
    store = Store(waits=True)
    kafka = FakeKafka([FakeMessage(4), FakeMessage(7, partition=1)])

    def give_back() -> None:
        kafka.give(1, end=8)
        store.may_go_on.set()

    kafka.reads += [lambda: kafka.lose(1), give_back, [FakeMessage(7, partition=1)]]

    consumer_of(monkeypatch, kafka, store).run(until_idle=True)

    assert kafka.commits == [{0: 5}, {1: 8}]


def test_messages_that_are_no_events_are_dead_letters(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(4), FakeMessage(5, value=b"no event"), FakeMessage(6)])
    store = Store()
    consumer = consumer_of(monkeypatch, kafka, store)

    assert consumer.run(until_idle=True) == 3

    assert store.sizes == [2]
    assert [one.message.offset() for one in kafka.letters] == [5]
    assert kafka.commits == [{0: 7}]
    assert consumer.metrics.dead_letters == 1


def test_events_the_store_refuses_for_good_are_dead_letters(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(4), FakeMessage(5, value=b"no event"), FakeMessage(6)])

    def handle(_: Sequence[object]) -> None:
        raise EventsRefusedError({1: "PostgreSQL: too large"})

    consumer_of(monkeypatch, kafka, handle).run(until_idle=True)

    assert [(one.message.offset(), one.exception) for one in kafka.letters] == [
        (5, "UndecodableMessageError"),
        (6, "EventsRefusedError"),
    ]
    assert kafka.letters[1].reason == "PostgreSQL: too large"
    assert kafka.commits == [{0: 7}]


def test_letters_kafka_does_not_take_are_sent_again_once(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(5, value=b"no event")], refuse=2)

    consumer_of(monkeypatch, kafka, Store()).run(until_idle=True)

    assert len(kafka.letters) == 1
    assert kafka.commits == [{0: 6}]


def test_too_many_dead_letters_end_the_worker_and_stay_in_the_topic(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(offset, value=b"no event") for offset in range(4)])

    with pytest.raises(TooManyDeadLettersError, match="4 of the latest 4"):
        consumer_of(monkeypatch, kafka, Store(), dead_letters=DeadLetterLimit(0.1, at_least=3)).run(
            until_idle=True
        )

    assert kafka.letters == []
    assert kafka.commits == []


@pytest.mark.parametrize(
    "error",
    [KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._MAX_POLL_EXCEEDED, KafkaError._TRANSPORT],
    ids=["no such topic yet", "expelled from the group", "connection lost"],
)
def test_a_passing_error_does_not_end_the_worker(monkeypatch: Patch, error: int) -> None:
    kafka = FakeKafka([FakeMessage(0, error=error)], [FakeMessage(4)])
    store = Store()

    consumer_of(monkeypatch, kafka, store).run(until_idle=True)

    assert store.sizes == [1]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaException),
        (KafkaError.FENCED_INSTANCE_ID, InstanceTakenError),
        (KafkaError._FENCED, InstanceTakenError),
    ],
)
def test_a_refusal_waiting_does_not_cure_ends_the_worker(
    monkeypatch: Patch, error: int, raised: type[Exception]
) -> None:
    kafka = FakeKafka([FakeMessage(0, error=error)])

    with pytest.raises(raised):
        consumer_of(monkeypatch, kafka, Store()).run()


@pytest.mark.parametrize(
    ("start", "end", "turns"),
    [(0, 0, 1), (500, 500, 3), (0, 500, 4), (400, 500, 4)],
    ids=["empty", "all removed by retention", "unread", "unread and partly removed"],
)
def test_until_idle_ends_once_nothing_is_left_to_read(
    monkeypatch: Patch, start: int, end: int, turns: int
) -> None:
    kafka = FakeKafka()
    kafka.starts[0], kafka.ends[0] = start, end
    taken: list[int] = []

    def stop_at_the_fourth() -> None:
        taken.append(1)
        if len(taken) == 4:
            consumer.stop()

    consumer = consumer_of(monkeypatch, kafka, Store(), on_cycle=stop_at_the_fourth)
    consumer.run(until_idle=True)

    assert len(taken) == turns


def test_who_cannot_learn_where_the_group_stands_is_not_idle_yet(monkeypatch: Patch) -> None:
    kafka = FakeKafka()
    kafka.silences = [KafkaError._TIMED_OUT, KafkaError._TIMED_OUT]
    turns: list[int] = []

    consumer_of(monkeypatch, kafka, Store(), on_cycle=lambda: turns.append(1)).run(until_idle=True)

    # A turn asks twice: for what retention may have removed, and for the end.
    assert len(turns) == 2


def test_a_refusal_to_say_where_the_group_stands_ends_the_worker(monkeypatch: Patch) -> None:
    kafka = FakeKafka()
    kafka.silences = [KafkaError.GROUP_AUTHORIZATION_FAILED]

    with pytest.raises(KafkaException):
        consumer_of(monkeypatch, kafka, Store()).run(until_idle=True)


def test_the_lag_is_what_is_published_and_not_committed(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(0)], [FakeMessage(1)])
    kafka.reads.append(lambda: kafka.ends.update({0: 9}))

    def stop_at_the_end() -> None:
        if not kafka.reads and {0: 2} in kafka.commits:
            consumer.stop()

    monkeypatch.setattr(consumer_module, "_LAG_EVERY_S", 0)
    monkeypatch.setattr(consumer_module, "_MARKERS_EVERY_S", 0)
    consumer = consumer_of(monkeypatch, kafka, Store(), on_cycle=stop_at_the_end)
    consumer.run()

    assert consumer.metrics.lag == 7
