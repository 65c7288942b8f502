"""Messages that Kafka's retention has removed before a group read them.

Kafka says nothing of it: it lets the group go on at the first message there is. So what is there is
compared with where the group stands: at each assignment, at each gap between two messages, and now
and then while it is quiet.
"""

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from keeper.errors import TransientError
from keeper.metrics import WorkerMetrics
from keeper.streams.consumers.positions import Positions
from keeper.streams.consumers.refusals import Refusals
from keeper.streams.leaders import watermarks

_LOG: Final = logging.getLogger(__name__)
_TIMEOUT_S: Final = 5.0
_LOOK_EVERY_S: Final = 30.0
LOSSES: Final = "losses"
"""The part of a worker that waits while a loss cannot be kept."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Messages of a partition that are gone and were never read.

    Attributes:
        topic: The topic.
        group: The group that did not read them.
        partition: The partition.
        first: The offset of the first of them.
        until: The offset after the last.
        published_after: When the last message that was read had been published, if it is known.
        has_position: The group had read the partition before. Without, it is new or Kafka has
            forgotten it, and `first` is the partition's beginning.
    """

    topic: str
    group: str
    partition: int
    first: int
    until: int
    published_after: datetime | None
    has_position: bool = True

    @property
    def messages(self) -> int:
        """How many they are; markers of transactions are among them."""
        return self.until - self.first


class Losses:
    """Compares what Kafka still has with where one consumer stands."""

    def __init__(
        self,
        consumer: Consumer,
        topic: str,
        group: str,
        positions: Positions,
        refusals: Refusals,
        metrics: WorkerMetrics,
        on_loss: Callable[[Loss], None],
    ) -> None:
        """Begin with no partition looked at.

        Args:
            consumer: The consumer.
            topic: Its topic.
            group: Its group.
            positions: How far it has read.
            refusals: What ends it.
            metrics: Where to count.
            on_loss: Gets each loss, once; after a TransientError it gets it again.
        """
        self._consumer = consumer
        self._topic = topic
        self._group = group
        self._positions = positions
        self._refusals = refusals
        self._metrics = metrics
        self._on_loss = on_loss
        self._met_first: dict[int, int] = {}
        self._gaps: list[tuple[int, int, int]] = []
        self._looked = time.monotonic()
        # The latest comparison while it was quiet has failed, and comes again.
        self._is_overdue = False

    def meet(self, partition: int, expected: int | None, offset: int) -> None:
        """Record that a message came that does not follow the one before.

        Args:
            partition: Its partition.
            expected: The offset that was to come; None for the first message since the assignment.
            offset: The message's.
        """
        if expected is None:
            self._met_first.setdefault(partition, offset)
        elif offset > expected:
            self._gaps.append((partition, expected, offset))

    def forget(self, partitions: Collection[int]) -> None:
        """Leave partitions to their next owner."""
        for partition in partitions:
            self._met_first.pop(partition, None)
        self._gaps = [gap for gap in self._gaps if gap[0] not in partitions]

    def look(self, *, is_quiet: bool) -> bool:
        """Compare what is new; blocks while Kafka does not answer, for seconds.

        Args:
            is_quiet: The latest read brought nothing, so that nothing is fetched and not read.

        Returns:
            Whether every partition has been compared. Before that none of it may be committed, for
            the group's former place would be gone.

        Raises:
            KafkaException: Kafka refuses for good.
        """
        known = self._positions.committed
        fresh = [one for one in self._consumer.assignment() if one.partition not in known]
        try:
            if fresh:
                self._compare_committed(fresh)
            while self._gaps:
                self._compare_gap(*self._gaps[0])
                self._gaps.pop(0)
            if is_quiet and time.monotonic() - self._looked >= _LOOK_EVERY_S:
                self._looked = time.monotonic()
                self._is_overdue = True
                self._compare_positions()
                self._is_overdue = False
        except (KafkaException, TransientError) as error:
            if isinstance(error, KafkaException):
                self._refusals.end_if_hopeless(error.args[0])
            _LOG.info("%s: where the group stands is asked again: %s", self._group, error)
            return False
        if not self._is_overdue:
            # Also what another worker has by now: its partition went there with its loss.
            self._metrics.waits.record(LOSSES, None)
        return True

    def _compare_committed(self, places: list[TopicPartition]) -> None:
        for place in self._consumer.committed(places, timeout=_TIMEOUT_S):
            if place.error is not None:
                raise KafkaException(place.error)
            partition, committed = place.partition, max(place.offset, 0)
            low = self._first_of(partition)
            # What was fetched before retention went on has been read.
            until = min(low, self._met_first.get(partition, low))
            if until > committed:
                self._lose(
                    Loss(
                        self._topic,
                        self._group,
                        partition,
                        committed,
                        until,
                        _moment_of(place.metadata),
                        has_position=place.offset >= 0,
                    )
                )
            self._positions.committed[partition] = max(committed, low)
            if partition not in self._positions.read_until and low > committed:
                self._positions.skip(partition, low)

    def _compare_gap(self, partition: int, expected: int, offset: int) -> None:
        # A marker of a transaction makes a gap too; it is not below the first message there is.
        self._report(partition, expected, min(self._first_of(partition), offset))

    def _compare_positions(self) -> None:
        for partition, committed in self._positions.committed.items():
            expected = self._positions.read_until.get(partition, committed)
            low = self._first_of(partition)
            if low > expected:
                self._report(partition, expected, low)
                self._positions.skip(partition, low)

    def _report(self, partition: int, first: int, until: int) -> None:
        if until > first:
            published = _moment_of(self._positions.read_at(partition, first))
            self._lose(Loss(self._topic, self._group, partition, first, until, published))

    def _lose(self, loss: Loss) -> None:
        self._on_loss(loss)
        self._metrics.messages_lost += loss.messages

    def _first_of(self, partition: int) -> int:
        place = TopicPartition(self._topic, partition)
        low, _ = watermarks(self._consumer, place, timeout_s=_TIMEOUT_S)
        return low


def _moment_of(text: str | None) -> datetime | None:
    """Return the time that was committed beside an offset; another program may commit anything."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
