"""The write-ahead log beside base backups: receiving it, and how far it reaches.

pg_receivewal streams it, so that what is committed is in the archive within moments, not when a
segment of 16 MB is full. The one that is being written ends in `.partial`.
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from keeper.errors import TerminalError
from keeper.stores.postgres.backups.programs import (
    ProgramFailedError,
    Programs,
    run,
    without_password,
)
from keeper.stores.postgres.connection import Connection, PostgresConfig

SLOT: Final = "keeper_backup"
"""The server keeps for this name what has not been received yet."""
PARTIAL: Final = ".partial"
_SEGMENT: Final = re.compile(r"([0-9A-F]{8})([0-9A-F]{16})(\.partial)?")
_COMMIT: Final = re.compile(r"desc: (?:COMMIT|ABORT)(?:_PREPARED)? (\S+ \S+) UTC")
_SEGMENT_BYTES: Final = 16 * 1024 * 1024
_LOOKED_AT: Final = 16


class WalGapError(TerminalError):
    """A segment of the write-ahead log is missing: nothing after it can be restored."""


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """A file of the write-ahead log: its timeline, its number and whether it is being written."""

    timeline: int
    number: int
    is_partial: bool
    file: Path

    @property
    def name(self) -> str:
        """What PostgreSQL calls it, whole or not."""
        return self.file.name.removesuffix(PARTIAL)


def segments_in(folder: Path) -> list[Segment]:
    """Return the segments of an archive in their order; of one that is there twice, the whole."""
    found: dict[str, Segment] = {}
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        if match := _SEGMENT.fullmatch(file.name):
            high, low = int(match[2][:8], 16), int(match[2][8:], 16)
            number = high * (0x1_0000_0000 // _SEGMENT_BYTES) + low
            segment = Segment(int(match[1], 16), number, match[3] is not None, file)
            # Sorted by name, the whole one comes before its former beginning.
            found.setdefault(segment.name, segment)
    return sorted(found.values())


def segments_from(folder: Path, first: str) -> list[Segment]:
    """Return the segments that a recovery reads which begins with `first`.

    Raises:
        WalGapError: One of them is missing.
    """
    every = segments_in(folder)
    start = next((one for one in every if one.name == first), None)
    needed = [one for one in every if start is not None and one.number >= start.number]
    numbers = sorted({one.number for one in needed})
    if start is None:
        raise WalGapError(
            f"the write-ahead log in {folder} lacks {first}, with which the base backup begins; "
            "see that keeper receive-wal runs, and make a new backup"
        )
    for earlier, later in pairwise(numbers):
        if later != earlier + 1:
            last = next(one for one in needed if one.number == earlier)
            raise WalGapError(
                f"the write-ahead log in {folder} has a gap after {last.name}: nothing after it "
                "can be restored from this base backup; make a new backup"
            )
    return needed


def reach_of(programs: Programs, segments: Sequence[Segment]) -> datetime | None:
    """Return when the last transaction was committed that these segments hold.

    None if there is none in the newest segments: nothing has been written for long.

    Raises:
        SettingsError: pg_waldump is not there.
    """
    for segment in reversed(segments[-_LOOKED_AT:]):
        with TemporaryDirectory(prefix="keeper-wal-") as folder:
            # pg_waldump takes no file that is called partial.
            whole = Path(folder) / segment.name
            shutil.copyfile(segment.file, whole)
            said = _dumped(programs, whole)
        if commits := _COMMIT.findall(said):
            return datetime.fromisoformat(commits[-1]).replace(tzinfo=UTC)
    return None


def _dumped(programs: Programs, file: Path) -> str:
    where = [f"--path={file.parent}", file.name]
    try:
        return run([programs.path_of("pg_waldump"), "--rmgr=Transaction", *where], {"TZ": "UTC"})
    # A record that goes on in the next segment ends it with an error, after what is whole.
    except ProgramFailedError as error:
        return error.printed


def make_slot(connection: Connection) -> None:
    """Let the server keep from now on what has not been received yet; again changes nothing.

    A slot whose log the server has given up, since it grew too large, keeps nothing any more and is
    made anew.
    """
    connection.execute(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
        "WHERE slot_name = %(slot)s AND wal_status = 'lost' AND NOT active",
        {"slot": SLOT},
    )
    connection.execute(
        "SELECT pg_create_physical_replication_slot(%(slot)s, true) "
        "WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = %(slot)s)",
        {"slot": SLOT},
    )


def receiver(
    programs: Programs, config: PostgresConfig, folder: Path
) -> tuple[list[str], dict[str, str]]:
    """Return the command that receives the write-ahead log into a folder, and its environment.

    It runs until it is ended, and ends when the server does not answer: whoever runs it starts it
    again. What it has flushed it reports at once, so that the server keeps no more than it must.
    """
    conninfo, environment = without_password(config.url)
    command = [
        programs.path_of("pg_receivewal"),
        *(f"--dbname={conninfo}", f"--directory={folder}", f"--slot={SLOT}"),
        *("--synchronous", "--no-loop", "--no-password"),
    ]
    return command, environment
