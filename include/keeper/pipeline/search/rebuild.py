"""Making an index anew from PostgreSQL while indexing goes on."""

import logging
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from elasticsearch import Elasticsearch

from keeper.errors import EventsRefusedError, KeeperError
from keeper.pipeline.search.mirrors import Mirror
from keeper.stores.elasticsearch.bulk import Target, write_documents
from keeper.stores.elasticsearch.rebuilt_index import (
    discard,
    put_in_place,
    remove_index,
    start_rebuilding,
)
from keeper.stores.elasticsearch.versioned_index import put_template
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.exclusive import exclusive
from keeper.streams.codec import UndecodableMessageError
from keeper.streams.config import KafkaConfig
from keeper.streams.groups.offsets import standings
from keeper.streams.topic_reader import TopicReader

_LOG: Final = logging.getLogger(__name__)
_MESSAGES: Final = 5_000


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did.

    Attributes:
        index: The new index.
        copied: Events copied from PostgreSQL.
        caught_up: Messages of Kafka indexed once more, because a store may not have had them yet.
        refused: Documents Elasticsearch will never take; the log names them.
        former: The indices it took the place of.
    """

    index: str
    copied: int
    caught_up: int
    refused: int
    former: Sequence[str]


def rebuild_search(
    connection: Connection,
    client: Elasticsearch,
    kafka: KafkaConfig,
    mirror: Mirror,
    *,
    progress: Callable[[float], None] = lambda share: None,
    keep_former: bool = False,
) -> Rebuilt:
    """Fill a new index from PostgreSQL, let the alias name it in one step, remove the former one.

    Indexing and loading go on meanwhile. What they had not brought to both stores when the copy
    began, and all that came since, is read from Kafka once more and indexed before the former index
    goes; versions keep the later check of each document. Whoever searches sees the former index
    until the new one is complete. Interrupted before that, it changes nothing, and the next rebuild
    removes what it left.

    Args:
        connection: PostgreSQL.
        client: Elasticsearch.
        kafka: Where the mirror's topics are.
        mirror: What is rebuilt.
        progress: Receives the share that has been copied, 0 to 1.
        keep_former: Leave the former index.

    Raises:
        AlreadyRunningError: Another process rebuilds it.
        TransientError: A service does not answer.
    """
    with exclusive(connection, f"rebuilding the search of {mirror.name}"):
        put_template(client, mirror.alias, mirror.template)
        offsets = _read_by_both(kafka, mirror)
        index = start_rebuilding(client, mirror.alias)
        writer = _Writer(client, index, mirror)
        try:
            for part in mirror.contents.everything(connection):
                writer.write(part.events)
                progress(part.done)
            copied = writer.written
            # The long part of it, so that the new index is nearly complete when it takes its place.
            offsets = _index_since(kafka, mirror, offsets, writer)
            former = put_in_place(
                client, mirror.alias, index, refresh_interval=mirror.refresh_interval
            )
        except BaseException:
            with suppress(KeeperError):
                discard(client, mirror.alias, index)
            raise
        try:
            _index_since(kafka, mirror, offsets, writer)
        except BaseException:
            _LOG.error(
                "%s is in place but may lack the latest: run keeper search reconcile; %s is left",
                index,
                ", ".join(former) or "nothing",
            )
            raise
        if not keep_former:
            for name in former:
                remove_index(client, name)
    return Rebuilt(index, copied, writer.written - copied, writer.refused, former)


class _Writer:
    """Writes events to the new index, whatever becomes of single ones."""

    def __init__(self, client: Elasticsearch, index: str, mirror: Mirror) -> None:
        self._client = client
        self._target = Target(index, is_alias=False)
        self._mirror = mirror
        self.written = 0
        self.refused = 0

    def write(self, events: Sequence[Any]) -> None:
        try:
            write_documents(self._client, self._target, map(self._mirror.contents.document, events))
        except EventsRefusedError as error:
            self.refused += len(error.reasons)
            _LOG.warning("%s", error)
        self.written += len(events)


def _read_by_both(kafka: KafkaConfig, mirror: Mirror) -> dict[str, dict[int, int]]:
    """Return how far each topic has been read by all its workers, by whichever is behind.

    What is before it is in PostgreSQL, and what is after it may be in one store only.
    """
    offsets: dict[str, dict[int, int]] = {}
    with TopicReader(kafka) as reader:
        for topic, feed in mirror.topics.items():
            spans = reader.spans(topic)
            read = [standings(kafka, group, topic, spans) for group in feed.groups]
            offsets[topic] = {
                span.partition: max(span.start, min(stand.at or 0 for stand in of_partition))
                for span, *of_partition in zip(spans, *read, strict=True)
            }
    return offsets


def _index_since(
    kafka: KafkaConfig, mirror: Mirror, offsets: dict[str, dict[int, int]], writer: _Writer
) -> dict[str, dict[int, int]]:
    """Index the messages from these offsets to the topics' ends, and return where they ended."""
    reached = {topic: dict(of_topic) for topic, of_topic in offsets.items()}
    with TopicReader(kafka) as reader:
        for topic, start in offsets.items():
            with closing(reader.read(topic, start)) as messages:
                while batch := list(islice(messages, _MESSAGES)):
                    events: list[Any] = []
                    for message in batch:
                        partition, offset = message.partition() or 0, message.offset() or 0
                        reached[topic][partition] = offset + 1
                        # A dead letter of the indexer's too.
                        with suppress(UndecodableMessageError):
                            events += mirror.topics[topic].read(message.value())
                    writer.write(events)
    return reached
