"""Where backups are: a folder, or object storage that is written by way of a folder.

What makes a backup, and what receives the log, are PostgreSQL's own programs, which know files
alone. On object storage a backup is therefore made in a folder of this machine first and uploaded
file by file, its manifest last: without one there is no backup. To be read it is fetched back.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from keeper.errors import SettingsError
from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups.manifest import MANIFEST, Manifest
from keeper.settings import Settings
from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.storage import fetch_file, lake_at, store_file

_SETTING: Final = "KEEPER_BACKUPS"
_FETCHED: Final = ".fetched"


@dataclass(frozen=True, slots=True)
class BackupPlace:
    """Where the backups of an installation are.

    Attributes:
        root: The folder, or the prefix on object storage.
        work: The folder of this machine where a backup is made and the log is received: the same,
            or what is uploaded from.
        url: Where the root is, as the lake spells it.
    """

    root: LakePath
    work: Path
    url: str

    @property
    def is_remote(self) -> bool:
        """Whether it is object storage."""
        return self.root is not self.work

    def replies(self) -> LakePath:
        """Return the copy of the lake."""
        return lake_at(f"{self.url}/{manifests.REPLIES}", setting=_SETTING)


def place_of(settings: Settings) -> BackupPlace:
    """Return where the settings say that backups are.

    Raises:
        SettingsError: They do not say.
    """
    where = settings.backups.folder
    if where is None:
        raise SettingsError(
            f"{_SETTING} names no folder, so that nothing is backed up: set it to a folder on "
            "another machine's disk, or to s3://bucket/folder"
        )
    return place_at(where, settings.backups.staging)


def place_at(where: str, staging: Path) -> BackupPlace:
    """Return the backups of a folder, or of a URL as s3://bucket/folder.

    Args:
        where: The folder or the URL.
        staging: Where to make a backup that is uploaded.
    """
    if "://" in where:
        url = where.rstrip("/")
        return BackupPlace(lake_at(url, setting=_SETTING, is_shared=True), staging, url)
    folder = Path(where).absolute()
    return BackupPlace(folder, folder, folder.as_uri())


def publish(place: BackupPlace, made: Path, name: str) -> None:
    """Give a backup that is complete, manifest and all, the name by which it counts."""
    if not place.is_remote:
        made.rename(place.work / manifests.SETS / name)
        return
    target = manifests.sets_of(place.root) / name
    for file in sorted(made.rglob("*")):
        if file.is_file() and file != made / MANIFEST:
            store_file(file, _below(target, file.relative_to(made)))
    store_file(made / MANIFEST, target / MANIFEST)
    shutil.rmtree(made)


@contextmanager
def fetched(place: BackupPlace, manifest: Manifest) -> Iterator[Path]:
    """Have a backup as a folder of this machine for the block, without its manifest."""
    source = manifests.sets_of(place.root) / manifest.name
    if isinstance(source, Path):
        yield source
        return
    place.work.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = Path(mkdtemp(_FETCHED, f"{manifest.name}.", place.work))
    try:
        # Held until the copy is removed, or its process is gone.
        with _held(copy):
            for name in manifest.files:
                file = copy / name
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                try:
                    fetch_file(_below(source, Path(name)), file)
                except FileNotFoundError:
                    # Whoever compares it with the manifest says so.
                    continue
            yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def remove_unfinished(place: BackupPlace) -> list[str]:
    """Remove what an interrupted backup, deletion or reading left behind, and return its names.

    What another process reads at the moment stays.
    """
    unfinished = list(manifests.sets_of(place.work).glob(f"*{manifests.UNFINISHED}"))
    for path in unfinished:
        shutil.rmtree(path)
    names = [path.name for path in unfinished]
    for copy in place.work.glob(f"*{_FETCHED}"):
        with suppress(FileNotFoundError, BlockingIOError), _held(copy):
            shutil.rmtree(copy)
            names.append(copy.name)
    if place.is_remote and (sets := manifests.sets_of(place.root)).is_dir():
        for found in sets.iterdir():
            if found.is_dir() and not (found / MANIFEST).exists():
                _remove_tree(found)
                names.append(found.name)
    return names


def remove(place: BackupPlace, name: str) -> None:
    """Delete a backup; interrupted, no half of it is left that counts as one."""
    path = manifests.sets_of(place.root) / name
    if isinstance(path, Path):
        shutil.rmtree(path.rename(path.with_name(f"{name}{manifests.UNFINISHED}")))
        return
    (path / MANIFEST).unlink()
    _remove_tree(path)


@contextmanager
def _held(copy: Path) -> Iterator[None]:
    """Lock a folder for the block; the lock of a process that is gone is gone with it.

    Raises:
        BlockingIOError: Another process has it.
    """
    folder = os.open(copy, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(folder)


def _below(root: LakePath, relative: Path) -> LakePath:
    for part in relative.parts:
        root = root / part
    return root


def _remove_tree(path: LakePath) -> None:
    for found in path.iterdir():
        if found.is_dir():
            _remove_tree(found)
        else:
            found.unlink(missing_ok=True)
