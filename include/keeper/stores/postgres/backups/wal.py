"""The write-ahead log beside base backups: receiving it, and how far it reaches.

pg_receivewal streams it, so that what is committed is in the archive within moments, not when a
segment of 16 MB is full. The one that is being written ends in `.partial`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from keeper.errors import TerminalError
from keeper.stores.lake.paths import LakePath
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
SEGMENT_BYTES: Final = 16 * 1024 * 1024
"""How large a segment is unless initdb was given another size (`--wal-segsize`)."""
_FILE_BYTES: Final = 0x1_0000_0000
# In the header of a segment's first page: XLogLongPageHeaderData.xlp_seg_size.
_SIZE_AT: Final = slice(32, 36)
_SIZES: Final = frozenset(1 << power for power in range(20, 31))
_LOOKED_AT: Final = 16


class WalGapError(TerminalError):
    """A segment of the write-ahead log is missing: nothing after it can be restored."""


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """A file of the write-ahead log: its timeline, its number and whether it is being written."""

    timeline: int
    number: int
    is_partial: bool
    file: LakePath = field(compare=False)

    @property
    def name(self) -> str:
        """What PostgreSQL calls it, whole or not."""
        return self.file.name.removesuffix(PARTIAL)


def segments_in(folders: Iterable[LakePath]) -> list[Segment]:
    """Return the segments of a log in their order; of one that is there twice, the whole."""
    files = [
        (file, match)
        for folder in folders
        if folder.is_dir()
        for file in folder.iterdir()
        if (match := _SEGMENT.fullmatch(file.name)) is not None
    ]
    # Of one server all segments have one size.
    in_a_file = _FILE_BYTES // _size_of(files)
    found: dict[str, Segment] = {}
    for file, match in sorted(files, key=lambda pair: pair[0].name):
        number = int(match[2][:8], 16) * in_a_file + int(match[2][8:], 16)
        segment = Segment(int(match[1], 16), number, match[3] is not None, file)
        # Sorted by name, the whole one comes before its former beginning.
        found.setdefault(segment.name, segment)
    return sorted(found.values())


def _size_of(files: Iterable[tuple[LakePath, re.Match[str]]]) -> int:
    """Return how large the segments are, as the first that is whole says."""
    whole = (file.stat().st_size for file, match in files if match[3] is None)
    return next((size for size in whole if size in _SIZES), SEGMENT_BYTES)


def segments_from(segments: Sequence[Segment], first: str) -> tuple[list[Segment], str | None]:
    """Return the segments that a recovery reads which begins with `first`, up to a gap.

    Returns:
        The segments, and why it does not read those that follow; None if it reads all.

    Raises:
        WalGapError: The first of them is missing.
    """
    start = next((one for one in segments if one.name == first), None)
    if start is None:
        raise WalGapError(
            f"the write-ahead log lacks {first}, with which the base backup begins; see that "
            "keeper receive-wal runs, and make a new backup"
        )
    needed = [one for one in segments if one.number >= start.number]
    for place, (earlier, later) in enumerate(pairwise(needed), start=1):
        # On a new timeline the last segment of the former one is there again, whole.
        is_cut_off = earlier.is_partial and later.number > earlier.number
        if is_cut_off or later.number > earlier.number + 1:
            return needed[:place], (
                f"the write-ahead log has a gap after {earlier.name}: nothing after it can be "
                "restored from this base backup; make a new backup"
            )
    return needed, None


def segment_bytes_of(connection: Connection) -> int:
    """Return how large a server's segments are."""
    row = connection.execute(
        "SELECT pg_size_bytes(current_setting('wal_segment_size')) AS bytes"
    ).fetchone()
    return SEGMENT_BYTES if row is None else int(row["bytes"])


def remove_unfilled(folder: Path, segment_bytes: int = SEGMENT_BYTES) -> list[str]:
    """Remove beginnings of segments that pg_receivewal could not fill, and return their names.

    It fills a new segment with zeros before it writes to it. Where the disk was full then, or it
    was killed, the file has no whole length and holds nothing, and pg_receivewal refuses it for
    ever.

    Args:
        folder: Where the log is received; nothing may be receiving into it.
        segment_bytes: How large a segment is.
    """
    removed = []
    for file in sorted(folder.glob(f"*{PARTIAL}")):
        if file.stat().st_size not in (0, segment_bytes):
            file.unlink()
            removed.append(file.name)
    return removed


def content_of(segment: Segment) -> bytes:
    """Return what is in a segment; one that is being written may have been stored without its end.

    PostgreSQL fills a segment with zeros before it writes to it.
    """
    content = segment.file.read_bytes()
    if not segment.is_partial:
        return content
    written = int.from_bytes(content[_SIZE_AT], "little")
    return content.ljust(written if written in _SIZES else SEGMENT_BYTES, b"\0")


def shortened(content: bytes) -> bytes:
    """Return a segment without the zeros that have not been written yet."""
    return content.rstrip(b"\0")


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
            whole.write_bytes(content_of(segment))
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


@dataclass(frozen=True, slots=True)
class Slot:
    """What the server keeps for who receives the log.

    Attributes:
        inactive_since: Since when nobody receives; None if somebody does, and where the server is
            older than PostgreSQL 17, which does not know.
        is_lost: Whether the server has given up what was not received.
        kept_bytes: How much it keeps.
    """

    inactive_since: datetime | None
    is_lost: bool
    kept_bytes: int


def slot_of(connection: Connection) -> Slot | None:
    """Return what the server keeps for the log; None if nobody has ever received it."""
    row = connection.execute(
        # Before PostgreSQL 17 no column says since when.
        "SELECT (to_jsonb(s) ->> 'inactive_since')::timestamptz AS inactive_since, "
        "wal_status = 'lost' AS is_lost, "
        "coalesce(pg_current_wal_lsn() - restart_lsn, 0)::bigint AS kept_bytes "
        "FROM pg_replication_slots AS s WHERE slot_name = %(slot)s",
        {"slot": SLOT},
    ).fetchone()
    if row is None:
        return None
    return Slot(row["inactive_since"], bool(row["is_lost"]), row["kept_bytes"])


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
