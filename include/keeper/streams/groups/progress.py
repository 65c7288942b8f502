"""How far a consumer group still is from what it shall reach, asked again and again."""

from collections.abc import Mapping

from confluent_kafka import TopicPartition

from keeper.streams.config import KafkaConfig
from keeper.streams.groups.consumers import group_consumer
from keeper.streams.groups.offsets import committed_at


class GroupProgress:
    """Asks for a group's committed offsets over one connection, without joining the group.

    Whoever makes one closes it.
    """

    def __init__(self, config: KafkaConfig, *, topic: str, group: str) -> None:
        """Connect lazily."""
        self._config = config
        self._topic = topic
        self._group = group
        self._consumer = group_consumer(config, group)

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
        found = committed_at(self._config, self._group, self._consumer, places)
        missing = {
            place.partition: offsets[place.partition] - max(place.offset, 0) for place in found
        }
        return {partition: count for partition, count in missing.items() if count > 0}
