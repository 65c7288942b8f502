"""Base backups of a whole server: making one, verifying it, and putting it into an empty folder.

A base backup is two archives, `base.tar.gz` and `pg_wal.tar.gz`, and PostgreSQL's own manifest of
what is in the first. `keeper` verifies it itself, because pg_verifybackup is not everywhere where
the other programs are.
"""

import hashlib
import json
import os
import re
import shutil
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from keeper.errors import TerminalError
from keeper.stores.lake.paths import LakePath
from keeper.stores.postgres.backups.programs import Programs, run, without_password
from keeper.stores.postgres.backups.wal import Segment, content_of
from keeper.stores.postgres.connection import PostgresConfig

BASE: Final = "base.tar.gz"
WAL: Final = "pg_wal.tar.gz"
MANIFEST: Final = "backup_manifest"
MARK: Final = "keeper.restored"
"""A setting of the restored server's, by which the next step knows it."""
_FOLDER_OF_WAL: Final = "keeper_wal"
_UNFINISHED: Final = "keeper_restore_unfinished"
_MARKED: Final = re.compile(rf"^{re.escape(MARK)} = '(.*)'$", re.MULTILINE)
_CHUNK: Final = 1024 * 1024
_EXPECTED: Final = frozenset({BASE, WAL, MANIFEST})


class DamagedBackupError(TerminalError):
    """A backup is not what was written."""


class FolderNotEmptyError(TerminalError):
    """A server's data is where another's is to go."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a recovery ends.

    Attributes:
        mark: What the restored server shall say of itself.
        at: The moment up to which transactions are taken; None for all there are.
    """

    mark: str
    at: datetime | None


def make(programs: Programs, config: PostgresConfig, folder: Path, *, label: str) -> None:
    """Write a base backup of the whole server into a folder, which must not exist yet.

    The write-ahead log that makes it whole is part of it.

    Raises:
        ProgramFailedError: The server refuses, or went away.
    """
    conninfo, environment = without_password(config.url)
    run(
        [
            programs.path_of("pg_basebackup"),
            *(f"--dbname={conninfo}", f"--pgdata={folder}", f"--label={label}"),
            *("--format=tar", "--gzip", "--wal-method=stream", "--checkpoint=fast"),
            *("--manifest-checksums=SHA256", "--no-password"),
        ],
        environment,
    )
    if others := sorted({file.name for file in folder.iterdir()} - _EXPECTED):
        raise TerminalError(
            f"the server has tablespaces ({', '.join(others)}), which keeper does not restore: "
            "back it up with pgBackRest or Barman"
        )


def first_segment(folder: Path) -> str:
    """Return the name of the segment with which a recovery from a base backup begins."""
    (span,) = _manifest(folder)["WAL-Ranges"]
    high, low = (int(part, 16) for part in span["Start-LSN"].split("/"))
    return f"{span['Timeline']:08X}{high:08X}{low // (16 * _CHUNK):08X}"


def system_of(folder: Path) -> str:
    """Return the number of the cluster a base backup is of."""
    return str(_manifest(folder)["System-Identifier"])


def validate(folder: Path) -> None:
    """Read a base backup and compare every file in it with PostgreSQL's manifest.

    Raises:
        DamagedBackupError: A file is missing, or is another; says which.
    """
    wanted = {file["Path"]: file for file in _manifest(folder)["Files"]}
    try:
        with tarfile.open(folder / BASE) as archive:
            for member in archive:
                expected = wanted.pop(member.name.removeprefix("./"), None)
                content = archive.extractfile(member)
                if expected is None or content is None:
                    continue
                digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]  # a tar member is read as a file is
                if digest != expected["Checksum"]:
                    raise DamagedBackupError(
                        f"{member.name} in {folder / BASE} is not what PostgreSQL wrote"
                    )
        with tarfile.open(folder / WAL) as archive:
            archive.getmembers()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise DamagedBackupError(f"{folder} cannot be read: {error}") from error
    if missing := [name for name in wanted if not name.startswith("pg_wal/")]:
        raise DamagedBackupError(f"{folder / BASE} lacks {missing[0]}")


def unpack(
    backup: Path,
    segments: Sequence[Segment],
    data: Path,
    target: Target,
    *,
    histories: Sequence[LakePath] = (),
) -> None:
    """Put a base backup into a server's empty folder, so that its start recovers it to a moment.

    The server must not run. Interrupted, it begins anew the next time. All of it belongs to the
    owner of the folder, as PostgreSQL wants it.

    Args:
        backup: The base backup.
        segments: The write-ahead log since.
        data: The server's data folder; it is made if its parent is there.
        target: Where the recovery ends.
        histories: What is known of timelines there were, so that the restored server takes none
            of their numbers.

    Raises:
        FolderNotEmptyError: There is something in the folder.
        DamagedBackupError: An archive cannot be read.
    """
    unfinished = data / _UNFINISHED
    if unfinished.exists():
        _empty(data)
    if data.exists() and any(data.iterdir()):
        raise FolderNotEmptyError(
            f"{data} is not empty: a restore goes into an empty installation; move the damaged "
            "data away, and keep it until the restore is proved"
        )
    owner = (data if data.exists() else data.parent).stat()
    data.mkdir(mode=0o700, exist_ok=True)
    unfinished.write_text(target.mark, "utf-8")
    try:
        for name, folder in ((BASE, data), (WAL, data / "pg_wal")):
            with tarfile.open(backup / name) as archive:
                archive.extractall(folder, filter="tar")
    except (EOFError, tarfile.TarError) as error:
        raise DamagedBackupError(f"{backup} cannot be read: {error}") from error
    wal = data / _FOLDER_OF_WAL
    wal.mkdir(mode=0o700)
    for segment in segments:
        (wal / segment.name).write_bytes(content_of(segment))
    for file in histories:
        (wal / file.name).write_bytes(file.read_bytes())
    with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write(_recovery(target))
    (data / "recovery.signal").touch()
    data.chmod(0o700)
    if os.geteuid() == 0:
        for path in (data, *data.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    unfinished.unlink()


def is_unpacked(data: Path, mark: str) -> bool:
    """Return whether a folder holds what `unpack` put there for the same restore."""
    return not (data / _UNFINISHED).exists() and mark_of(data) == mark


def mark_of(data: Path) -> str | None:
    """Return the restore a folder is of, whole or unpacked in part; None if of none."""
    unfinished, settings = data / _UNFINISHED, data / "postgresql.auto.conf"
    if unfinished.exists():
        return unfinished.read_text("utf-8")
    if not settings.is_file():
        return None
    # Those of earlier restores come before it.
    marks: list[str] = _MARKED.findall(settings.read_text("utf-8"))
    return marks[-1] if marks else None


def clean_up(data: Path) -> None:
    """Remove the write-ahead log that the recovery has read."""
    shutil.rmtree(data / _FOLDER_OF_WAL, ignore_errors=True)


def _recovery(target: Target) -> str:
    # Relative to the data folder, in which the server runs it.
    at = "" if target.at is None else target.at.astimezone(UTC).isoformat(sep=" ")
    lines = [
        f"restore_command = 'cp {_FOLDER_OF_WAL}/%f \"%p\"'",
        "recovery_target_timeline = 'current'",
        "recovery_target_action = 'promote'",
        # Also if there is none: that of an earlier restore may be in the file this is added to.
        f"recovery_target_time = '{at}'",
        f"{MARK} = '{target.mark}'",
    ]
    return "\n".join(["", *lines, ""])


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedBackupError(f"{folder / MANIFEST} cannot be read: {error}") from error
    return manifest
