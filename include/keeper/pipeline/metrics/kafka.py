"""Numbers of the topics: how far groups are behind, and how many dead letters there are."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from prometheus_client.metrics_core import Metric

from keeper.pipeline.metrics import definitions as of
from keeper.streams.config import KafkaConfig
from keeper.streams.groups.offsets import standings
from keeper.streams.topic_reader import TopicReader
from keeper.streams.topics import is_dead_letter_topic
from keeper.streams.workers import READERS

_ANSWER_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class TopicNumbers:
    """How far groups are behind, and how many dead letters there are.

    Attributes:
        unread: Messages by group and topic.
        dead_letters: Messages by topic.
    """

    unread: Mapping[tuple[str, str], int]
    dead_letters: Mapping[str, int]


def topic_numbers(config: KafkaConfig) -> TopicNumbers:
    """Ask Kafka for the numbers of Keeper's topics that are there.

    Raises:
        TransientError: It does not answer within seconds.
    """
    # Sooner than Prometheus gives up: what is away leaves out its own numbers alone.
    with closing(TopicReader(config, timeout_s=_ANSWER_S)) as reader:
        there = reader.topics()
        unread = {
            (group, topic): sum(
                standing.unread for standing in standings(config, group, topic, reader.spans(topic))
            )
            for group, topic in READERS.items()
            if topic in there
        }
        letters = {
            topic: sum(map(len, reader.spans(topic)))
            for topic in there
            if is_dead_letter_topic(topic)
        }
    return TopicNumbers(unread, letters)


def read_kafka(config: KafkaConfig) -> list[Metric]:
    """Read all numbers of Kafka.

    Raises:
        TransientError: It does not answer.
    """
    found = topic_numbers(config)
    return [
        of.GROUP_UNREAD.of((names, float(count)) for names, count in found.unread.items()),
        of.DEAD_LETTERS.of(((topic,), float(n)) for topic, n in found.dead_letters.items()),
    ]
