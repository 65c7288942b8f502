"""Says whether the backups there are would serve: whole, young enough, the log without a gap."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from keeper.errors import KeeperError
from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups.choose import reach_of_base
from keeper.pipeline.backups.make import BASE
from keeper.pipeline.backups.manifest import Kind, Manifest, age_text
from keeper.pipeline.backups.place import BackupPlace, fetched
from keeper.stores.lake.paths import LakePath
from keeper.stores.postgres.backups import base_backups
from keeper.stores.postgres.backups.programs import Programs

OLDEST_BACKUP: Final = timedelta(hours=26)
"""A nightly one, and the time it may take."""
OLDEST_LOG: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Validated:
    """What was found.

    Attributes:
        newest: The newest finished backup; None if there is none.
        until: The latest moment that can be restored; None if none can.
        problems: What is wrong, each in a sentence with its remedy.
    """

    newest: Manifest | None
    until: datetime | None
    problems: tuple[str, ...]


def validate_backups(
    place: BackupPlace, programs: Programs, *, at: datetime, read: bool = True
) -> Validated:
    """Look at the backups there are, and read the newest one whole.

    Args:
        place: Where they are.
        programs: PostgreSQL's.
        at: Now.
        read: Whether its files are read and compared with their checksums.

    Raises:
        SettingsError: One of PostgreSQL's programs is missing.
    """
    try:
        backups = manifests.backups_in(place.root)
    except manifests.UnreadableBackupError as error:
        return Validated(None, None, (str(error),))
    if not backups:
        problem = f"there is no finished backup in {place.root}; make one: keeper backup make"
        return Validated(None, None, (problem,))
    newest = backups[-1]
    problems = []
    if (age := at - newest.finished_at) > OLDEST_BACKUP:
        problems.append(
            f"the newest backup, {newest.name}, is {age_text(age)} old; see why none was made "
            "since: keeper backup make"
        )
    until = newest.moment
    if newest.kind is Kind.BASE:
        reach = reach_of_base(place, newest, programs)
        until = reach.until
        if reach.problem:
            problems.append(reach.problem)
        elif (age := at - _written(reach.segments[-1].file)) > OLDEST_LOG:
            problems.append(
                f"nothing of the write-ahead log has come for {age_text(age)}; see that keeper "
                "receive-wal runs"
            )
    if read:
        with fetched(place, newest) as path:
            problems += [
                f"backup {newest.name} is damaged, {problem}; make a new one: keeper backup make"
                for problem in damage_of(path, newest)
            ]
    return Validated(newest, until, tuple(problems))


def _written(file: LakePath) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def require_whole(path: Path, manifest: Manifest) -> None:
    """Refuse a backup that is not what was written, before anything gives way to it.

    Raises:
        DamagedBackupError: Names the files, and what is wrong with each.
    """
    if damage := damage_of(path, manifest):
        raise base_backups.DamagedBackupError(
            f"backup {manifest.name} is damaged, {'; '.join(damage)}; nothing was changed: restore "
            "another one, by --backup or --at; see: keeper backup list"
        )


def damage_of(path: Path, manifest: Manifest) -> list[str]:
    """Return what is wrong with a backup's files, a sentence each; none if it is whole."""
    found = []
    for name, expected in manifest.files.items():
        try:
            with (path / name).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            found.append(f"{name} cannot be read: {error.strerror}")
            continue
        if digest != expected.sha256:
            found.append(f"{name} is not what was written")
    if manifest.kind is Kind.BASE and not found:
        try:
            base_backups.validate(path / BASE)
        except KeeperError as error:
            found.append(str(error))
    return found
