"""Asking partitions that are between two leaders.

A partition that was just made, or whose broker has just gone, has no leader for a moment. Clients
are to ask again then; librdkafka does so for reading and writing, but not for offsets.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

_BETWEEN_LEADERS: Final = frozenset(
    {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE}
)
_PAUSE_S: Final = 0.1
_Answer = TypeVar("_Answer")


def watermarks(
    consumer: Consumer, place: TopicPartition, *, timeout_s: float = 10
) -> tuple[int, int]:
    """Return a partition's first offset and the one after its last.

    Raises:
        KafkaException: Kafka does not answer in time, or there is no leader by then.
    """
    found: tuple[int, int] = asked_of_leaders(
        lambda: consumer.get_watermark_offsets(place, timeout=timeout_s), timeout_s=timeout_s
    )
    return found


def asked_of_leaders(ask: Callable[[], _Answer], *, timeout_s: float = 10) -> _Answer:
    """Return what `ask` does, asked again while a partition is between two leaders.

    Raises:
        KafkaException: Kafka does not answer in time, or there is no leader by then.
    """
    again = Retrying(
        retry=retry_if_exception(_is_between_leaders),
        wait=wait_fixed(_PAUSE_S),
        stop=stop_after_delay(timeout_s),
        reraise=True,
    )
    return again(ask)


def _is_between_leaders(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in _BETWEEN_LEADERS
