"""Numbers of the topics: how far groups are behind, and how many dead letters there are."""

from contextlib import closing
from typing import Final

from prometheus_client.metrics_core import Metric

from keeper.pipeline.metrics import definitions as of
from keeper.streams.config import KafkaConfig
from keeper.streams.groups.offsets import standings
from keeper.streams.topic_reader import TopicReader
from keeper.streams.topics import is_dead_letter_topic
from keeper.streams.workers import READERS

_ANSWER_S: Final = 2.0


def read_kafka(config: KafkaConfig) -> list[Metric]:
    """Read all numbers of Kafka.

    Raises:
        TransientError: It does not answer.
    """
    # Sooner than Prometheus gives up: what is away leaves out its own numbers alone.
    with closing(TopicReader(config, timeout_s=_ANSWER_S)) as reader:
        there = reader.topics()
        unread = [
            (
                (group, topic),
                float(
                    sum(
                        standing.unread
                        for standing in standings(config, group, topic, reader.spans(topic))
                    )
                ),
            )
            for group, topic in READERS.items()
            if topic in there
        ]
        letters = [
            ((topic,), float(sum(map(len, reader.spans(topic)))))
            for topic in there
            if is_dead_letter_topic(topic)
        ]
    return [of.GROUP_UNREAD.of(unread), of.DEAD_LETTERS.of(letters)]
