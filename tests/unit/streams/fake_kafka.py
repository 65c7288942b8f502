"""A Kafka that hands a consumer what a test wants, when it wants it."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import (
    TIMESTAMP_LOG_APPEND_TIME,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from keeper.domain.prices.events import PriceEvent
from keeper.streams.codec import decode_price_event, encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.consumers import batch_consumer as consumer_module
from keeper.streams.consumers.batch import BatchPolicy
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.consumers.losses import Loss
from keeper.streams.dead_letters.producer import DeadLetter, DeadLetterLimit, DeadLettersUnsentError
from tests.price_events import price_event

TOPIC = "prices"
UNKNOWN = -1001
GOOD = encode_price_event(price_event(1000))


class FakeMessage:
    """A message, or an error in its place."""

    def __init__(
        self,
        offset: int,
        *,
        partition: int = 0,
        error: int | None = None,
        value: bytes = GOOD,
        published_ms: int = 1_772_366_400_000,
    ) -> None:
        self._published_ms = published_ms
        self._place = (partition, offset)
        self._error = None if error is None else KafkaError(error)
        self._value = value

    def error(self) -> KafkaError | None:
        return self._error

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return self._place[0]

    def offset(self) -> int:
        return self._place[1]

    def timestamp(self) -> tuple[int, int]:
        return TIMESTAMP_LOG_APPEND_TIME, self._published_ms

    def value(self) -> bytes:
        return self._value


class FakeKafka:
    """Hands out what it is given, a list a read; a callable in its place happens then."""

    def __init__(self, *reads: list[FakeMessage] | Callable[[], object], refuse: int = 0) -> None:
        self.reads = list(reads)
        self.refuse = refuse
        self.is_away = False
        self.silences: list[int] = []
        self.topics = [TOPIC]
        self.owned = {0, 1}
        self.at_hand: list[FakeMessage] = []
        self.asks_for_rest = False
        self.commits: list[dict[int, int]] = []
        self.letters: list[DeadLetter] = []
        self.calls: list[str] = []
        self.positions: dict[int, int] = {}
        self.ends = {0: 0, 1: 0}
        for read in self.reads:
            for message in read if isinstance(read, list) else ():
                if message.error() is None:
                    self.ends[message.partition()] = message.offset() + 1
        self.starts = {0: 0, 1: 0}
        self.outcomes: list[tuple[KafkaError | None, list[TopicPartition]]] = []
        # By partition, the committed offset and what was committed beside it.
        self.stands: dict[int, tuple[int, str]] = {}

    def consumer(self, settings: dict[str, Any], **_: Any) -> "FakeKafka":
        assert settings["enable.auto.commit"] is False
        self.on_commit = settings["on_commit"]
        return self

    def dead_letters(self, *_: object, **__: object) -> "FakeKafka":
        return self

    def list_topics(self, timeout: float) -> SimpleNamespace:
        """Name the topics there are, or be silent."""
        if self.is_away:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        return SimpleNamespace(topics=dict.fromkeys(self.topics))

    def subscribe(self, topics: Sequence[str], on_revoke: Any, on_lost: Any) -> None:
        assert topics == [TOPIC]
        self.on_revoke, self.on_lost = on_revoke, on_lost

    def revoke(self, partition: int) -> None:
        self.on_revoke(self, [TopicPartition(TOPIC, partition)])
        self._disown(partition)

    def lose(self, partition: int) -> None:
        self.on_lost(self, [TopicPartition(TOPIC, partition)])
        self._disown(partition)

    def give(self, partition: int, *, end: int) -> None:
        """Assign a partition, to be read from where its group stands."""
        self.owned.add(partition)
        self.positions.pop(partition, None)
        self.ends[partition] = end

    def _disown(self, partition: int) -> None:
        self.owned.discard(partition)
        self.ends[partition] = 0

    def _say_outcomes(self) -> None:
        """Say what became of commits, as librdkafka does inside a read and nowhere else."""
        outcomes, self.outcomes = self.outcomes, []
        for outcome in outcomes:
            self.on_commit(*outcome)

    def consume(self, most: int, timeout: float) -> list[FakeMessage]:
        self._say_outcomes()
        is_rest, self.asks_for_rest = self.asks_for_rest, False
        if not self.at_hand and not is_rest and self.reads:
            read = self.reads.pop(0)
            if isinstance(read, list):
                self.at_hand = list(read)
            else:
                read()
        taken, self.at_hand = self.at_hand[:most], self.at_hand[most:]
        self.asks_for_rest = bool(taken) and not is_rest
        for message in taken:
            if message.error() is None:
                self.positions[message.partition()] = message.offset() + 1
        return taken

    def poll(self, timeout: float) -> None:
        self.calls.append("poll")
        self._say_outcomes()

    def pause(self, places: Sequence[TopicPartition]) -> None:
        self.calls.append("pause")

    def resume(self, places: Sequence[TopicPartition]) -> None:
        self.calls.append("resume")

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(TOPIC, partition) for partition in sorted(self.owned)]

    def commit(self, offsets: Sequence[TopicPartition], asynchronous: bool) -> None:
        """Take offsets, or refuse them; a later read says which."""
        assert asynchronous
        places, error = list(offsets), None
        if self.refuse:
            self.refuse -= 1
            error = KafkaError(KafkaError.COORDINATOR_NOT_AVAILABLE)
        else:
            self._take(places)
        self.outcomes.append((error, places))

    def _take(self, offsets: Sequence[TopicPartition]) -> None:
        self.commits.append({place.partition: place.offset for place in offsets})
        self.stands |= {one.partition: (one.offset, one.metadata or "") for one in offsets}

    def send(
        self, letters: Sequence[DeadLetter], offsets: Sequence[TopicPartition], *_: object, at: Any
    ) -> None:
        """Take dead letters, as the producer of them does."""
        if self.refuse:
            self.refuse -= 1
            raise DeadLettersUnsentError("not now")
        assert not self.outcomes, "a commit under way may set the group back"
        self.letters += letters
        self._take(offsets)

    def position(self, places: Sequence[TopicPartition]) -> list[TopicPartition]:
        return [
            TopicPartition(TOPIC, place.partition, self.positions.get(place.partition, UNKNOWN))
            for place in places
        ]

    def committed(self, places: Sequence[TopicPartition], timeout: float) -> list[TopicPartition]:
        if self.silences:
            raise KafkaException(KafkaError(self.silences.pop(0)))
        stands = {place.partition: self.stands.get(place.partition) for place in places}
        return [
            TopicPartition(TOPIC, partition, *(stand or (UNKNOWN,)))
            for partition, stand in stands.items()
        ]

    def get_watermark_offsets(
        self, place: TopicPartition, timeout: float = 0, cached: bool = False
    ) -> tuple[int, int]:
        return self.starts[place.partition], self.ends[place.partition]

    def close(self) -> None:
        self.calls.append("close")


def consumer_of(
    monkeypatch: pytest.MonkeyPatch,
    kafka: FakeKafka,
    handle: Callable[[Sequence[PriceEvent]], None],
    *,
    on_cycle: Callable[[], None] = lambda: None,
    max_messages: int = 100,
    dead_letters: DeadLetterLimit | None = None,
    on_loss: Callable[[Loss], None] = lambda _: None,
) -> BatchConsumer[PriceEvent]:
    """Return a consumer of the fake that waits for nothing."""
    monkeypatch.setattr(consumer_module, "Consumer", kafka.consumer)
    monkeypatch.setattr(consumer_module, "DeadLetterProducer", kafka.dead_letters)
    return BatchConsumer(
        KafkaConfig("localhost:9092"),
        topic=TOPIC,
        group="group",
        decode=decode_price_event,
        handle=handle,
        on_cycle=on_cycle,
        on_loss=on_loss,
        policy=BatchPolicy(
            max_messages, 0.001, 0.001, dead_letters=dead_letters or DeadLetterLimit()
        ),
    )
