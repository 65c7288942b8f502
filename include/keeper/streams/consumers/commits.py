"""What a consumer has stored and not yet committed to Kafka.

librdkafka's synchronous commit has no time-out of its own: while the coordinator is away or looked
for, it returns when it pleases. So a commit is begun here and its outcome comes in with a later
read; what has none in time is begun again.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from keeper.clock import Clock
from keeper.metrics import WorkerMetrics
from keeper.streams.consumers.positions import Positions
from keeper.streams.consumers.refusals import is_fatal
from keeper.streams.dead_letters.producer import (
    DeadLetter,
    DeadLetterProducer,
    DeadLettersUnsentError,
)

_LOG: Final = logging.getLogger(__name__)
_REVOKED_LIMIT_S: Final = 10.0
"""How long a group that rebalances waits for the last commit of what is given back."""
_ASK_TIMEOUT_S: Final = 1.0
_ASK_AGAIN_S: Final = 0.05


@dataclass(slots=True, eq=False)
class _Attempt:
    """A commit without an outcome yet, and which of its partitions are still the consumer's."""

    offsets: dict[int, int]
    mine: set[int]
    since: float


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
        limit_s: float,
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
            limit_s: After how long a commit without an outcome counts as refused.
            metrics: Where to count the letters sent.
            clock: Time written on them.
        """
        self._topic = topic
        self._group = group
        self._dead_letters = dead_letters
        self._positions = positions
        self._retry_s = retry_s
        self._limit_s = limit_s
        self._metrics = metrics
        self._clock = clock
        self._letters: list[DeadLetter] = []
        self._stored_until: dict[int, int] = {}
        self._not_before = 0.0
        # Without an outcome, the oldest first; the latest of them may still be waited for.
        self._attempts: list[_Attempt] = []
        self._awaited: _Attempt | None = None
        self._fatal: KafkaError | None = None

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
        for attempt in self._attempts:
            attempt.mine -= set(partitions)
        if not self:
            self._metrics.waits.record("commit", None)

    def send(self, consumer: Consumer) -> None:
        """Begin to commit what there is of partitions the consumer owns; waits for no outcome.

        Nothing is begun while an outcome is waited for, nor soon after a refusal. Dead letters
        wait for every outcome: a commit that takes effect after them would set the group back, and
        the partition's next owner would send them once more.

        Raises:
            KafkaException: The consumer is of no more use.
        """
        if self._fatal is not None:
            raise KafkaException(self._fatal)
        self._end_waiting()
        if not self or self._awaited is not None or time.monotonic() < self._not_before:
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
            if not self._letters:
                consumer.commit(offsets=offsets, asynchronous=True)
                self._expect_outcome()
            elif not self._attempts:
                self._dead_letters.send(self._letters, offsets, consumer, at=self._clock())
                self._metrics.dead_letters += len(self._letters)
                self._letters.clear()
                self._positions.committed |= self._stored_until
                self._stored_until.clear()
                self._metrics.waits.record("commit", None)
        except (KafkaException, DeadLettersUnsentError) as error:
            if isinstance(error, KafkaException) and is_fatal(error.args[0]):
                raise
            self._refuse(error)

    def record(self, error: KafkaError | None, places: Sequence[TopicPartition]) -> None:
        """Take the outcome of a commit; librdkafka calls this inside a read.

        An outcome names no attempt. It is that of the oldest attempt at the same offsets: for one
        that was given up, a refusal means nothing, and what it did commit is committed.
        """
        said = {place.partition: place.offset for place in places}
        attempt = next((one for one in self._attempts if not said or one.offsets == said), None)
        if attempt is None:
            return
        self._attempts.remove(attempt)
        failure = error or next((place.error for place in places if place.error), None)
        refused = {place.partition for place in places if error or place.error}
        self._take(attempt, attempt.mine - refused if said else set())
        if failure is not None and is_fatal(failure):
            self._fatal = failure
        if attempt is self._awaited:
            self._awaited = None
            if failure is not None:
                self._refuse(failure)

    def finish(self, consumer: Consumer, serve: Callable[[], object] | None = None) -> None:
        """Commit what there is and wait for it, no longer than for any commit.

        Args:
            consumer: Whose partitions these are.
            serve: Lets outcomes come in. None inside a rebalance, where none can: there Kafka is
                asked where the group stands, and what it does not say is left to the next owner.

        Raises:
            KafkaException: The consumer is of no more use.
        """
        limit_s = self._limit_s if serve else min(self._limit_s, _REVOKED_LIMIT_S)
        ends = time.monotonic() + limit_s
        if serve is None:
            # Its outcome cannot come in now, and a group that rebalances may have refused it.
            self._awaited = None
        while time.monotonic() < ends:
            self.send(consumer)
            if serve is not None and self and self._attempts:
                serve()
            elif serve is None and self._awaited is not None:
                self._ask(consumer, self._awaited)
            else:
                return

    def _expect_outcome(self) -> None:
        offsets = dict(self._stored_until)
        self._awaited = _Attempt(offsets, set(offsets), time.monotonic())
        self._attempts.append(self._awaited)

    def _end_waiting(self) -> None:
        """Count a commit that has had no outcome for too long as refused."""
        if self._awaited is None or time.monotonic() - self._awaited.since < self._limit_s:
            return
        self._awaited = None
        if self:
            why = f"Kafka has not answered a commit of {self._group} for {self._limit_s:g} s"
            self._metrics.waits.record("commit", why)
            self._refuse(why)

    def _ask(self, consumer: Consumer, attempt: _Attempt) -> None:
        """End the wait for an attempt by asking where the group stands, which Kafka answers after.

        A coordinator takes the requests of one connection in their order.
        """
        places = [TopicPartition(self._topic, partition) for partition in attempt.offsets]
        try:
            found = consumer.committed(places, timeout=_ASK_TIMEOUT_S)
        except KafkaException as error:
            _LOG.info("%s: where the group stands is asked again: %s", self._group, error)
            # One that refuses at once is not asked without a pause until the time is up.
            time.sleep(_ASK_AGAIN_S)
            return
        if {place.partition: place.offset for place in found} == attempt.offsets:
            self._take(attempt, attempt.mine)
        else:
            self._refuse("the group does not stand there")
        self._awaited = None

    def _take(self, attempt: _Attempt, partitions: Collection[int]) -> None:
        """Record that an attempt has committed some of its partitions."""
        committed = self._positions.committed
        for partition in partitions:
            offset = attempt.offsets[partition]
            if self._stored_until.get(partition) == offset:
                del self._stored_until[partition]
            if attempt is not self._awaited and committed.get(partition, 0) > offset:
                # It may have taken effect after a later one: then the group was set back.
                self._stored_until.setdefault(partition, committed[partition])
            else:
                committed[partition] = offset
        if partitions:
            self._metrics.waits.record("commit", None)

    def _refuse(self, why: object) -> None:
        _LOG.warning("%s: commit refused, trying again: %s", self._group, why)
        self._not_before = time.monotonic() + self._retry_s
