"""Committing offsets for a group without being a member of it, in bounded time.

A client whose commit Kafka has not answered cannot be closed, and is left to a thread that ends
when Kafka answers or its connection breaks. A process has at most one such client: the next commit
waits for it, and makes none of its own while it is there. So a Kafka that stays frozen costs one
client and not one for each attempt, and an old commit never takes effect after a newer one.
"""

import threading
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
_TURN: Final = threading.Lock()
_left: threading.Thread | None = None
"""Closes the client whose commit was not answered; whoever has the turn may look and write."""


def commit_for(
    config: KafkaConfig,
    group: str,
    places: Sequence[TopicPartition],
    *,
    limit_s: float = COMMIT_LIMIT_S,
) -> None:
    """Commit where a group stands, by a connection of its own, one commit after another.

    librdkafka's synchronous commit has no time-out of its own, so its outcome is waited for here.

    Raises:
        KafkaException: Kafka refuses the commit, or that of one of the partitions.
        TransientError: It does not answer; the commit may still take effect. Or it has not answered
            an earlier one yet, and this one was not begun.
    """
    gives_up_at = time.monotonic() + limit_s
    if not _TURN.acquire(timeout=limit_s):
        raise _not_begun(config, group, limit_s)
    try:
        if _left is not None:
            _left.join(max(gives_up_at - time.monotonic(), 0))
            if _left.is_alive():
                raise _not_begun(config, group, limit_s)
        _commit(config, group, places, gives_up_at, limit_s)
    finally:
        _TURN.release()


def _not_begun(config: KafkaConfig, group: str, limit_s: float) -> TransientError:
    return TransientError(
        f"Kafka at {config.bootstrap_servers} has not answered an earlier commit "
        f"for {limit_s:g} s; that of {group} was not begun"
    )


def _commit(
    config: KafkaConfig,
    group: str,
    places: Sequence[TopicPartition],
    gives_up_at: float,
    limit_s: float,
) -> None:
    global _left  # noqa: PLW0603 - one for the process is what it promises
    outcomes: list[KafkaError | None] = []

    def record(error: KafkaError | None, done: Sequence[TopicPartition]) -> None:
        outcomes.append(error or next((place.error for place in done if place.error), None))

    consumer = group_consumer(config, group, record)
    try:
        consumer.commit(offsets=list(places), asynchronous=True)
        while not outcomes and time.monotonic() < gives_up_at:
            consumer.poll(_LOOK_S)
    finally:
        _left = close_within(consumer, limit_s=_LOOK_S if not outcomes else limit_s)
    if not outcomes:
        raise TransientError(
            f"Kafka at {config.bootstrap_servers} has not answered a commit of {group} "
            f"for {limit_s:g} s; it may still take effect"
        )
    if outcomes[0] is not None:
        raise KafkaException(outcomes[0])
