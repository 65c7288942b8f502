"""Kafka's topics as somebody looks at them: what is in them, who is behind, what is dead."""

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.streams.config import KafkaConfig
from keeper.streams.dead_letters.box import DeadLetterBox, StoredLetter
from keeper.streams.groups.offsets import Standing, standings
from keeper.streams.topic_reader import PartitionSpan, TopicReader, UnknownTopicError
from keeper.streams.workers import READERS

__all__ = [
    "GroupLag",
    "LettersPage",
    "PartitionSpan",
    "Standing",
    "StoredLetter",
    "TopicInDetail",
    "TopicSummary",
    "UnknownTopicError",
    "lag_of_all",
    "letter_at",
    "letters_of",
    "reason_kind",
    "topic_in_detail",
    "topics_of",
]
_MOST_READ: Final = 5_000
"""Letters looked at for one page."""


@dataclass(frozen=True, slots=True)
class GroupLag:
    """How many messages of a topic a group has not read."""

    group: str
    topic: str
    unread: int


@dataclass(frozen=True, slots=True)
class TopicSummary:
    """A topic: its partitions, its messages, and the groups of Keeper's that read it.

    Attributes:
        name: The topic.
        partitions: How many.
        messages: How many; with markers of transactions, so that a .dlq has at most so many.
        readers: Keeper's groups.
    """

    name: str
    partitions: int
    messages: int
    readers: list[GroupLag]


@dataclass(frozen=True, slots=True)
class TopicInDetail:
    """A topic: its partitions, and by group where it stands in each of them."""

    name: str
    spans: list[PartitionSpan]
    standings: Mapping[str, list[Standing]]


@dataclass(frozen=True, slots=True)
class LettersPage:
    """Dead letters of a topic, and where the next page begins.

    Attributes:
        letters: The letters; those of a partition in their order.
        reasons: How often each kind of reason occurs among those looked at.
        read_to: By partition, the last offset looked at.
        is_last: Whether there were no more.
    """

    letters: list[StoredLetter]
    reasons: Counter[str]
    read_to: Mapping[int, int]
    is_last: bool


def topics_of(kafka: KafkaConfig) -> list[TopicSummary]:
    """Return every topic by name.

    Raises:
        TransientError: Kafka does not answer.
    """
    found = []
    with TopicReader(kafka) as reader:
        for name, partitions in reader.topics().items():
            spans = reader.spans(name)
            readers = [_lag(kafka, group, name, spans) for group in _readers_of(name)]
            found.append(TopicSummary(name, partitions, sum(map(len, spans)), readers))
    return found


def lag_of_all(kafka: KafkaConfig) -> list[GroupLag]:
    """Return how far each of Keeper's groups is behind.

    Raises:
        TransientError: Kafka does not answer.
    """
    with TopicReader(kafka) as reader:
        topics = reader.topics()
        return [
            _lag(kafka, group, topic, reader.spans(topic))
            for group, topic in READERS.items()
            if topic in topics
        ]


def topic_in_detail(kafka: KafkaConfig, name: str) -> TopicInDetail:
    """Return a topic's partitions and where each of its readers stands.

    Raises:
        UnknownTopicError: There is no such topic.
        TransientError: Kafka does not answer.
    """
    with TopicReader(kafka) as reader:
        spans = reader.spans(name)
    return TopicInDetail(
        name, spans, {group: standings(kafka, group, name, spans) for group in _readers_of(name)}
    )


def letters_of(
    kafka: KafkaConfig,
    topic: str,
    *,
    since: datetime | None = None,
    only_left: bool = False,
    reason: str | None = None,
    after: Mapping[int, int] | None = None,
    most: int,
) -> LettersPage:
    """Return a page of a topic's dead letters; some thousand are looked at for it.

    Args:
        kafka: Where they are.
        topic: Whose.
        since: Only those given up then or later.
        only_left: Only those that have not been replayed.
        reason: Only with this in their reason, in whatever case.
        after: By partition, the last offset of the page before.
        most: How many at most.

    Raises:
        UnknownTopicError: The topic has none.
        TransientError: Kafka does not answer.
    """
    letters: list[StoredLetter] = []
    reasons: Counter[str] = Counter()
    read_to = dict(after or {})
    is_last = True
    with (
        DeadLetterBox(kafka, topic) as box,
        closing(box.letters(since=since, only_left=only_left, after=after)) as found,
    ):
        for number, letter in enumerate(found):
            if len(letters) == most or number == _MOST_READ:
                is_last = False
                break
            read_to[letter.partition] = letter.offset
            why = letter.headers.get("reason", "")
            if reason is None or reason.lower() in why.lower():
                letters.append(letter)
                reasons[reason_kind(why)] += 1
    return LettersPage(letters, reasons, read_to, is_last)


def letter_at(kafka: KafkaConfig, topic: str, place: str) -> StoredLetter | None:
    """Return the dead letter at a place, 3:41; None if there is none, or none any more.

    Raises:
        UnknownTopicError: The topic has none.
        TransientError: Kafka does not answer.
    """
    partition, _, offset = place.partition(":")
    with DeadLetterBox(kafka, topic) as box:
        return box.letter_at(int(partition), int(offset))


def reason_kind(reason: str) -> str:
    """Return a reason without what differs from message to message."""
    return re.sub(r"'[^']*'|\d+", "…", reason)


def _readers_of(topic: str) -> list[str]:
    return [group for group, read in READERS.items() if read == topic]


def _lag(kafka: KafkaConfig, group: str, topic: str, spans: list[PartitionSpan]) -> GroupLag:
    unread = sum(stand.unread for stand in standings(kafka, group, topic, spans))
    return GroupLag(group, topic, unread)
