"""What Keeper's consumer groups leave for their next workers and for the operator.

A compacted topic, so that every worker on every machine finds it after a restart: that a group has
stopped, and which messages it lost. It needs no database, which loaders of Elasticsearch do
without.
"""

from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from typing import Final

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from keeper.errors import TransientError
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_reader import TopicReader, UnknownTopicError
from keeper.streams.topics import KEEPER_GROUPS

_ENCODER: Final = msgspec.json.Encoder()
_TIMEOUT_S: Final = 10.0
_READ_TIMEOUT_S: Final = 3.0


class Stop(msgspec.Struct, frozen=True, tag="stop", kw_only=True):
    """That a group has stopped at too many dead letters, or was let go on.

    Attributes:
        group: The group.
        topic: The topic it reads.
        at: When it stopped or was let go on.
        reason: Why it stopped; None once it was let go on.
        given_up_until: By partition, up to where dead letters do not count, as an operator wants.
    """

    group: str
    topic: str
    at: datetime
    reason: str | None = None
    given_up_until: dict[int, int] = {}

    @property
    def key(self) -> str:
        """What a later record of the same replaces."""
        return f"stop/{self.group}/{self.topic}"


class Lost(msgspec.Struct, frozen=True, tag="lost", kw_only=True):
    """What a group has lost of a partition to retention.

    Attributes:
        group: The group.
        topic: The topic.
        partition: The partition.
        messages: How many in all.
        until: The offset after the last of them.
        at: When that was noticed, latest.
        since: When the last message before the latest loss had been published, if it is known.
        has_position: The group had read the partition before; without, it may be new.
    """

    group: str
    topic: str
    partition: int
    messages: int
    until: int
    at: datetime
    since: datetime | None = None
    has_position: bool = True

    @property
    def key(self) -> str:
        """What a later record of the same replaces."""
        return f"lost/{self.group}/{self.topic}/{self.partition}"


_DECODER: Final = msgspec.json.Decoder(Stop | Lost)


class GroupRecords:
    """Reads and writes the records; connects each time, for that is seldom."""

    def __init__(self, config: KafkaConfig, *, topic: str = KEEPER_GROUPS) -> None:
        """Name the topic; nothing is asked yet."""
        self._config = config
        self._topic = topic

    def stop_of(self, group: str, topic: str) -> Stop | None:
        """Return whether a group has ever stopped reading a topic, and what is said of it now.

        Raises:
            TransientError: Kafka does not answer.
        """
        stops = (one for one in self.read() if isinstance(one, Stop))
        return next((one for one in stops if (one.group, one.topic) == (group, topic)), None)

    def losses(self) -> list[Lost]:
        """Return what was lost, by group, topic and partition.

        Raises:
            TransientError: Kafka does not answer.
        """
        return [one for one in self.read() if isinstance(one, Lost)]

    def read(self) -> list[Stop | Lost]:
        """Return the latest record of each kind; none before `keeper migrate` has made the topic.

        Raises:
            TransientError: Kafka does not answer.
        """
        found: dict[str, Stop | Lost] = {}
        with TopicReader(self._config, timeout_s=_READ_TIMEOUT_S) as reader:
            try:
                (span,) = reader.spans(self._topic)
            except UnknownTopicError:
                return []
            if not len(span):
                return []
            with closing(reader.read(self._topic, {0: span.start})) as messages:
                for message in messages:
                    record = _decoded(message.value())
                    if record is not None:
                        found[record.key] = record
                    if (message.offset() or 0) + 1 >= span.end:
                        break
        return sorted(found.values(), key=lambda record: record.key)

    def write(self, records: Iterable[Stop | Lost]) -> None:
        """Write records and wait until Kafka has them.

        Raises:
            TransientError: It does not have them all.
        """
        failures: list[str] = []

        def note(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failures.append(error.str())

        producer = Producer(
            self._config.for_client(
                {
                    "acks": "all",
                    "enable.idempotence": True,
                    "delivery.timeout.ms": int(_TIMEOUT_S * 1000),
                    "allow.auto.create.topics": False,
                    "log_level": 0,
                }
            )
        )
        try:
            for record in records:
                producer.produce(
                    self._topic, _ENCODER.encode(record), record.key.encode(), on_delivery=note
                )
            if producer.flush(_TIMEOUT_S + 1):
                failures.append("no answer in time")
        except (KafkaException, BufferError) as error:
            failures.append(str(error))
        if failures:
            raise TransientError(
                f"{self._topic} did not take what is to be known of a group: {failures[0]}; is "
                "keeper migrate done?"
            )


def _decoded(value: bytes | None) -> Stop | Lost | None:
    """Return a record; None for one that a later version has written."""
    try:
        return None if value is None else _DECODER.decode(value)
    except msgspec.DecodeError:
        return None
