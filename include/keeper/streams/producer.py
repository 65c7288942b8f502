"""Publishing with every delivery report checked: what is not acknowledged is an error."""

import logging
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from keeper.errors import TransientError
from keeper.streams.config import KafkaConfig
from keeper.streams.topics import MAX_MESSAGE_BYTES

_LOG: Final = logging.getLogger(__name__)
ID_WAIT_S: Final = 0.05
"""What an idempotent producer waits before its first message. It asks for its id at the address it
was given. A message makes it change to the broker itself: sent before the id is there, it waits
until the client asks again, half a second later.
"""
Headers = list[tuple[str, str | bytes | None]]


class UnacknowledgedError(TransientError):
    """Kafka did not confirm every message; publishing the same again doubles nothing downstream."""


class EventProducer:
    """An idempotent producer (`acks=all`) that knows how far each partition has come.

    Usable as a context manager; leaving it flushes. Not shared between threads.
    """

    def __init__(self, config: KafkaConfig, *, timeout_s: float = 60) -> None:
        """Connect lazily; `timeout_s` bounds how long a message may stay unacknowledged."""
        self._timeout_s = timeout_s
        self._reached: dict[tuple[str, int], int] = {}
        self._refused: list[str] = []
        self._has_sent = False
        self._producer = Producer(
            config.for_client(
                {
                    "enable.idempotence": True,
                    "acks": "all",
                    "compression.type": "zstd",
                    "message.max.bytes": MAX_MESSAGE_BYTES,
                    "linger.ms": 20,
                    "delivery.timeout.ms": int(timeout_s * 1000),
                    "request.timeout.ms": min(30_000, int(timeout_s * 1000)),
                    # A missing topic should fail now, not after half a minute of asking.
                    "topic.metadata.propagation.max.ms": 5_000,
                    "allow.auto.create.topics": False,
                }
            ),
            logger=_LOG,
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Flush, unless an error is already on its way out."""
        if kind is None:
            self.flush()
        else:
            self._producer.purge()

    def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None = None
    ) -> None:
        """Queue a message; blocks while the local queue is full.

        Raises:
            UnacknowledgedError: The message is larger than MAX_MESSAGE_BYTES, say.
        """
        if not self._has_sent:
            self._producer.poll(ID_WAIT_S)
            self._has_sent = True
        while True:
            try:
                self._producer.produce(
                    topic, value, key, headers=headers, on_delivery=self._on_delivery
                )
            except BufferError:
                self._producer.poll(0.5)
            except KafkaException as error:
                raise UnacknowledgedError(f"Kafka takes no message: {error.args[0]}") from error
            else:
                self._producer.poll(0)
                return

    def send_all(self, topic: str, messages: Iterable[tuple[bytes, bytes]]) -> int:
        """Send every (key, value), wait for the acknowledgements and return how many there were.

        Raises:
            UnacknowledgedError: At least one message was not acknowledged.
        """
        count = 0
        for key, value in messages:
            self.send(topic, key, value)
            count += 1
        self.flush()
        return count

    def flush(self) -> None:
        """Wait until every queued message is acknowledged.

        Raises:
            UnacknowledgedError: At least one message since the last flush was not.
        """
        waiting = self._producer.flush(self._timeout_s + 5)
        refused, self._refused = self._refused, []
        if refused or waiting:
            reasons = "; ".join(sorted(set(refused))) or "no answer"
            raise UnacknowledgedError(
                f"Kafka did not acknowledge {len(refused) + waiting} message(s): {reasons}. "
                "Check that the brokers run and the topics exist (keeper migrate)"
            )

    def reached(self, topic: str) -> dict[int, int]:
        """Return, by partition, the offset a group commits once it has read all that was sent."""
        return {
            partition: offset
            for (name, partition), offset in self._reached.items()
            if name == topic
        }

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        if error is not None or topic is None or partition is None or offset is None:
            self._refused.append(str(error.str() if error else "acknowledged without an offset"))
            return
        place = (topic, partition)
        self._reached[place] = max(self._reached.get(place, 0), offset + 1)
