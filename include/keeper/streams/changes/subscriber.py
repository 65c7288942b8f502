"""Reading `keeper-changes`: every message in order, by a reader that is in no group."""

import logging
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from keeper.clock import Clock, utc_now
from keeper.domain.changes import Change, ChangeKind
from keeper.errors import TransientError
from keeper.streams.changes.publisher import decode_change
from keeper.streams.config import KafkaConfig
from keeper.streams.leaders import watermarks
from keeper.streams.topics import KEEPER_CHANGES

_LOG: Final = logging.getLogger(__name__)
_TIMEOUT_S: Final = 5.0
_MOST: Final = 500
BACKLOG: Final = 20_000
"""So many messages of before it begins a reader gets too: some hours of heartbeats, or one load."""
_HARMLESS: Final = frozenset({KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN})
"""Kafka is away; afterwards the client goes on where it was."""


class NumberedChange(NamedTuple):
    """A change and its offset in the topic."""

    offset: int
    change: Change


class ChangeSubscriber:
    """Reads the changes that come, and the latest of those that came before.

    One thread uses it.
    """

    def __init__(
        self, config: KafkaConfig, *, topic: str = KEEPER_CHANGES, clock: Clock = utc_now
    ) -> None:
        """Connect with `begin`."""
        self._place = TopicPartition(topic, 0)
        self._clock = clock
        self._consumer = Consumer(
            config.for_client(
                {
                    # Required by the client; nothing is ever committed nor subscribed.
                    "group.id": "keeper-changes-reader",
                    "enable.auto.commit": False,
                    "enable.auto.offset.store": False,
                    # Where messages are missing is no place to go on.
                    "auto.offset.reset": "error",
                    "allow.auto.create.topics": False,
                    "reconnect.backoff.max.ms": 1_000,
                    "log_level": 0,
                }
            )
        )

    def begin(self) -> int:
        """Go some messages back and return the offset from which on they are new.

        Raises:
            TransientError: Kafka does not answer, or has no such topic.
        """
        topic = self._place.topic
        try:
            known = self._consumer.list_topics(topic, timeout=_TIMEOUT_S).topics[topic]
            if known.error is not None or not known.partitions:
                raise TransientError(f"Kafka has no topic {topic}: keeper migrate")
            first, end = watermarks(self._consumer, self._place, timeout_s=_TIMEOUT_S)
        except KafkaException as error:
            raise TransientError(
                f"Kafka does not answer for {topic}: {error.args[0].str()}"
            ) from error
        self._consumer.assign([TopicPartition(topic, 0, max(first, end - BACKLOG))])
        return end

    def receive(self, timeout_s: float) -> list[NumberedChange]:
        """Wait for a message and return it with those that are there behind it.

        What this version cannot read may be a change of anything.

        Raises:
            TransientError: Messages are missing, or it cannot be said whether; begin again.
        """
        messages = self._consumer.consume(1, timeout_s)
        if messages:
            messages += self._consumer.consume(_MOST, 0)
        found = []
        for message in messages:
            if (error := message.error()) is None:
                found.append(NumberedChange(message.offset() or 0, self._read(message.value())))
            elif error.code() not in _HARMLESS:
                raise TransientError(f"{self._place.topic}: {error.str()}")
        return found

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    def _read(self, value: bytes | None) -> Change:
        try:
            return decode_change(value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            _LOG.warning("a message of %s cannot be read: %s", self._place.topic, error)
            return Change(kind=ChangeKind.ANYTHING, published_at=self._clock())
