"""The dead letters of a topic: reading them, and giving them another chance."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from keeper.errors import TransientError
from keeper.streams.config import KafkaConfig
from keeper.streams.groups.offsets import committed, group_consumer
from keeper.streams.topic_reader import TopicReader, published_at
from keeper.streams.topics import MAX_DEAD_LETTER_BYTES, dead_letter_topic

REPLAY_GROUP: Final = "keeper-dead-letter-replay"
"""Whose offsets say which letters have been replayed."""
_TIMEOUT_S: Final = 30.0


class ReplayFailedError(TransientError):
    """Kafka did not take the messages; none of them is on the topic."""


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A dead letter as it lies in its box.

    Attributes:
        topic: Where its message was published.
        partition: With `offset`, where the letter is in the box.
        offset: See `partition`.
        sent_at: When it was given up.
        headers: Reason, exception, origin-topic, origin-partition, origin-offset, consumer-group,
            time.
        key: The message's key.
        value: The message; None also if it was too large for a letter.
    """

    topic: str
    partition: int
    offset: int
    sent_at: datetime | None
    headers: dict[str, str]
    key: bytes | None
    value: bytes | None

    @property
    def place(self) -> str:
        """Where it is in the box, as people write it."""
        return f"{self.partition}:{self.offset}"

    @property
    def origin(self) -> str:
        """Where its message was."""
        return (
            f"{self.headers.get('origin-partition', '?')}:{self.headers.get('origin-offset', '?')}"
        )


class DeadLetterBox:
    """The dead letters of one topic; a context manager."""

    def __init__(self, config: KafkaConfig, topic: str) -> None:
        """Connect lazily."""
        self._config = config
        self._topic = topic
        self._box = dead_letter_topic(topic)
        self._reader = TopicReader(config)
        self._producer: Producer | None = None
        self._replayer: Consumer | None = None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._reader.close()
        if self._replayer is not None:
            self._replayer.close()

    def letters(
        self,
        *,
        since: datetime | None = None,
        only_left: bool = False,
        after: Mapping[int, int] | None = None,
    ) -> Generator[StoredLetter]:
        """Yield the letters, those of a partition in their order.

        Args:
            since: Only those given up then or later.
            only_left: Only those that have not been replayed.
            after: By partition, only those after the one with this offset.

        Raises:
            UnknownTopicError: There is no such topic or box.
            TransientError: Kafka does not answer.
        """
        if since is None:
            start = {span.partition: span.start for span in self._reader.spans(self._box)}
        else:
            start = self._reader.offsets_at(self._box, since)
        if only_left:
            done = committed(self._config, REPLAY_GROUP, {self._box: len(start)})
            start = {p: max(offset, done.get((self._box, p), 0)) for p, offset in start.items()}
        for partition, offset in (after or {}).items():
            if partition in start:
                start[partition] = max(start[partition], offset + 1)
        yield from map(self._letter, self._reader.read(self._box, start))

    def letter_at(self, partition: int, offset: int) -> StoredLetter | None:
        """Return the letter at a place; None if there is none, or none any more.

        Raises:
            UnknownTopicError: There is no such topic or box.
            TransientError: Kafka does not answer.
        """
        spans = {span.partition: span for span in self._reader.spans(self._box)}
        span = spans.get(partition)
        if span is None or not span.start <= offset < span.end:
            return None
        with closing(self._reader.read(self._box, {partition: offset})) as messages:
            message = next(messages, None)
        # Markers of transactions have offsets too.
        return None if message is None or message.offset() != offset else self._letter(message)

    def _letter(self, message: Message) -> StoredLetter:
        return StoredLetter(
            self._topic,
            message.partition() or 0,
            message.offset() or 0,
            published_at(message),
            {name: _text(value) for name, value in dict(message.headers() or ()).items()},
            message.key(),
            message.value(),
        )

    def replay(self, letters: Sequence[StoredLetter], *, remember: bool) -> None:
        """Publish the messages of letters on their topic again, all or none.

        Args:
            letters: Some thousand at most; those of a partition in their order.
            remember: Note in the same transaction that the box is replayed up to here.

        Raises:
            ReplayFailedError: None of them was published.
        """
        try:
            producer, replayer = self._ready()
            producer.begin_transaction()
            for letter in letters:
                producer.produce(self._topic, letter.value, letter.key)
            if remember:
                until = {letter.partition: letter.offset + 1 for letter in letters}
                producer.send_offsets_to_transaction(
                    [TopicPartition(self._box, p, offset) for p, offset in until.items()],
                    replayer.consumer_group_metadata(),
                    _TIMEOUT_S,
                )
            producer.commit_transaction(_TIMEOUT_S)
        except (KafkaException, BufferError) as error:
            if self._producer is not None:
                with suppress(KafkaException):
                    self._producer.abort_transaction(_TIMEOUT_S)
            raise ReplayFailedError(f"nothing was published on {self._topic}: {error}") from error

    def _ready(self) -> tuple[Producer, Consumer]:
        if self._producer is None or self._replayer is None:
            self._replayer = group_consumer(self._config, REPLAY_GROUP)
            producer = Producer(
                self._config.for_client(
                    {
                        # One at a time: a second replay of the same box ends the first.
                        "transactional.id": f"{REPLAY_GROUP}-{self._topic}",
                        "compression.type": "zstd",
                        "message.max.bytes": MAX_DEAD_LETTER_BYTES,
                        "allow.auto.create.topics": False,
                        "log_level": 0,
                    }
                )
            )
            producer.init_transactions(_TIMEOUT_S)
            self._producer = producer
        return self._producer, self._replayer


def _text(value: str | bytes | None) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return value or ""
