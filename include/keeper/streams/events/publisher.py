"""Publishing events of Keeper's own: bounded, and never at the expense of what they report."""

import logging
from typing import Final

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from keeper.domain.runs.events import KeeperEvent
from keeper.streams.config import ClientSetting, KafkaConfig
from keeper.streams.producer import ID_WAIT_S
from keeper.streams.topics import KEEPER_EVENTS

_LOG: Final = logging.getLogger(__name__)
_ENCODER: Final = msgspec.json.Encoder()
_TIMEOUT_S: Final = 3.0
_PURGED: Final = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})


def encode_keeper_event(event: KeeperEvent) -> bytes:
    """Return the message of an event."""
    return _ENCODER.encode(event)


class EventPublisher:
    """Publishes to `keeper-events`; what Kafka does not take is logged, and that is all.

    No method raises. None blocks but `close`, for three seconds at most, and the first `publish`,
    for a twentieth of one.
    """

    def __init__(self, config: KafkaConfig, *, topic: str = KEEPER_EVENTS) -> None:
        """Connect with the first event."""
        self._config = config
        self._topic = topic
        self._producer: Producer | None = None

    def publish(self, event: KeeperEvent) -> None:
        """Queue an event, keyed by its type."""
        message, key = encode_keeper_event(event), event.event_type.encode()
        try:
            self._connected().produce(self._topic, message, key, on_delivery=_record_failure)
        except (BufferError, KafkaException) as error:
            _LOG.warning("%s was not published to %s: %s", event.event_type, self._topic, error)
        self.serve()

    def serve(self) -> None:
        """Learn what has become of the events; call it now and then."""
        if self._producer is not None:
            self._producer.poll(0)

    def close(self) -> None:
        """Wait a moment for the last events to be taken."""
        if self._producer is None:
            return
        if left := self._producer.flush(_TIMEOUT_S):
            _LOG.warning("%d events were not taken by %s in time", left, self._topic)
            self._producer.purge()
            self._producer.poll(0)
        self._producer = None

    def _connected(self) -> Producer:
        if self._producer is None:
            settings: dict[str, ClientSetting] = {
                "acks": "all",
                "enable.idempotence": True,
                "delivery.timeout.ms": 20_000,
                "request.timeout.ms": 5_000,
                "topic.metadata.propagation.max.ms": 2_000,
                "allow.auto.create.topics": False,
                # Reported once, by the event that was not taken.
                "log_level": 0,
            }
            self._producer = Producer(self._config.for_client(settings))
            self._producer.poll(ID_WAIT_S)
        return self._producer


def publish_once(config: KafkaConfig, event: KeeperEvent, *, topic: str = KEEPER_EVENTS) -> None:
    """Publish one event within three seconds, or log that it was not."""
    publisher = EventPublisher(config, topic=topic)
    publisher.publish(event)
    publisher.close()


def _record_failure(error: KafkaError | None, message: Message) -> None:
    # What was purged has been reported by close.
    if error is not None and error.code() not in (
        KafkaError._PURGE_QUEUE,
        KafkaError._PURGE_INFLIGHT,
    ):
        key = (message.key() or b"").decode()
        _LOG.warning("%s was not published to %s: %s", key, message.topic(), error.str())
