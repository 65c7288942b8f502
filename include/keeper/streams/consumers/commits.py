"""What a consumer has stored and not yet committed to Kafka."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from keeper.clock import Clock
from keeper.metrics import WorkerMetrics
from keeper.streams.consumers.positions import Positions
from keeper.streams.dead_letters.producer import (
    DeadLetter,
    DeadLetterProducer,
    DeadLettersUnsentError,
)

_LOG: Final = logging.getLogger(__name__)


class Commits:
    """Offsets to commit, and the dead letters that go with them."""

    def __init__(
        self,
        topic: str,
        group: str,
        dead_letters: DeadLetterProducer,
        positions: Positions,
        *,
        retry_s: float,
        metrics: WorkerMetrics,
        clock: Clock,
    ) -> None:
        """Begin with nothing to commit.

        Args:
            topic: The topic read.
            group: The consumer group.
            dead_letters: Sends letters and offsets in one transaction.
            positions: Where the consumer stands.
            retry_s: How long to wait after a refusal.
            metrics: Where to count the letters sent.
            clock: Time written on them.
        """
        self._topic = topic
        self._group = group
        self._dead_letters = dead_letters
        self._positions = positions
        self._retry_s = retry_s
        self._metrics = metrics
        self._clock = clock
        self._letters: list[DeadLetter] = []
        self._stored_until: dict[int, int] = {}
        self._not_before = 0.0

    def __bool__(self) -> bool:
        """Return whether there is anything to commit."""
        return bool(self._stored_until)

    def add(self, stored_until: Mapping[int, int], letters: Sequence[DeadLetter]) -> None:
        """Keep in mind, by partition, the offset after what is stored, and letters before it."""
        self._stored_until |= stored_until
        self._letters += letters

    def forget(self, partitions: Collection[int]) -> None:
        """Leave partitions to their next owner.

        It reads the messages once more, harmlessly, and sends their dead letters.
        """
        self._stored_until = {p: o for p, o in self._stored_until.items() if p not in partitions}
        self._letters = [one for one in self._letters if one.message.partition() not in partitions]

    def send(self, consumer: Consumer) -> None:
        """Commit what there is of partitions the consumer owns; on a refusal try again later.

        Raises:
            KafkaException: The consumer is of no more use.
        """
        if not self or time.monotonic() < self._not_before:
            return
        owned = {place.partition for place in consumer.assignment()}
        self.forget(self._stored_until.keys() - owned)
        # The time beside an offset says from when messages are gone, should retention be faster.
        offsets = [
            TopicPartition(self._topic, p, o, metadata=self._positions.read_at(p, o))
            for p, o in self._stored_until.items()
        ]
        if not offsets:
            return
        try:
            if self._letters:
                self._dead_letters.send(self._letters, offsets, consumer, at=self._clock())
            else:
                consumer.commit(offsets=offsets, asynchronous=False)
        except (KafkaException, DeadLettersUnsentError) as error:
            if isinstance(error, KafkaException) and error.args[0].code() == KafkaError._FATAL:
                raise
            _LOG.warning("%s: commit refused, trying again: %s", self._group, error)
            self._not_before = time.monotonic() + self._retry_s
        else:
            self._metrics.dead_letters += len(self._letters)
            self._letters.clear()
            self._positions.committed |= self._stored_until
            self._stored_until.clear()
