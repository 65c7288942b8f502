"""Receiving events of Keeper's own: however many wait, they come as one."""

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

import msgspec
from confluent_kafka import OFFSET_STORED, Consumer, KafkaException, Message, TopicPartition

from keeper.domain.runs.events import KeeperEvent
from keeper.errors import TransientError
from keeper.streams.closing import close_within
from keeper.streams.codec import UndecodableMessageError
from keeper.streams.config import ClientSetting, KafkaConfig
from keeper.streams.groups.commits import commit_for
from keeper.streams.leaders import watermarks
from keeper.streams.topics import EVENTS_GROUP, KEEPER_EVENTS

_LOG: Final = logging.getLogger(__name__)
_DECODER: Final = msgspec.json.Decoder(KeeperEvent)
_TIMEOUT_S: Final = 10.0
_MOST: Final = 500
_GATHER_S: Final = 2.0
_QUIET_S: Final = 0.2


def decode_keeper_event(message: bytes | None) -> KeeperEvent:
    """Read a message of `keeper-events`; unknown fields are ignored.

    Raises:
        UndecodableMessageError: Not JSON, a field missing or of the wrong type, or a kind of event
            this version does not know.
    """
    if message is None:
        raise UndecodableMessageError("the message has no value")
    try:
        return _DECODER.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UndecodableMessageError(str(error)) from None


@dataclass(frozen=True, slots=True)
class PendingEvents:
    """All events that waited, received at once.

    Attributes:
        counts: How many events there were, by type.
        newest: The last of them; None if none could be read.
        ends: By partition, the offset after the last message.
        generation: How often `receive_again` had been called before they came.
    """

    counts: Mapping[str, int]
    newest: KeeperEvent | None
    ends: Mapping[int, int]
    generation: int


class EventSubscriber:
    """Listens to `keeper-events` by itself, as no member of a group that others could join.

    What it commits counts for its group. A group that never was begins with the events to
    come: what happened before is in the stores. Threads may share it; only one listens at a time.
    """

    def __init__(
        self, config: KafkaConfig, *, topic: str = KEEPER_EVENTS, group: str = EVENTS_GROUP
    ) -> None:
        """Connect lazily."""
        self._config = config
        self._topic = topic
        self._group = group
        self._generation = 0
        self._is_listening = False
        self._lock = Lock()
        settings: dict[str, ClientSetting] = {
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "latest",
            "allow.auto.create.topics": False,
            "fetch.wait.max.ms": 100,
            "log_level": 0,
        }
        self._consumer = Consumer(config.for_client(settings))

    def listen(self, timeout_s: float) -> PendingEvents | None:
        """Wait for an event and return it with all that wait behind it; None if none came.

        Raises:
            TransientError: Kafka does not answer, or has no such topic.
        """
        with self._lock:
            if not self._is_listening:
                self._begin()
            messages = self._consumer.consume(1, timeout_s)
            found = self._sound(messages)
            until = time.monotonic() + _GATHER_S
            while messages and time.monotonic() < until:
                messages = self._consumer.consume(_MOST, _QUIET_S)
                found += self._sound(messages)
            return self._pending_events(found) if found else None

    def commit(self, events: PendingEvents) -> None:
        """Commit that pending events were answered, in the order they were received.

        One from before `receive_again` is passed over, for it will be received again.

        Raises:
            TransientError: Kafka does not answer.
        """
        places = [TopicPartition(self._topic, p, end) for p, end in events.ends.items()]
        with self._lock:
            if events.generation != self._generation:
                return
            try:
                commit_for(self._config, self._group, places)
            except KafkaException as error:
                raise TransientError(f"Kafka takes no commit: {error.args[0].str()}") from error

    def receive_again(self, events: PendingEvents) -> None:
        """Go back to the first events that are not committed, since nobody answered these."""
        with self._lock:
            if events.generation == self._generation:
                self._generation += 1
                self._consumer.unassign()
                self._is_listening = False

    def close(self) -> None:
        """Close the connection, once nobody listens any more."""
        with self._lock:
            close_within(self._consumer)

    def _begin(self) -> None:
        try:
            known = self._consumer.list_topics(self._topic, timeout=_TIMEOUT_S).topics[self._topic]
            if known.error is not None or not known.partitions:
                raise TransientError(f"Kafka has no topic {self._topic}: keeper migrate")
            places = [TopicPartition(self._topic, partition) for partition in known.partitions]
            new = [
                TopicPartition(self._topic, place.partition, watermarks(self._consumer, place)[1])
                for place in self._consumer.committed(places, timeout=_TIMEOUT_S)
                if place.offset < 0
            ]
            if new:
                # From here on nothing is missed, though nobody listens for a while.
                commit_for(self._config, self._group, new)
        except KafkaException as error:
            raise TransientError(
                f"Kafka does not answer for {self._topic}: {error.args[0].str()}"
            ) from error
        stored = [TopicPartition(self._topic, place.partition, OFFSET_STORED) for place in places]
        self._consumer.assign(stored)
        self._is_listening = True

    def _sound(self, messages: Sequence[Message]) -> list[Message]:
        """Return the messages that are none of the client's complaints."""
        sound = []
        for message in messages:
            if (error := message.error()) is None:
                sound.append(message)
            else:
                _LOG.warning("%s: %s; listening anew", self._topic, error.str())
                self._is_listening = False
        return sound

    def _pending_events(self, messages: Sequence[Message]) -> PendingEvents:
        counts: Counter[str] = Counter()
        newest = None
        ends: dict[int, int] = {}
        for message in messages:
            partition, offset = message.partition() or 0, message.offset() or 0
            ends[partition] = offset + 1
            try:
                newest = decode_keeper_event(message.value())
            except UndecodableMessageError as error:
                _LOG.warning("%s, offset %d cannot be read: %s", self._topic, offset, error)
            else:
                counts[newest.event_type] += 1
        return PendingEvents(dict(counts), newest, ends, self._generation)
