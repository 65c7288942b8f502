"""Consumers that ask and commit for a group without being a member of it."""

from collections.abc import Callable, Sequence

from confluent_kafka import Consumer, KafkaError, TopicPartition

from keeper.streams.config import KafkaConfig


def group_consumer(
    config: KafkaConfig,
    group: str,
    on_commit: Callable[[KafkaError | None, Sequence[TopicPartition]], None] | None = None,
) -> Consumer:
    """Return a consumer that never subscribes: it may ask and commit, and disturbs nobody.

    It does the asking because librdkafka's admin request for the same ends the process with a
    segmentation fault when the group's coordinator is still starting. Whoever makes one closes it.

    Args:
        config: Where Kafka is.
        group: The group.
        on_commit: Gets the outcome of each commit that is not waited for, inside a poll.
    """
    settings = config.for_client({"group.id": group, "enable.auto.commit": False, "log_level": 0})
    return Consumer(settings if on_commit is None else {"on_commit": on_commit} | settings)
