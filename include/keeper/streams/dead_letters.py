"""Where messages go that can never be stored, so that they do not stop their neighbours."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from confluent_kafka import Message

from keeper.streams.producer import EventProducer
from keeper.streams.topics import dead_letter_topic

_LOG: Final = logging.getLogger(__name__)
_REASON_LENGTH: Final = 500


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that cannot be stored and why."""

    message: Message
    error: Exception


def send_dead_letters(
    producer: EventProducer, letters: Sequence[DeadLetter], *, group: str, at: datetime
) -> None:
    """Put the original bytes on `<topic>.dlq` with headers that say what and why, and wait.

    Raises:
        UnacknowledgedError: Kafka did not confirm; the caller must not commit past the messages.
    """
    for letter in letters:
        message = letter.message
        topic = message.topic() or "unknown"
        # It may quote the message, and both together must not outgrow what Kafka takes.
        reason = str(letter.error)[:_REASON_LENGTH]
        producer.send(
            dead_letter_topic(topic),
            message.key(),
            message.value(),
            [
                ("reason", reason.encode()),
                ("exception", type(letter.error).__name__.encode()),
                ("origin-topic", topic.encode()),
                ("origin-partition", str(message.partition()).encode()),
                ("origin-offset", str(message.offset()).encode()),
                ("consumer-group", group.encode()),
                ("time", at.isoformat().encode()),
            ],
        )
        _LOG.warning(
            "dead letter: %s partition %s offset %s: %s",
            topic,
            message.partition(),
            message.offset(),
            reason,
        )
    if letters:
        producer.flush()
