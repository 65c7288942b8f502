"""How far consumer groups have come in every topic, and moving one."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from keeper.errors import TerminalError, TransientError
from keeper.streams.config import KafkaConfig
from keeper.streams.topics import (
    BACKFILL_INDEXER_GROUP,
    BACKFILL_LOADER_GROUP,
    DEAL_INDEXER_GROUP,
    DEAL_LOADER_GROUP,
    DEAL_UPDATES,
    DOORBELL_GROUP,
    KEEPER_EVENTS,
    PRICE_BACKFILL,
    PRICE_INDEXER_GROUP,
    PRICE_LOADER_GROUP,
    PRICE_UPDATES,
)

_TIMEOUT_S: Final = 10.0
_LIVE: Final = frozenset(
    {
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.REBALANCE_IN_PROGRESS,
    }
)
"""What Kafka answers who commits for a group that has members, without being one."""

GROUPS: Final[Mapping[str, str]] = {
    PRICE_LOADER_GROUP: PRICE_UPDATES,
    PRICE_INDEXER_GROUP: PRICE_UPDATES,
    DEAL_LOADER_GROUP: DEAL_UPDATES,
    DEAL_INDEXER_GROUP: DEAL_UPDATES,
    BACKFILL_LOADER_GROUP: PRICE_BACKFILL,
    BACKFILL_INDEXER_GROUP: PRICE_BACKFILL,
}
"""The groups of Keeper's workers and the topic each loads."""
READERS: Final[Mapping[str, str]] = {**GROUPS, DOORBELL_GROUP: KEEPER_EVENTS}
"""The workers' groups, and Airflow's, which only listens."""


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
    with _asking(config, group) as consumer:
        found = consumer.committed(places, timeout=_TIMEOUT_S)
    return {(place.topic, place.partition): place.offset for place in found if place.offset >= 0}


def move_group(config: KafkaConfig, group: str, topic: str, offsets: Mapping[int, int]) -> None:
    """Let a group without members go on at these offsets.

    Raises:
        LiveGroupError: Its workers run.
        TransientError: Kafka does not answer.
    """
    places = [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]
    with _asking(config, group) as consumer:
        try:
            done = consumer.commit(offsets=places, asynchronous=False)
            for place in done or ():
                if place.error is not None:
                    raise KafkaException(place.error)
        except KafkaException as error:
            if error.args[0].code() in _LIVE:
                raise LiveGroupError(
                    f"{group} has members: stop its workers, and when they have names "
                    "(--instance) wait 15 s, then try again"
                ) from error
            raise


@contextmanager
def _asking(config: KafkaConfig, group: str) -> Iterator[Consumer]:
    """Open a consumer that never subscribes: it may ask and commit, and disturbs nobody."""
    consumer = Consumer(
        config.for_client({"group.id": group, "enable.auto.commit": False, "log_level": 0})
    )
    with closing(consumer):
        try:
            yield consumer
        except KafkaException as error:
            raise TransientError(
                f"Kafka at {config.bootstrap_servers} did not answer for the group {group}: "
                f"{error.args[0].str()}"
            ) from error
