"""Room on the disks that Keeper's data grow on."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keeper.domain.messages.notices import Trouble
from keeper.settings import Settings

TOPIC: Final = "storage"
_FILE: Final = "file://"
_REMEDY: Final = (
    "When a disk is full, what is to be written there waits, and goes on by itself once there is "
    "room.\n"
    "What takes most, and what is past its retention: keeper storage status. To delete that: "
    "keeper storage maintain --apply, keeper lake prune --yes. To keep less: shorter times in .env "
    "(…_RETENTION_DAYS)."
)


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk, by what of Keeper's is on it.

    Attributes:
        holds: What is on it: folders.
        bytes: How large it is.
        free: How much of that a program may still write.
    """

    holds: tuple[str, ...]
    bytes: int
    free: int

    @property
    def free_percent(self) -> float:
        """The share that is free."""
        return 100 * self.free / max(self.bytes, 1)


def folders_of(settings: Settings, *more: Path) -> Iterator[Path]:
    """Yield the folders of this machine, or container, that Keeper's data grow in.

    What other programs keep, PostgreSQL among them, is seen where it is on one disk with these.
    The folder of backups counts where backups are: in containers only those who make them have its
    disk, and the others an empty folder of this name on another one.

    Args:
        settings: The lake, Data Docs, run folder and backups.
        more: Others, as Airflow's logs.
    """
    if settings.folders.lake.startswith(_FILE):
        yield Path(settings.folders.lake.removeprefix(_FILE))
    yield from (Path(settings.folders.data_docs), Path(settings.folders.run_dir))
    backups = folder_of_backups(settings)
    if backups is not None and not _is_empty(backups):
        yield backups
    yield from more


def folder_of_backups(settings: Settings) -> Path | None:
    """Return the folder of this machine in which backups are made; None if none are."""
    backups = settings.backups
    if backups.folder is None:
        return None
    # What goes to S3 is made in a folder first.
    return Path(backups.folder) if backups.folder.startswith("/") else backups.staging


def disks_of(folders: Iterable[Path]) -> list[Disk]:
    """Return the disks that folders are on, each once, the fullest first.

    A folder that is not there yet counts as the one it will be made in.
    """
    held: dict[int, list[Path]] = {}
    for folder in folders:
        held.setdefault(_existing(folder).stat().st_dev, []).append(folder)
    disks = []
    for holds in held.values():
        room = os.statvfs(_existing(holds[0]))
        # As df counts: what only the system's administrator may fill is no room.
        free, used = room.f_bavail, room.f_blocks - room.f_bfree
        size = (free + used) * room.f_frsize
        disks.append(Disk(tuple(dict.fromkeys(map(str, holds))), size, free * room.f_frsize))
    return sorted(disks, key=lambda disk: disk.free_percent)


def short_of_space(
    disks: Iterable[Disk], least_free_percent: float, topic: str = TOPIC
) -> Trouble | None:
    """Return the trouble of disks with too little room; None if all have enough."""
    short = [disk for disk in disks if disk.free_percent < least_free_percent]
    if not short:
        return None
    lines = [
        f"{', '.join(disk.holds)}: {disk.free / 1e9:,.1f} of {disk.bytes / 1e9:,.1f} GB are free"
        for disk in short
    ]
    details = "\n".join((*lines, _REMEDY))
    number = "a disk is" if len(short) == 1 else f"{len(short)} disks are"
    return Trouble(topic, f"{number} nearly full", details)


def _existing(folder: Path) -> Path:
    # One that may not be looked into counts as not there.
    return next(one for one in (folder, *folder.absolute().parents) if os.access(one, os.F_OK))


def _is_empty(folder: Path) -> bool:
    # One that is not there, or may not be looked into, holds nothing either.
    try:
        return not any(folder.iterdir())
    except OSError:
        return True
