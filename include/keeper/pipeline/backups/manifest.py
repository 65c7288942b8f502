"""A folder of backups, and what the manifest of each says.

sets/20260301T020000Z/manifest.json   written last: without it there is no backup
sets/20260301T020000Z/base/           a base backup of the whole server, or
sets/20260301T020000Z/keeper.dump     a dump of one database, and airflow.dump
sets/20260301T020000Z/settings.json.gpg   settings and secrets, encrypted
wal/<cluster>-<timeline>/             the write-ahead log since, for any moment after a base;
                                      before a gap, a folder of the same name and .until-…
lake/replies/…                        Keepa's replies, once for all backups
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeVar

import msgspec

from keeper.errors import TerminalError
from keeper.stores.lake.paths import LakePath

MANIFEST: Final = "manifest.json"
SETS: Final = "sets"
REPLIES: Final = "lake"
_LOGS: Final = "wal"
FORMAT: Final = 1
_NAME: Final = "%Y%m%dT%H%M%SZ"
UNFINISHED: Final = ".unfinished"
PART: Final = ".until-"
_Folder = TypeVar("_Folder", bound=LakePath)


class Kind(StrEnum):
    """How PostgreSQL is backed up."""

    BASE = "base backup"
    DUMP = "dump"


class BackedUpFile(msgspec.Struct, frozen=True):
    """A file of a backup, by its size and the SHA-256 of its content."""

    bytes: Annotated[int, msgspec.Meta(ge=0)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Postgres(msgspec.Struct, frozen=True):
    """What was backed up of PostgreSQL.

    Attributes:
        server: The server's version, 18.4.
        client: The programs' major version.
        databases: Which databases a dump has; a base backup has all of the server's.
        migrations: The migrations that Keeper's database had.
        log: Of a base backup: under which name its write-ahead log is kept.
        first_segment: The segment of the log with which its recovery begins.
        rows: How many rows each of Keeper's tables had at the moment of a dump.
    """

    server: str
    client: int
    databases: list[str]
    migrations: list[str]
    log: str | None = None
    first_segment: str | None = None
    rows: dict[str, int] = {}


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds.

    Attributes:
        format: Of this manifest.
        name: The backup's.
        kind: How PostgreSQL is backed up.
        keeper: The version of Keeper that made it.
        began_at: When it began.
        moment: What a dump restores; of a base backup the first moment that can be restored.
        finished_at: When all of it was written.
        postgres: What of PostgreSQL.
        topics: The offsets Kafka's topics ended at, by topic and partition; empty if Kafka did not
            answer.
        groups: The offsets Keeper's groups had committed, by group and partition.
        replies: How many of Keepa's replies the copy of the lake had by then.
        settings: The variables that were set.
        secrets: The file that holds them, encrypted; None if they were left out.
        without: What was left out, and why, a sentence each.
        files: The files, by their path below the backup's folder.
    """

    format: Annotated[int, msgspec.Meta(ge=1)]
    name: Annotated[str, msgspec.Meta(pattern=r"^\d{8}T\d{6}Z$")]
    kind: Kind
    keeper: str
    began_at: datetime
    moment: datetime
    finished_at: datetime
    postgres: Postgres
    topics: dict[str, dict[str, int]]
    groups: dict[str, dict[str, int]]
    replies: int
    settings: list[str]
    secrets: str | None
    without: list[str]
    files: dict[str, BackedUpFile]

    @property
    def bytes(self) -> int:
        """How large its files are."""
        return sum(file.bytes for file in self.files.values())


class UnreadableBackupError(TerminalError):
    """A manifest is damaged or of a newer version."""


class NoBackupError(TerminalError):
    """There is no backup, or none of this name or moment."""


def free_name(folder: LakePath, began_at: datetime) -> str:
    """Return the name of a backup that begins at a moment: its second, or the next that is free.

    A small backup takes less than a second, so that two may begin within one.
    """
    while (sets_of(folder) / began_at.strftime(_NAME)).exists():
        began_at += timedelta(seconds=1)
    return began_at.strftime(_NAME)


def sets_of(folder: _Folder) -> _Folder:
    """Return where the backups of a folder are."""
    return folder / SETS


def wal_of(folder: _Folder, log: str) -> _Folder:
    """Return where a write-ahead log is kept."""
    return folder / _LOGS / log


def parts_of_wal(folder: LakePath, log: str) -> list[LakePath]:
    """Return where the parts of a log are: more than one if it had to begin anew after a gap."""
    logs = folder / _LOGS
    found = list(logs.iterdir()) if logs.is_dir() else []
    return sorted(
        (path for path in found if path.name == log or path.name.startswith(f"{log}{PART}")),
        key=lambda path: path.name,
    )


def histories_of(folder: LakePath, log: str) -> list[LakePath]:
    """Return what is known of the timelines that a cluster has had."""
    logs, cluster = folder / _LOGS, log.partition("-")[0]
    found = list(logs.iterdir()) if logs.is_dir() else []
    parts = [part for part in found if part.name.startswith(f"{cluster}-")]
    return [file for part in parts for file in part.iterdir() if file.name.endswith(".history")]


def log_name(system: str, timeline: int) -> str:
    """Return the name of a log: of a cluster, and of one timeline of it.

    A restored server goes on in a timeline of its own, with numbers the former had too.
    """
    return f"{system}-{timeline:08X}"


def write(path: Path, manifest: Manifest) -> None:
    """Write a backup's manifest, whole or not at all."""
    fresh = path / f".{MANIFEST}"
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    fresh.replace(path / MANIFEST)


def read(path: LakePath) -> Manifest:
    """Read the manifest of the backup in a folder.

    Raises:
        UnreadableBackupError: It is damaged, or a newer Keeper made it.
    """
    try:
        manifest = msgspec.json.decode((path / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableBackupError(f"{path / MANIFEST} cannot be read: {error}") from error
    if manifest.format > FORMAT:
        raise UnreadableBackupError(
            f"{path} was made by Keeper {manifest.keeper}, which is newer than this one"
        )
    return manifest


def backups_in(folder: LakePath) -> list[Manifest]:
    """Return the finished backups of a folder, the oldest first.

    Raises:
        UnreadableBackupError: The manifest of one is damaged.
    """
    root = sets_of(folder)
    paths = list(root.iterdir()) if root.is_dir() else []
    return [
        read(path)
        for path in sorted(paths, key=lambda file: file.name)
        if not path.name.endswith(UNFINISHED) and (path / MANIFEST).exists()
    ]


def files_below(path: Path) -> Mapping[str, BackedUpFile]:
    """Return every file of a backup but its manifest, with its checksum."""
    found = {}
    for file in sorted(path.rglob("*")):
        if file.is_file() and file.name not in (MANIFEST, f".{MANIFEST}"):
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            found[file.relative_to(path).as_posix()] = BackedUpFile(file.stat().st_size, digest)
    return found


def age_text(age: timedelta) -> str:
    """Return how long ago something was, as people say it."""
    hours, seconds = divmod(int(age.total_seconds()), 3600)
    return f"{hours} h" if hours else f"{seconds // 60} min"
