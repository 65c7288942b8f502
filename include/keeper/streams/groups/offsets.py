"""How far consumer groups have come in every topic, and moving one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from keeper.errors import TerminalError, TransientError
from keeper.streams.config import KafkaConfig
from keeper.streams.groups.commits import commit_for
from keeper.streams.groups.consumers import group_consumer
from keeper.streams.topic_reader import PartitionSpan

_TIMEOUT_S: Final = 10.0
_LIVE: Final = frozenset(
    {
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.REBALANCE_IN_PROGRESS,
    }
)
"""What Kafka answers who commits for a group that has members, without being one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a group stands in a partition.

    Attributes:
        span: The partition, from its first message to its end.
        at: The offset of the next message the group reads; None if it never read.
    """

    span: PartitionSpan
    at: int | None

    @property
    def unread(self) -> int:
        """How many of its messages the group has still to read."""
        return self.span.unread_from(self.at)


class LiveGroupError(TerminalError):
    """A group with members cannot be moved: they would commit over it."""


@dataclass(frozen=True, slots=True)
class Move:
    """Where a group stands in a partition and where it shall go on: offsets of next messages."""

    partition: int
    before: int
    after: int

    def __len__(self) -> int:
        """Return how many messages it reads again."""
        return self.before - self.after


def committed(
    config: KafkaConfig, group: str, partitions: Mapping[str, int]
) -> dict[tuple[str, int], int]:
    """Return a group's committed offsets by topic and partition; what it never read is left out.

    Args:
        config: Where Kafka is.
        group: The group; one that does not exist has none.
        partitions: The number of partitions by topic.

    Raises:
        TransientError: Kafka does not answer.
    """
    places = [TopicPartition(topic, p) for topic, count in partitions.items() for p in range(count)]
    if not places:
        return {}
    with closing(group_consumer(config, group)) as consumer:
        found = committed_at(config, group, consumer, places)
    return {(place.topic, place.partition): place.offset for place in found if place.offset >= 0}


def standings(
    config: KafkaConfig, group: str, topic: str, spans: Sequence[PartitionSpan]
) -> list[Standing]:
    """Return where a group stands in each partition of a topic.

    Args:
        config: Where Kafka is.
        group: The group; one that does not exist has read nothing.
        topic: The topic.
        spans: Its partitions, as TopicReader.spans() returns them.

    Raises:
        TransientError: Kafka does not answer.
    """
    places = committed(config, group, {topic: len(spans)})
    return [Standing(span, places.get((topic, span.partition))) for span in spans]


def move_group(config: KafkaConfig, group: str, topic: str, offsets: Mapping[int, int]) -> None:
    """Let a group without members go on at these offsets.

    Raises:
        LiveGroupError: Its workers run.
        TransientError: Kafka does not answer.
    """
    places = [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]
    with _answering(config, group):
        try:
            commit_for(config, group, places)
        except KafkaException as error:
            if error.args[0].code() in _LIVE:
                raise LiveGroupError(
                    f"{group} has members: stop its workers, and when they have names "
                    "(--instance) wait 15 s, then try again"
                ) from error
            raise


def committed_at(
    config: KafkaConfig, group: str, consumer: Consumer, places: Sequence[TopicPartition]
) -> list[TopicPartition]:
    """Return the partitions with the group's committed offsets, negative where there is none.

    Blocks for up to ten seconds.

    Args:
        config: Where Kafka is.
        group: The group.
        consumer: What group_consumer() returned for it.
        places: The partitions.

    Raises:
        TransientError: Kafka does not answer, or not for one of the partitions.
    """
    with _answering(config, group):
        found = consumer.committed(list(places), timeout=_TIMEOUT_S)
        for place in found:
            if place.error is not None:
                raise KafkaException(place.error)
    return found


@contextmanager
def _answering(config: KafkaConfig, group: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise TransientError(
            f"Kafka at {config.bootstrap_servers} did not answer for the group {group}: "
            f"{error.args[0].str()}"
        ) from error
