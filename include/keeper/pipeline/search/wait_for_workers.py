"""Waiting until the side workers have read what was published."""

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Final

from keeper.errors import TransientError
from keeper.pipeline.search.mirrors import Mirror
from keeper.streams.config import KafkaConfig
from keeper.streams.groups.progress import GroupProgress
from keeper.streams.topic_reader import TopicReader

_PAUSE_S: Final = 1.0
TopicEnds = dict[str, dict[int, int]]


class WorkersBehindError(TransientError):
    """A loader or an indexer has still to read what was published."""


def ends_of_topics(kafka: KafkaConfig, mirrors: Iterable[Mirror]) -> TopicEnds:
    """Return the end of each partition of the topics, the offset of its next message.

    Raises:
        UnknownTopicError: A topic is missing: `keeper migrate` makes it.
        TransientError: Kafka does not answer.
    """
    with TopicReader(kafka) as reader:
        return {
            topic: {span.partition: span.end for span in reader.spans(topic) if len(span)}
            for mirror in mirrors
            for topic in mirror.topics
        }


def wait_for_workers(
    kafka: KafkaConfig,
    mirror: Mirror,
    *,
    timeout_s: float,
    on_wait: Callable[[str], None] = lambda text: None,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until the loaders and indexers have read everything published before the call.

    Args:
        kafka: Where the topics are.
        mirror: Whose topics.
        timeout_s: How long to wait for each worker.
        on_wait: Receives, once, whom it waits for.
        pause: Waits so many seconds.

    Raises:
        WorkersBehindError: They did not get there in time; says who.
        TransientError: Kafka does not answer.
    """
    ends = ends_of_topics(kafka, [mirror])
    for topic, feed in mirror.topics.items():
        for group in feed.groups:
            _wait_for_group(kafka, topic, group, ends[topic], timeout_s, on_wait, pause)


def _wait_for_group(
    kafka: KafkaConfig,
    topic: str,
    group: str,
    ends: dict[int, int],
    timeout_s: float,
    on_wait: Callable[[str], None],
    pause: Callable[[float], None],
) -> None:
    deadline = time.monotonic() + timeout_s
    waits = False
    with closing(GroupProgress(kafka, topic=topic, group=group)) as progress:
        while lag := sum(progress.lag_behind(ends).values()):
            if time.monotonic() >= deadline:
                raise WorkersBehindError(
                    f"{group} has still to read {lag:,} messages of {topic} after {timeout_s:g} s; "
                    "see that its worker runs (make status), then try again"
                )
            if not waits:
                on_wait(f"{group} has still to read {lag:,} messages of {topic}; waiting for it")
                waits = True
            pause(_PAUSE_S)
