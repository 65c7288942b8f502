"""Which backup restores a moment."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups.manifest import Kind, Manifest, NoBackupError
from keeper.pipeline.backups.place import BackupPlace
from keeper.stores.lake.paths import LakePath
from keeper.stores.postgres.backups.programs import Programs
from keeper.stores.postgres.backups.wal import (
    Segment,
    WalGapError,
    reach_of,
    segments_from,
    segments_in,
)

_END: Final = "its end"


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a base backup can be restored with the write-ahead log there is.

    Attributes:
        segments: What is read of it; none if there is none.
        until: The last commit in it, or the backup's own moment.
        problem: Why it reaches no further than the backup itself; None if it does.
    """

    segments: tuple[Segment, ...]
    until: datetime
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A backup and how it is restored.

    Attributes:
        manifest: The backup.
        place: Where it is.
        moment: What will be there afterwards: all that was committed up to then.
        at: The moment at which a recovery stops; None for the end of what there is.
        segments: The write-ahead log that is read.
    """

    manifest: Manifest
    place: BackupPlace
    moment: datetime
    at: datetime | None
    segments: tuple[Segment, ...]

    @property
    def path(self) -> LakePath:
        """Where the backup itself is."""
        return manifests.sets_of(self.place.root) / self.manifest.name

    @property
    def mark(self) -> str:
        """What distinguishes this restore from others; it is asked for again after a pause."""
        return f"{self.manifest.name} to {moment_text(self.at) if self.at else _END}"


@dataclass(frozen=True, slots=True)
class Begun:
    """What an unfinished restore restores: the backup, and the moment; None for its end."""

    backup: str
    at: datetime | None


def begun_by(mark: str) -> Begun | None:
    """Return what the restore of a mark restores; None if it is no mark."""
    name, separator, moment = mark.partition(" to ")
    if not separator:
        return None
    if moment == _END:
        return Begun(name, None)
    try:
        return Begun(name, datetime.fromisoformat(moment))
    except ValueError:
        return None


def moment_text(at: datetime) -> str:
    """Return a moment so that it can be typed again and means the same one."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def reach_of_base(place: BackupPlace, manifest: Manifest, programs: Programs) -> Reach:
    """Return how far a base backup can be restored.

    Raises:
        SettingsError: pg_waldump is not there.
    """
    postgres = manifest.postgres
    if postgres.log is None or postgres.first_segment is None:
        raise AssertionError("a base backup's manifest names its cluster")
    every = segments_in(manifests.parts_of_wal(place.root, postgres.log))
    try:
        segments, problem = segments_from(every, postgres.first_segment)
    except WalGapError as error:
        return Reach((), manifest.moment, str(error))
    reached = reach_of(programs, segments)
    return Reach(tuple(segments), max(reached or manifest.moment, manifest.moment), problem)


def choose(
    place: BackupPlace, at: datetime | None, programs: Programs, *, name: str | None = None
) -> Choice:
    """Return the backup that restores a moment, the newest that can.

    Args:
        place: Where the backups are.
        at: The moment; None for the latest there is.
        programs: PostgreSQL's.
        name: Only this backup.

    Raises:
        NoBackupError: None can; names the nearest moments there are.
    """
    backups = manifests.backups_in(place.root)
    if not backups:
        raise NoBackupError(f"there is no finished backup in {place.root}")
    if name is not None:
        backups = [one for one in backups if one.name == name]
        if not backups:
            raise NoBackupError(
                f"there is no backup {name} in {place.root}; see: keeper backup list"
            )
    if at is None:
        newest = backups[-1]
        if newest.kind is Kind.DUMP:
            return _of_dump(place, newest)
        reach = reach_of_base(place, newest, programs)
        return Choice(newest, place, reach.until, None, reach.segments)
    for one in reversed(backups):
        if one.kind is Kind.DUMP:
            # A moment that was typed has the seconds that people see.
            if at in (one.moment, one.moment.replace(microsecond=0)):
                return _of_dump(place, one)
        elif one.moment <= at:
            reach = reach_of_base(place, one, programs)
            if at <= reach.until:
                # PostgreSQL refuses to end a recovery at a moment after which nothing is committed.
                stop = at if at < reach.until else None
                return Choice(one, place, at, stop, reach.segments)
    raise NoBackupError(_nearest(place, backups, at, programs))


def _of_dump(place: BackupPlace, manifest: Manifest) -> Choice:
    return Choice(manifest, place, manifest.moment, manifest.moment, ())


def _nearest(place: BackupPlace, backups: list[Manifest], at: datetime, programs: Programs) -> str:
    """Say which moments can be restored that are nearest to one that cannot."""
    moments = []
    for one in backups:
        moments.append(one.moment)
        if one.kind is Kind.BASE:
            moments.append(reach_of_base(place, one, programs).until)
    before = max((moment for moment in moments if moment <= at), default=None)
    after = min((moment for moment in moments if moment > at), default=None)
    nearest = " and ".join(moment_text(moment) for moment in (before, after) if moment)
    return (
        f"no backup restores {moment_text(at)}: a dump restores only its own moment, and a base "
        f"backup those its write-ahead log has; the nearest are {nearest}"
        if before and after
        else f"no backup restores {moment_text(at)}; the nearest is {nearest}"
    )
