"""Where a consumer stands in its partitions, the markers of transactions passed over."""

from collections.abc import Collection, Iterator

from confluent_kafka import Consumer, TopicPartition

from keeper.streams.leaders import watermarks

_TIMEOUT_S = 10


class Positions:
    """How far the partitions of one consumer have been read.

    Attributes:
        read_until: By partition, the offset after the last message or marker read.
    """

    def __init__(self, consumer: Consumer) -> None:
        """Begin with nothing read."""
        self._consumer = consumer
        self.read_until: dict[int, int] = {}

    def forget(self, partitions: Collection[int]) -> None:
        """Leave partitions to their next owner."""
        for partition in partitions:
            self.read_until.pop(partition, None)

    def passed_markers(self) -> Iterator[tuple[int, int]]:
        """Yield partition and offset after markers that follow the last message read, once each.

        Markers of transactions take offsets too. A group that stands before one seems to have a
        message to read, for as long as nothing else is published.
        """
        for place in self._places():
            if place.offset > self.read_until.get(place.partition, 0):
                self.read_until[place.partition] = place.offset
                yield place.partition, place.offset

    def lag(self) -> int:
        """Return how many offsets are still to be read, by what Kafka last said."""
        lag = 0
        for place in self._places():
            _, high = self._consumer.get_watermark_offsets(place, cached=True)
            if place.offset >= 0 and high >= 0:
                lag += max(high - place.offset, 0)
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
