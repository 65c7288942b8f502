"""Where a consumer stands in its partitions, the markers of transactions passed over."""

from collections import deque
from collections.abc import Collection, Iterator, Sequence

from confluent_kafka import Consumer, Message, TopicPartition

from keeper.streams.leaders import watermarks
from keeper.streams.topic_reader import published_at

_TIMEOUT_S = 10
_LAG_TIMEOUT_S = 2


class Positions:
    """How far the partitions of one consumer have been read.

    Attributes:
        read_until: By partition, the offset after the last message or marker read.
        committed: By partition, where the group stands for Kafka; what never was compared is left
            out.
    """

    def __init__(self, consumer: Consumer) -> None:
        """Begin with nothing read."""
        self._consumer = consumer
        self.read_until: dict[int, int] = {}
        self.committed: dict[int, int] = {}
        # By partition, offsets and times of the last messages of some reads, in their order.
        self._read_at: dict[int, deque[tuple[int, str]]] = {}
        self._skipped: dict[int, int] = {}

    def forget(self, partitions: Collection[int]) -> None:
        """Leave partitions to their next owner."""
        for partition in partitions:
            for kept in (self.read_until, self.committed, self._read_at, self._skipped):
                kept.pop(partition, None)

    def record_times(self, messages: Sequence[Message]) -> None:
        """Remember, by partition, when the last of these messages was published.

        Later ones are read before earlier ones are committed, so that each time stays until then.
        """
        seen: set[int] = set()
        for message in reversed(messages):
            partition = message.partition()
            if partition is None or partition in seen or message.error() is not None:
                continue
            seen.add(partition)
            if (published := published_at(message)) is not None:
                times = self._read_at.setdefault(partition, deque())
                times.append((message.offset() or 0, published.isoformat()))
                while len(times) > 1 and times[1][0] < self.committed.get(partition, 0):
                    times.popleft()
            if len(seen) == len(self.committed):
                # A chunk is mostly of all partitions: no need to look at each message.
                return

    def read_at(self, partition: int, until: int) -> str:
        """Return when the last message known before an offset was published, empty if unknown.

        It is rather too early than too late: all that is gone after it was published later.
        """
        times = reversed(self._read_at.get(partition, ()))
        return next((time for offset, time in times if offset < until), "")

    def skip(self, partition: int, offset: int) -> None:
        """Let the group go on at an offset before which there is nothing any more."""
        self._skipped[partition] = offset

    def passed_markers(self) -> Iterator[tuple[int, int]]:
        """Yield partition and offset after markers that follow the last message read, once each.

        Markers of transactions take offsets too. A group that stands before one seems to have a
        message to read, for as long as nothing else is published.
        """
        skipped, self._skipped = self._skipped, {}
        places = [(place.partition, place.offset) for place in self._places()]
        for partition, offset in (*skipped.items(), *places):
            if offset > self.read_until.get(partition, 0):
                self.read_until[partition] = offset
                yield partition, offset

    def lag(self) -> int | None:
        """Return how many offsets the group has still to commit; asks Kafka.

        None while it is not known where the group stands.

        Raises:
            KafkaException: It does not answer.
        """
        lag = 0
        for place in self._consumer.assignment():
            committed = self.committed.get(place.partition)
            if committed is None:
                return None
            low, high = watermarks(self._consumer, place, timeout_s=_LAG_TIMEOUT_S)
            lag += max(high - max(committed, low), 0)
        return lag

    def are_at_end(self) -> bool:
        """Return whether all there is has been read; asks Kafka.

        Raises:
            KafkaException: It does not answer, or not while a killed member's transaction is open.
        """
        places = self._places()
        return bool(places) and all(map(self._is_at_end, places))

    def _places(self) -> list[TopicPartition]:
        return self._consumer.position(self._consumer.assignment())

    def _is_at_end(self, place: TopicPartition) -> bool:
        low, high = watermarks(self._consumer, place)
        position = place.offset if place.offset >= 0 else self._committed(place)
        # What retention has removed will never be read.
        return max(position, low) >= high

    def _committed(self, place: TopicPartition) -> int:
        (committed,) = self._consumer.committed([place], timeout=_TIMEOUT_S)
        return max(committed.offset, 0)
