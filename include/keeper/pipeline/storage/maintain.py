"""Keeping the stores in order: room for what comes, sound tables, and an end for what is old."""

import logging
import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from keeper.errors import TerminalError
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.storage.retention import (
    EXPIRING,
    Old,
    drop_old_points,
    drop_old_records,
    problems,
)

_LOG: Final = logging.getLogger(__name__)


class StorageUnsoundError(TerminalError):
    """The database needs somebody's hand; says whose and what."""


class Kind(StrEnum):
    """What has a retention of its own; the name is part of a notice's topic."""

    POINTS = "points"
    RECORDS = "records"
    REPLIES = "replies"
    RUN_FILES = "run_files"
    AIRFLOW = "airflow"


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days what is kept; None is for ever."""

    points: int | None
    records: int


@dataclass(frozen=True, slots=True)
class OldFiles:
    """Folders that are past their retention, and the bytes they take."""

    folders: int
    bytes: int


def require_sound_storage(connection: Connection, at: datetime) -> None:
    """See that the database is sound.

    Raises:
        StorageUnsoundError: It is not; a line for each thing, with its remedy.
    """
    if found := problems(connection, at):
        raise StorageUnsoundError("\n".join(found))


def drop_old(
    connection: Connection,
    retention: Retention,
    *,
    at: datetime,
    apply: bool,
    only_reported: Collection[Kind] = (),
) -> list[Old]:
    """Drop points and records that are past their retention and return what they were.

    Args:
        connection: Outside a transaction.
        retention: For how long they are kept.
        at: Now.
        apply: Drop; otherwise only say what would go.
        only_reported: Of these kinds only say it all the same; what expires by itself goes.

    Raises:
        NotRolledUpError: Some of the points have not been rolled up.
    """
    old = _old(connection, retention, at=at, apply=apply, only_reported=only_reported)
    for one in old:
        is_gone = apply and kind_of(one.name) not in only_reported
        _LOG.info("%s: %s", "dropped" if is_gone else "would drop", asdict(one))
    return old


def kind_of(name: str) -> Kind | None:
    """Return the kind of a table or partition of `drop_old`; None of what expires by itself."""
    if name in EXPIRING:
        return None
    return Kind.POINTS if name.startswith("price_points_") else Kind.RECORDS


def past_retention(connection: Connection, retention: Retention, *, at: datetime) -> list[Old]:
    """Return the points and records that are past their retention, and stay for now."""
    return _old(connection, retention, at=at, apply=False, only_reported=())


def _old(
    connection: Connection,
    retention: Retention,
    *,
    at: datetime,
    apply: bool,
    only_reported: Collection[Kind],
) -> list[Old]:
    old = []
    if retention.points is not None:
        before = at - timedelta(days=retention.points)
        old += drop_old_points(connection, before, apply=apply and Kind.POINTS not in only_reported)
    before = at - timedelta(days=retention.records)
    return old + drop_old_records(
        connection, before, apply=apply, only_expiring=Kind.RECORDS in only_reported
    )


def drop_old_folders(root: Path, before: datetime, *, apply: bool) -> OldFiles:
    """Delete the folders in `root` in which nothing has been written since `before`.

    Args:
        root: Where they are; missing is empty.
        before: A folder with a file of then or later stays whole.
        apply: Delete; otherwise only count.
    """
    folders = size = 0
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.is_symlink() or not folder.is_dir():
            continue
        status = [file.stat() for file in _files(folder)]
        newest = max((one.st_mtime for one in status), default=folder.stat().st_mtime)
        if datetime.fromtimestamp(newest, UTC) >= before:
            continue
        folders += 1
        size += sum(one.st_size for one in status)
        if apply:
            shutil.rmtree(folder)
    _LOG.info("%s: %d folders, %d bytes", root, folders, size)
    return OldFiles(folders, size)


def _files(folder: Path) -> Iterator[Path]:
    for at, _, names in os.walk(folder):
        yield from (path for name in names if (path := Path(at, name)).exists())
