"""Copying what Keeper notes of its own work, requests to Keepa and runs, to Elasticsearch."""

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from elasticsearch import Elasticsearch

from keeper.errors import EventsRefusedError, KeeperError
from keeper.pipeline.search.contents import RecordContents, RunContents, TokenContents
from keeper.pipeline.search.mirrors import found_in
from keeper.stores.elasticsearch import record_index
from keeper.stores.elasticsearch.bulk import (
    Document,
    Target,
    delete_documents,
    version_of,
    write_documents,
)
from keeper.stores.elasticsearch.rebuilt_index import (
    discard,
    put_in_place,
    remove_index,
    start_rebuilding,
)
from keeper.stores.elasticsearch.versioned_index import put_template
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.exclusive import exclusive
from keeper.stores.postgres.runs import records
from keeper.stores.postgres.runs.records import Table

_LOG: Final = logging.getLogger(__name__)
_UNCHANGED_FOR: Final = timedelta(hours=1)
"""A row this old is in both stores, if it is in one, unless something went wrong."""


@dataclass(frozen=True, slots=True)
class RecordMirror:
    """A table of records and the index that mirrors it.

    Attributes:
        name: What it is called.
        alias: The alias of its index.
        template: The index's settings and mappings.
        table: The table.
        moments: When a record began, which never changes, and when it ended.
        changes_for: For how long after its latest moment a record may still change.
        contents: What the stores hold of it.
    """

    name: str
    alias: str
    template: dict[str, Any]
    table: Table
    moments: tuple[str, str]
    changes_for: timedelta
    contents: RecordContents[Any]


TOKENS: Final = RecordMirror(
    name="tokens",
    alias=record_index.TOKENS_ALIAS,
    template=record_index.TOKENS_INDEX,
    table="token_ledger",
    moments=("requested_at", "settled_at"),
    # Every change sets settled_at; an hour is for clocks and transactions.
    changes_for=timedelta(hours=1),
    contents=TokenContents(),
)
RUNS: Final = RecordMirror(
    name="runs",
    alias=record_index.RUNS_ALIAS,
    template=record_index.RUNS_INDEX,
    table="pipeline_runs",
    moments=("started_at", "finished_at"),
    # Loaders add to a run's counts as long as its messages are kept, which is seven days.
    changes_for=timedelta(days=8),
    contents=RunContents(),
)
RECORD_MIRRORS: Final = {mirror.name: mirror for mirror in (TOKENS, RUNS)}


def record_mirror_of(name: str) -> RecordMirror:
    """Return the mirror of a name.

    Raises:
        UnknownMirrorError: There is none; says which there are.
    """
    return found_in(RECORD_MIRRORS, name)


@dataclass(slots=True)
class Mirrored:
    """What was done.

    Attributes:
        mirror: What was mirrored.
        written: Documents written, as new or again.
        restored: Those of them that had been lost.
        removed: Documents of records that PostgreSQL no longer has.
        refused: Documents Elasticsearch will never take; the log names them.
    """

    mirror: str
    written: int = 0
    restored: int = 0
    removed: int = 0
    refused: int = 0


def mirror_records(
    connection: Connection, client: Elasticsearch, mirror: RecordMirror, *, at: datetime
) -> Mirrored:
    """Bring an index to what its table says, and return what was done.

    Copied is what may have changed since the newest moment the index has. Then both are counted up
    to an hour ago; where the numbers differ, because records went past their retention or documents
    were lost, ids are compared and put right. Doing it again, or two at once, is harmless: of two
    readings of a record the later wins.

    Args:
        connection: PostgreSQL.
        client: Elasticsearch.
        mirror: What is mirrored.
        at: Now.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer; the next time makes up for it.
        SearchRejectedError: There is no such index: `keeper migrate` makes it.
    """
    done, target = Mirrored(mirror.name), Target(mirror.alias)
    newest = record_index.newest_moment(client, mirror.alias, mirror.moments)
    since = None if newest is None else min(newest, at) - mirror.changes_for
    for page in mirror.contents.since(connection, since):
        _write(client, target, map(mirror.contents.document, page), done)
    _compare(connection, client, mirror, at - _UNCHANGED_FOR, done)
    if done.restored or done.removed:
        _LOG.warning("%s", done)
    return done


def rebuild_records(
    connection: Connection,
    client: Elasticsearch,
    mirror: RecordMirror,
    *,
    at: datetime,
    keep_former: bool = False,
) -> tuple[str, Mirrored]:
    """Fill a new index from PostgreSQL, let the alias name it in one step, remove the former one.

    Interrupted before that step, it changes nothing.

    Args:
        connection: PostgreSQL.
        client: Elasticsearch.
        mirror: What is rebuilt.
        at: Now.
        keep_former: Leave the former index.

    Returns:
        The new index, and what was written to it.

    Raises:
        AlreadyRunningError: Another process rebuilds it.
        TransientError: A store does not answer.
    """
    with exclusive(connection, f"rebuilding the search of {mirror.name}"):
        put_template(client, mirror.alias, mirror.template)
        index = start_rebuilding(client, mirror.alias)
        done, target = Mirrored(mirror.name), Target(index, is_alias=False)
        try:
            for page in mirror.contents.since(connection, None):
                _write(client, target, map(mirror.contents.document, page), done)
            refresh_interval = mirror.template["settings"]["refresh_interval"]
            former = put_in_place(client, mirror.alias, index, refresh_interval=refresh_interval)
        except BaseException:
            with suppress(KeeperError):
                discard(client, mirror.alias, index)
            raise
        # What was copied to the former index meanwhile.
        mirror_records(connection, client, mirror, at=at)
        if not keep_former:
            for name in former:
                remove_index(client, name)
    return index, done


def _compare(
    connection: Connection,
    client: Elasticsearch,
    mirror: RecordMirror,
    before: datetime,
    done: Mirrored,
) -> None:
    began = mirror.moments[0]
    theirs = record_index.number_before(client, mirror.alias, began, before)
    ours = records.number_before(connection, mirror.table, before)
    if theirs == ours.number:
        return
    indexed = record_index.ids_before(client, mirror.alias, began, before)
    stored = records.ids_before(connection, mirror.table, before)
    target = Target(mirror.alias)
    surplus = dict.fromkeys(indexed - stored, version_of(ours.read_at))
    done.removed += delete_documents(client, target, surplus)
    if lost := stored - indexed:
        written = done.written
        for page in mirror.contents.since(connection, None):
            documents = (
                document for document in map(mirror.contents.document, page) if document.id in lost
            )
            _write(client, target, documents, done)
        done.restored += done.written - written


def _write(
    client: Elasticsearch, target: Target, documents: Iterable[Document], done: Mirrored
) -> None:
    every = list(documents)
    refused = 0
    try:
        write_documents(client, target, every)
    except EventsRefusedError as error:
        refused = len(error.reasons)
        _LOG.warning("%s", error)
    done.written += len(every) - refused
    done.refused += refused
