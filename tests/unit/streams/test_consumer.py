"""The batch consumer's dealings with a Kafka that misbehaves."""

from collections.abc import Sequence
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from keeper.streams import consumer as consumer_module
from keeper.streams.codec import decode_price_event, encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.consumer import BatchConsumer
from tests.price_events import price_event


class FakeMessage:
    """A message, or an error in its place."""

    def __init__(self, offset: int, *, partition: int = 0, error: int | None = None) -> None:
        self._place = (partition, offset)
        self._error = None if error is None else KafkaError(error)

    def error(self) -> KafkaError | None:
        return self._error

    def topic(self) -> str:
        return "prices"

    def partition(self) -> int:
        return self._place[0]

    def offset(self) -> int:
        return self._place[1]

    def value(self) -> bytes:
        return encode_price_event(price_event(1000))


class FakeKafka:
    """Hands out batches, and refuses as many commits as it is told to."""

    def __init__(self, batches: list[list[FakeMessage]], *, refuse: int = 0) -> None:
        self.batches = batches
        self.refuse = refuse
        self.owned = {0, 1}
        self.commits: list[dict[int, int]] = []
        self.watermarks = (0, 0)

    def __call__(self, settings: dict[str, Any], **_: Any) -> "FakeKafka":
        assert settings["enable.auto.commit"] is False
        return self

    def subscribe(self, topics: Sequence[str]) -> None:
        assert topics == ["prices"]

    def consume(self, most: int, timeout: float) -> list[FakeMessage]:
        return self.batches.pop(0)

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition("prices", partition) for partition in self.owned]

    def commit(self, offsets: Sequence[TopicPartition], asynchronous: bool) -> None:
        assert not asynchronous
        if self.refuse:
            self.refuse -= 1
            raise KafkaException(KafkaError(KafkaError.COORDINATOR_NOT_AVAILABLE))
        self.commits.append({place.partition: place.offset for place in offsets})

    def position(self, places: Sequence[TopicPartition]) -> list[TopicPartition]:
        return [TopicPartition(place.topic, place.partition) for place in places]

    def committed(self, places: Sequence[TopicPartition], timeout: float) -> list[TopicPartition]:
        return self.position(places)

    def get_watermark_offsets(self, place: TopicPartition, timeout: float) -> tuple[int, int]:
        return self.watermarks

    def close(self) -> None:
        self.batches = []


def consume(
    monkeypatch: pytest.MonkeyPatch, kafka: FakeKafka, *, lose: int | None = None
) -> list[int]:
    """Run a consumer over the fake until its batches are used up; return the batches' sizes."""
    monkeypatch.setattr(consumer_module, "Consumer", kafka)
    stored: list[int] = []

    def handle(events: Sequence[object]) -> None:
        stored.append(len(events))
        if lose is not None:
            kafka.owned.discard(lose)

    def stop_when_used_up() -> None:
        if not kafka.batches:
            consumer.stop()
            kafka.batches = [[]]

    consumer = BatchConsumer(
        KafkaConfig("localhost:9092"),
        topic="prices",
        group="group",
        decode=decode_price_event,
        handle=handle,
        on_cycle=stop_when_used_up,
    )
    consumer.run()
    return stored


def test_offsets_are_committed_after_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = FakeKafka([[FakeMessage(4), FakeMessage(7, partition=1)], [FakeMessage(5)]])

    assert consume(monkeypatch, kafka) == [2, 1]
    assert kafka.commits == [{0: 5, 1: 8}, {0: 6}]


def test_a_refused_commit_is_repeated_when_it_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = FakeKafka([[FakeMessage(4)], [], [], []], refuse=2)

    assert consume(monkeypatch, kafka) == [1]
    assert kafka.commits == [{0: 5}]


def test_a_lost_partition_is_left_to_its_new_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = FakeKafka([[FakeMessage(4), FakeMessage(7, partition=1)], []])

    consume(monkeypatch, kafka, lose=1)

    assert kafka.commits == [{0: 5}]


@pytest.mark.parametrize(
    "error",
    [KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._MAX_POLL_EXCEEDED, KafkaError._TRANSPORT],
    ids=["no such topic yet", "expelled from the group", "connection lost"],
)
def test_a_passing_error_does_not_end_the_worker(
    monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    kafka = FakeKafka([[FakeMessage(0, error=error)], [FakeMessage(4)], []])

    assert consume(monkeypatch, kafka) == [1]


def test_a_refusal_of_rights_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = FakeKafka([[FakeMessage(0, error=KafkaError.TOPIC_AUTHORIZATION_FAILED)], []])

    with pytest.raises(KafkaException):
        consume(monkeypatch, kafka)


@pytest.mark.parametrize(
    ("watermarks", "turns"),
    [((0, 0), 1), ((500, 500), 1), ((0, 500), 3), ((400, 500), 3)],
    ids=["empty", "all removed by retention", "unread", "unread and partly removed"],
)
def test_until_idle_ends_once_nothing_is_left_to_read(
    monkeypatch: pytest.MonkeyPatch, watermarks: tuple[int, int], turns: int
) -> None:
    kafka = FakeKafka([[], [], []])
    kafka.watermarks = watermarks
    monkeypatch.setattr(consumer_module, "Consumer", kafka)
    taken: list[int] = []

    def stop_at_the_third() -> None:
        taken.append(1)
        if len(taken) == 3:
            consumer.stop()

    consumer = BatchConsumer(
        KafkaConfig("localhost:9092"),
        topic="prices",
        group="group",
        decode=decode_price_event,
        handle=lambda events: None,
        on_cycle=stop_at_the_third,
    )
    consumer.run(until_idle=True)

    assert len(taken) == turns
