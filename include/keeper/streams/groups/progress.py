"""How far a consumer group has come."""

from collections.abc import Mapping
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from keeper.errors import TransientError
from keeper.streams.config import KafkaConfig

_TIMEOUT_S: Final = 10


class GroupProgress:
    """Asks for a group's committed offsets without joining the group.

    A consumer that never subscribes does the asking: librdkafka's admin request for the same ends
    the process with a segmentation fault when the group's coordinator is still starting.
    Whoever makes one closes it.
    """

    def __init__(self, config: KafkaConfig, *, topic: str, group: str) -> None:
        """Connect lazily."""
        self._topic = topic
        self._group = group
        self._consumer = Consumer(
            config.for_client({"group.id": group, "enable.auto.commit": False, "log_level": 0})
        )

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    def lag_behind(self, offsets: Mapping[int, int]) -> dict[int, int]:
        """Return how many messages are still to be committed, by partition, to reach `offsets`.

        Blocks for up to ten seconds.

        Args:
            offsets: Partition to the offset that has to be committed.

        Returns:
            Only partitions that are behind; empty once the group has reached them all.

        Raises:
            TransientError: Kafka did not answer.
        """
        if not offsets:
            return {}
        places = [TopicPartition(self._topic, partition) for partition in offsets]
        behind = {}
        try:
            for place in self._consumer.committed(places, timeout=_TIMEOUT_S):
                if place.error is not None:
                    raise KafkaException(place.error)
                missing = offsets[place.partition] - max(place.offset, 0)
                if missing > 0:
                    behind[place.partition] = missing
        except KafkaException as error:
            raise TransientError(
                f"Kafka did not tell the offsets of {self._group}: {error}"
            ) from error
        return behind
