"""Committing offsets for a group without being a member of it, in bounded time."""

import time
from collections.abc import Sequence
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from keeper.errors import TransientError
from keeper.streams.closing import close_within
from keeper.streams.config import KafkaConfig
from keeper.streams.groups.consumers import group_consumer

COMMIT_LIMIT_S: Final = 30.0
_LOOK_S: Final = 0.1


def commit_for(
    config: KafkaConfig,
    group: str,
    places: Sequence[TopicPartition],
    *,
    limit_s: float = COMMIT_LIMIT_S,
) -> None:
    """Commit where a group stands, by a connection of its own.

    librdkafka's synchronous commit has no time-out of its own, so its outcome is waited for here.

    Raises:
        KafkaException: Kafka refuses the commit, or that of one of the partitions.
        TransientError: It does not answer; the commit may still take effect.
    """
    outcomes: list[KafkaError | None] = []

    def record(error: KafkaError | None, done: Sequence[TopicPartition]) -> None:
        outcomes.append(error or next((place.error for place in done if place.error), None))

    consumer = group_consumer(config, group, record)
    try:
        consumer.commit(offsets=list(places), asynchronous=True)
        gives_up_at = time.monotonic() + limit_s
        while not outcomes and time.monotonic() < gives_up_at:
            consumer.poll(_LOOK_S)
    finally:
        close_within(consumer, limit_s=_LOOK_S if not outcomes else limit_s)
    if not outcomes:
        raise TransientError(
            f"Kafka at {config.bootstrap_servers} has not answered a commit of {group} "
            f"for {limit_s:g} s; it may still take effect"
        )
    if outcomes[0] is not None:
        raise KafkaException(outcomes[0])
