"""Looking into topics without joining a group or changing anything."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from confluent_kafka import (
    OFFSET_END,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from keeper.errors import TerminalError, TransientError
from keeper.streams.config import KafkaConfig
from keeper.streams.leaders import asked_of_leaders, watermarks
from keeper.streams.topics import remedy_for_missing

_TIMEOUT_S: Final = 10.0
_SILENCE_S: Final = 30.0


class UnknownTopicError(TerminalError):
    """Kafka has no topic of this name."""


@dataclass(frozen=True, slots=True)
class PartitionSpan:
    """Where a partition's messages begin and end: the first offset, and the one after the last."""

    partition: int
    start: int
    end: int

    def __len__(self) -> int:
        """Return how many offsets it spans; markers of transactions are among them."""
        return self.end - self.start

    def unread_from(self, offset: int | None) -> int:
        """Return how much of it lies before a reader whose next offset this is; None: all of it."""
        return max(self.end - max(offset or 0, self.start), 0)


class TopicReader:
    """Reads what is committed of any topic; a context manager."""

    def __init__(self, config: KafkaConfig, *, timeout_s: float | None = None) -> None:
        """Connect lazily.

        Args:
            config: Where Kafka is.
            timeout_s: How long an answer may take; None for ten seconds.
        """
        self._servers = config.bootstrap_servers
        self._timeout_s = timeout_s or _TIMEOUT_S
        self._consumer = Consumer(
            config.for_client(
                {
                    # Required by the client; nothing is ever committed nor subscribed.
                    "group.id": "keeper-reader",
                    "enable.auto.commit": False,
                    "isolation.level": "read_committed",
                    "enable.partition.eof": True,
                    # The end of what there is shows once a fetch has waited for more.
                    "fetch.wait.max.ms": 50,
                    "allow.auto.create.topics": False,
                    "log_level": 0,
                }
            )
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    def topics(self) -> dict[str, int]:
        """Return the number of partitions of each topic by its name, Kafka's own left out.

        Raises:
            TransientError: Kafka does not answer.
        """
        with self._answering():
            found = self._consumer.list_topics(timeout=self._timeout_s).topics
        return {
            name: len(topic.partitions)
            for name, topic in sorted(found.items())
            if not name.startswith("__")
        }

    def spans(self, topic: str) -> list[PartitionSpan]:
        """Return where each partition begins and ends.

        Raises:
            UnknownTopicError: There is no such topic; a similar one is named.
            TransientError: Kafka does not answer.
        """
        topics = self.topics()
        if topic not in topics:
            raise UnknownTopicError(
                f"there is no topic {topic!r}; {remedy_for_missing(topic, topics)}"
            )
        with self._answering():
            return [
                PartitionSpan(
                    partition, *watermarks(self._consumer, TopicPartition(topic, partition))
                )
                for partition in range(topics[topic])
            ]

    def offsets_at(self, topic: str, moment: datetime) -> dict[int, int]:
        """Return, by partition, the offset of the first message published then or later.

        Raises:
            UnknownTopicError: There is no such topic.
            TransientError: Kafka does not answer.
        """
        spans = self.spans(topic)
        at = int(moment.timestamp() * 1000)
        asked = [TopicPartition(topic, span.partition, at) for span in spans]
        with self._answering():
            found = asked_of_leaders(
                lambda: self._consumer.offsets_for_times(asked, timeout=self._timeout_s)
            )
        ends = {span.partition: span.end for span in spans}
        return {
            place.partition: ends[place.partition]
            if place.offset in (OFFSET_END, -1)
            else place.offset
            for place in found
        }

    def read(self, topic: str, start: Mapping[int, int]) -> Generator[Message]:
        """Yield the messages there are from these offsets on, partition by partition mixed.

        Raises:
            TransientError: Kafka does not answer.
        """
        left = set(start)
        with self._answering():
            self._consumer.assign([TopicPartition(topic, p, o) for p, o in start.items()])
            try:
                while left:
                    message = self._consumer.poll(_SILENCE_S)
                    if message is None:
                        raise TransientError(f"Kafka at {self._servers} has fallen silent")
                    error = message.error()
                    if error is None:
                        yield message
                    elif error.code() == KafkaError._PARTITION_EOF:
                        left.discard(message.partition() or 0)
                    else:
                        raise KafkaException(error)
            finally:
                self._consumer.unassign()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except KafkaException as error:
            raise TransientError(
                f"Kafka at {self._servers} does not answer ({error.args[0].str()}); check that it "
                "runs and KAFKA_BOOTSTRAP_SERVERS"
            ) from error


def published_at(message: Message) -> datetime | None:
    """Return when a message was published, None if it does not say."""
    kind, milliseconds = message.timestamp()
    if kind == TIMESTAMP_NOT_AVAILABLE:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
