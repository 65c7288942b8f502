"""Copying the lake's replies to a backup and back; a reply never changes, so each is copied once.

Of a day the entries there are, then the bodies, are listed and copied the other way round: an entry
of the copy never names a body the copy lacks, also while replies are being written.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.lake.paths import LakePath, at_once
from keeper.stores.postgres.connection import Connection, statements

_REPLIES: Final = "replies"
_ENTRY: Final = ".entry.json"
_BODY: Final = ".json.gz"
_UNFINISHED: Final = ".unfinished"
_SQL: Final = "restore"


@dataclass(frozen=True, slots=True)
class Copied:
    """How many replies a copy holds of the days looked at, and how many files were copied."""

    replies: int
    files: int
    bytes: int


def copy_replies(source: LakePath, target: LakePath, *, since: date | None = None) -> Copied:
    """Copy every reply that the target lacks, or has in part; none replaces a larger one.

    Args:
        source: A lake.
        target: Another.
        since: Only of this day and later ones; all of them without.

    Raises:
        LakeUnavailableError: The storage of one does not answer.
    """
    replies = files = size = 0
    for day in _days(source, since):
        origin, folder = _at(source, day), _at(target, day)
        entries = [file for file in origin.iterdir() if file.name.endswith(_ENTRY)]
        bodies = [file for file in origin.iterdir() if file.name.endswith(_BODY)]
        there = _sizes(folder)
        for part in (bodies, entries):
            sizes = at_once(lambda file: file.stat().st_size, part)
            missing = [
                file
                for file, known in zip(part, sizes, strict=True)
                # A file that is larger there is the whole one, and this one is damaged.
                if there.get(file.name, -1) < known
            ]
            if missing:
                folder.mkdir(parents=True, exist_ok=True)
            size += sum(at_once(_copy_to(folder), missing))
            files += len(missing)
        replies += len(entries)
    return Copied(replies, files, size)


def missing_replies(connection: Connection, lake: LakePath) -> list[str]:
    """Return of which runs the database knows more paid replies than a lake holds, one a line.

    What retention has deleted is not missing: only requests since the oldest reply count.
    """
    archive = ReplyArchive(lake)
    every = [reply for endpoint in archive.endpoints() for reply in archive.replies(endpoint)]
    if not every:
        return []
    held = Counter((reply.endpoint, reply.run_id) for reply in every)
    oldest = min(reply.received_at for reply in every)
    rows = connection.execute(statements(_SQL)["paid_replies"], {"since": oldest}).fetchall()
    return [
        f"{row['run_id']}: {row['replies'] - number} of {row['replies']} replies to {endpoint}"
        for row in rows
        if (number := held[(endpoint := row["endpoint"]), row["run_id"]]) < row["replies"]
    ]


_Day = tuple[str, str, str]


def _days(lake: LakePath, since: date | None) -> Iterator[_Day]:
    for endpoint in _folders(lake / _REPLIES, "endpoint="):
        for domain in _folders(lake / _REPLIES / endpoint, "domain="):
            for day in _folders(lake / _REPLIES / endpoint / domain, "day="):
                if since is None or day.removeprefix("day=") >= since.isoformat():
                    yield endpoint, domain, day


def _folders(path: LakePath, prefix: str) -> list[str]:
    if not path.exists():
        return []
    return sorted({one.name for one in path.iterdir() if one.name.startswith(prefix)})


def _at(lake: LakePath, day: _Day) -> LakePath:
    endpoint, domain, name = day
    return lake / _REPLIES / endpoint / domain / name


def _sizes(folder: LakePath) -> dict[str, int]:
    if not folder.exists():
        return {}
    files = list(folder.iterdir())
    sizes = at_once(lambda file: file.stat().st_size, files)
    return {file.name: size for file, size in zip(files, sizes, strict=True)}


def _copy_to(folder: LakePath) -> Callable[[LakePath], int]:
    def copy(file: LakePath) -> int:
        whole = folder / file.name
        # Object storage has a file whole or not at all.
        if "://" in str(folder) and not str(folder).startswith("file:"):
            return whole.write_bytes(file.read_bytes())
        fresh = folder / f".{file.name}{_UNFINISHED}"
        size = fresh.write_bytes(file.read_bytes())
        fresh.rename(whole)
        return size

    return copy
