"""How far a consumer group has come."""

from collections.abc import Mapping
from typing import Final

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from keeper.errors import TransientError

_TIMEOUT_S: Final = 10


def lag_behind(
    admin: AdminClient, *, topic: str, group: str, offsets: Mapping[int, int]
) -> dict[int, int]:
    """Return how many messages the group still has to commit, by partition, to reach `offsets`.

    Args:
        admin: An admin client; the call blocks for up to ten seconds.
        topic: The topic.
        group: The consumer group.
        offsets: Partition to the offset that has to be committed.

    Returns:
        Only partitions that are behind; empty once the group has reached them all.

    Raises:
        TransientError: Kafka did not answer.
    """
    if not offsets:
        return {}
    places = [TopicPartition(topic, partition) for partition in offsets]
    request = ConsumerGroupTopicPartitions(group, places)
    try:
        future = admin.list_consumer_group_offsets([request], request_timeout=_TIMEOUT_S)[group]
        committed = future.result(timeout=_TIMEOUT_S + 5)
    except (KafkaException, TimeoutError) as error:
        raise TransientError(f"Kafka did not tell the offsets of {group}: {error}") from error
    behind = {}
    for place in committed.topic_partitions:
        missing = offsets[place.partition] - max(place.offset, 0)
        if missing > 0:
            behind[place.partition] = missing
    return behind
