"""Where messages go that can never be stored, so that they do not stop their neighbours.

The letters and the offsets past them are one Kafka transaction: whatever is killed, and whoever
owns the partition next, each letter is there exactly once for those who read committed messages.
"""

import logging
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from keeper.errors import TerminalError, TransientError
from keeper.streams.config import KafkaConfig
from keeper.streams.topics import MAX_DEAD_LETTER_BYTES, dead_letter_topic

_LOG: Final = logging.getLogger(__name__)
_REASON_LENGTH: Final = 500
_TIMEOUT_S: Final = 20.0
_LARGEST_VALUE: Final = MAX_DEAD_LETTER_BYTES - 100_000


class DeadLettersUnsentError(TransientError):
    """Kafka did not take the letters; neither they nor the offsets past them are there."""


class TooManyDeadLettersError(TerminalError):
    """So much of a topic cannot be loaded that the fault lies elsewhere than in its messages."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that cannot be stored, why, and the name of the error that said so."""

    message: Message
    reason: str
    exception: str


@dataclass(frozen=True, slots=True)
class DeadLetterLimit:
    """How many messages may be given up: a share of the latest `window`, some in any case.

    By partition, those before `given_up_until` do not count: an operator wants them given up.
    """

    share: float = 0.1
    at_least: int = 100
    window: int = 10_000
    given_up_until: Mapping[int, int] = field(default_factory=dict)


class DeadLetterRate:
    """Counts the dead letters among the latest messages."""

    def __init__(self, limit: DeadLetterLimit) -> None:
        """Begin with nothing seen."""
        self._limit = limit
        self._batches: deque[tuple[int, int]] = deque()
        self._messages = 0
        self._letters = 0

    def add(self, messages: int, letters: Sequence[DeadLetter]) -> None:
        """Count a batch.

        Raises:
            TooManyDeadLettersError: With this batch the limit is passed; its letters are not to be
                sent, so that the topic still holds the messages when the cause is found.
        """
        letters = [one for one in letters if not self._is_given_up(one.message)]
        self._batches.append((messages, len(letters)))
        self._messages += messages
        self._letters += len(letters)
        while self._messages - self._batches[0][0] >= self._limit.window:
            old_messages, old_letters = self._batches.popleft()
            self._messages -= old_messages
            self._letters -= old_letters
        allowed = max(self._limit.at_least, self._limit.share * self._messages)
        if self._letters > allowed and letters:
            raise TooManyDeadLettersError(
                f"{self._letters} of the latest {self._messages} messages of "
                f"{letters[0].message.topic()} cannot be loaded, the last because: "
                f"{letters[-1].reason[:_REASON_LENGTH]}. Nothing of this batch was given up."
            )

    def _is_given_up(self, message: Message) -> bool:
        return (message.offset() or 0) < self._limit.given_up_until.get(message.partition() or 0, 0)


class DeadLetterProducer:
    """Sends dead letters and commits the offsets past them in one transaction."""

    def __init__(self, config: KafkaConfig, *, group: str, instance: str | None = None) -> None:
        """Connect at the first letter.

        Args:
            config: Where Kafka is.
            group: The consumer group whose messages these are.
            instance: The consumer's lasting name, if it has one: whoever takes the name over ends
                the transaction a killed process has left.
        """
        self._config = config
        self._group = group
        self._id = f"{group}-dead-letters-{instance or uuid.uuid4().hex}"
        self._producer: Producer | None = None

    def send(
        self,
        letters: Sequence[DeadLetter],
        offsets: Sequence[TopicPartition],
        consumer: Consumer,
        *,
        at: datetime,
    ) -> None:
        """Put the original bytes on `<topic>.dlq` with headers that say what and why, and commit.

        Raises:
            DeadLettersUnsentError: Nothing was sent nor committed: Kafka is away, or the group has
                given the partitions to somebody else.
        """
        try:
            producer = self._ready()
            producer.begin_transaction()
            for letter in letters:
                self._produce(producer, letter, at)
            producer.send_offsets_to_transaction(
                list(offsets), consumer.consumer_group_metadata(), _TIMEOUT_S
            )
            producer.commit_transaction(_TIMEOUT_S)
        except (KafkaException, BufferError) as error:
            self._give_up()
            raise DeadLettersUnsentError(
                f"{len(letters)} dead letter(s) of {self._group} were not taken: {error}"
            ) from error
        for letter in letters:
            message = letter.message
            _LOG.warning(
                "dead letter: %s partition %s offset %s: %s",
                message.topic(),
                message.partition(),
                message.offset(),
                letter.reason[:_REASON_LENGTH],
            )

    def _ready(self) -> Producer:
        if self._producer is None:
            producer = Producer(
                self._config.for_client(
                    {
                        "transactional.id": self._id,
                        "transaction.timeout.ms": 30_000,
                        "compression.type": "zstd",
                        "message.max.bytes": MAX_DEAD_LETTER_BYTES,
                        "topic.metadata.propagation.max.ms": 5_000,
                        "allow.auto.create.topics": False,
                    }
                ),
                logger=_LOG,
            )
            producer.init_transactions(_TIMEOUT_S)
            self._producer = producer
        return self._producer

    def _produce(self, producer: Producer, letter: DeadLetter, at: datetime) -> None:
        message = letter.message
        topic = message.topic() or "unknown"
        headers: list[tuple[str, str | bytes | None]] = [
            # It may quote the message, and both together must not outgrow what Kafka takes.
            ("reason", letter.reason[:_REASON_LENGTH].encode(errors="replace")),
            ("exception", letter.exception.encode()),
            ("origin-topic", topic.encode()),
            ("origin-partition", str(message.partition()).encode()),
            ("origin-offset", str(message.offset()).encode()),
            ("consumer-group", self._group.encode()),
            ("time", at.isoformat().encode()),
        ]
        value = message.value()
        if value is not None and len(value) > _LARGEST_VALUE:
            # Better a letter without its message than a loader that waits for ever.
            headers.append(("left-out-bytes", str(len(value)).encode()))
            value = None
        # A failed delivery fails the transaction.
        producer.produce(dead_letter_topic(topic), value, message.key(), headers=headers)

    def _give_up(self) -> None:
        """End the transaction and start afresh at the next letter."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaException):
                producer.abort_transaction(_TIMEOUT_S)
