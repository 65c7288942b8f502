"""Reading in batches, committing only after the store has the data.

The contract with a store: `handle` returns after the batch's events are durable, raises
TransientError when trying again later may work, and anything else only for a defect. A batch may
come again after a crash or a rebalance; stores make that harmless.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from keeper.clock import Clock, utc_now
from keeper.errors import TransientError
from keeper.streams.codec import UndecodableMessageError
from keeper.streams.config import KafkaConfig
from keeper.streams.dead_letters import DeadLetter, send_dead_letters
from keeper.streams.producer import EventProducer

_LOG: Final = logging.getLogger(__name__)
EventT = TypeVar("EventT")
_HOPELESS: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError._AUTHENTICATION,
    }
)
"""Refusals that waiting does not cure."""


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """How much is read at once and how long a failing store is waited for between attempts."""

    max_messages: int = 10_000
    max_wait_s: float = 0.5
    first_backoff_s: float = 0.5
    max_backoff_s: float = 30


class BatchConsumer(Generic[EventT]):
    """Consumes one topic in one group until told to stop."""

    def __init__(
        self,
        config: KafkaConfig,
        *,
        topic: str,
        group: str,
        decode: Callable[[bytes | None], EventT],
        handle: Callable[[Sequence[EventT]], None],
        on_cycle: Callable[[], None] = lambda: None,
        policy: BatchPolicy | None = None,
        clock: Clock = utc_now,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare; nothing is read before `run`.

        Args:
            config: Where Kafka is.
            topic: The topic read.
            group: The consumer group; a new one starts at the earliest offset.
            decode: Turns a message into an event or raises UndecodableMessageError.
            handle: Stores a batch, see the module's contract.
            on_cycle: Called at every turn, quiet or not: a sign of life.
            policy: Batch sizes and waits.
            clock: Time written on dead letters.
            pause: Waits between two polls while a store is down.
        """
        self._group = group
        self._topic = topic
        self._decode = decode
        self._handle = handle
        self._on_cycle = on_cycle
        self._policy = policy or BatchPolicy()
        self._clock = clock
        self._pause = pause
        self._stopping = False
        self._config = config
        # By partition, the offset after the last message stored and not yet committed.
        self._stored_until: dict[int, int] = {}
        self._consumer = Consumer(
            config.for_client(
                {
                    "group.id": group,
                    "enable.auto.commit": False,
                    "enable.auto.offset.store": False,
                    "auto.offset.reset": "earliest",
                    "partition.assignment.strategy": "cooperative-sticky",
                    "isolation.level": "read_committed",
                    "allow.auto.create.topics": False,
                    "session.timeout.ms": 15_000,
                    "fetch.wait.max.ms": 100,
                }
            ),
            logger=_LOG,
        )

    def stop(self) -> None:
        """Ask `run` to return after the batch at hand; safe to call from a signal handler."""
        self._stopping = True

    def run(self, *, until_idle: bool = False) -> int:
        """Consume until `stop`, or with `until_idle` until all that is there has been read.

        Returns:
            How many messages were handled, dead letters included.

        Raises:
            KafkaException: Kafka refused in a way that waiting does not cure.
        """
        handled = 0
        self._consumer.subscribe([self._topic])
        try:
            while not self._stopping:
                self._on_cycle()
                batch = self._consumer.consume(self._policy.max_messages, self._policy.max_wait_s)
                messages = [message for message in batch if self._is_data(message)]
                if messages:
                    handled += self._process(messages)
                elif self._stored_until:
                    self._commit()
                elif until_idle and self._has_read_all():
                    break
        finally:
            self._consumer.close()
        return handled

    def _is_data(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return True
        if error.fatal() or error.code() in _HOPELESS:
            raise KafkaException(error)
        _LOG.warning("%s: %s", self._topic, error.str())
        return False

    def _process(self, messages: Sequence[Message]) -> int:
        """Store a batch, waiting as long as it takes, then commit; on stop leave it uncommitted."""
        events: list[EventT] = []
        letters: list[DeadLetter] = []
        for message in messages:
            try:
                events.append(self._decode(message.value()))
            except UndecodableMessageError as error:
                letters.append(DeadLetter(message, error))
        if not self._until_it_works(lambda: self._store(events, letters)):
            return 0
        for message in messages:
            place = _place_of(message)
            self._stored_until[place.partition] = place.offset + 1
        self._commit()
        return len(messages)

    def _store(self, events: Sequence[EventT], letters: Sequence[DeadLetter]) -> None:
        if events:
            self._handle(events)
        if letters:
            with EventProducer(self._config) as producer:
                send_dead_letters(producer, letters, group=self._group, at=self._clock())

    def _until_it_works(self, step: Callable[[], None]) -> bool:
        backoff = self._policy.first_backoff_s
        while True:
            try:
                step()
            except TransientError as error:
                _LOG.warning("%s: %s; trying again in %.1f s", self._group, error, backoff)
                if not self._wait_keeping_membership(backoff):
                    return False
                backoff = min(backoff * 2, self._policy.max_backoff_s)
            else:
                return True

    def _wait_keeping_membership(self, seconds: float) -> bool:
        """Wait while polling with every partition paused, so that the group does not expel us.

        Messages cannot arrive meanwhile. If the partitions move to another consumer it reads the
        batch again from the last commit.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._stopping:
            self._on_cycle()
            self._consumer.pause(self._consumer.assignment())
            unexpected = self._consumer.poll(0)
            if unexpected is not None and unexpected.error() is None:
                # Fetched before the pause took hold: to be read again after it.
                self._consumer.seek(_place_of(unexpected))
            self._pause(min(0.2, seconds))
        self._consumer.resume(self._consumer.assignment())
        return not self._stopping

    def _commit(self) -> None:
        """Commit what is stored, or keep it in mind for the next turn if Kafka refuses.

        A partition that has moved to another consumer is forgotten: its new owner reads the
        messages once more, harmlessly.
        """
        owned = {place.partition for place in self._consumer.assignment()}
        self._stored_until = {p: o for p, o in self._stored_until.items() if p in owned}
        offsets = [TopicPartition(self._topic, p, o) for p, o in self._stored_until.items()]
        if not offsets:
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            _LOG.warning("%s: commit refused, trying again: %s", self._group, error)
        else:
            self._stored_until.clear()

    def _has_read_all(self) -> bool:
        assignment = self._consumer.assignment()
        if not assignment:
            return False
        for place in self._consumer.position(assignment):
            low, high = self._consumer.get_watermark_offsets(place, timeout=10)
            position = place.offset if place.offset >= 0 else self._committed(place)
            # What retention has removed will never be read.
            if max(position, low) < high:
                return False
        return True

    def _committed(self, place: TopicPartition) -> int:
        (committed,) = self._consumer.committed([place], timeout=10)
        return max(committed.offset, 0)


def _place_of(message: Message) -> TopicPartition:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None:
        raise ValueError("a consumed message always has a topic, a partition and an offset")
    return TopicPartition(topic, partition, offset)
