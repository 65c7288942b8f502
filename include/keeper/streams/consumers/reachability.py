"""Whether a consumer's topic can be read, for a worker to say what it waits for."""

import logging
import time
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException

from keeper.metrics import Waits
from keeper.streams.topics import remedy_for_missing

_LOG: Final = logging.getLogger(__name__)
_ASK_EVERY_S: Final = 1.0
_TIMEOUT_S: Final = 1.0
_GONE: Final = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE})


class Reachability:
    """Asks Kafka for a topic while there is doubt about it; costs nothing once it has answered."""

    def __init__(self, consumer: Consumer, topic: str, servers: str) -> None:
        """Begin in doubt; nothing is asked yet."""
        self._consumer = consumer
        self._topic = topic
        self._servers = servers
        self._problem: str | None = f"Kafka at {servers} has not answered yet"
        self._asked = 0.0

    @property
    def is_doubted(self) -> bool:
        """Whether the topic may not be readable now."""
        return self._problem is not None

    def record(self, error: KafkaError) -> None:
        """Begin to doubt if the client has lost every broker, or one's topic."""
        if error.code() in _GONE:
            self._problem = self._problem or self._unanswered(error)
        elif error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            self._problem = self._problem or self._missing()

    def look(self, waits: Waits) -> None:
        """Note, and log once, whether the topic can be read.

        Blocks for up to a second, once a second, while there is doubt. Asking also makes the client
        notice a topic that was made meanwhile, which by itself it looks for every five minutes.
        """
        if self._problem is not None and time.monotonic() - self._asked >= _ASK_EVERY_S:
            self._problem = self._ask()
            self._asked = time.monotonic()
        if waits.record("kafka", self._problem):
            if self._problem is None:
                _LOG.info("%s can be read", self._topic)
            else:
                _LOG.warning("%s waits: %s", self._topic, self._problem)

    def _ask(self) -> str | None:
        try:
            topics = self._consumer.list_topics(timeout=_TIMEOUT_S).topics
        except KafkaException as error:
            return self._unanswered(error.args[0])
        return None if self._topic in topics else self._missing()

    def _unanswered(self, error: KafkaError) -> str:
        return f"Kafka at {self._servers} does not answer ({error.str()})"

    def _missing(self) -> str:
        return f"there is no topic {self._topic!r}; {remedy_for_missing(self._topic)}"
