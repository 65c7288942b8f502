"""Where backups are: a folder, or object storage that is written by way of a folder.

What makes a backup, and what receives the log, are PostgreSQL's own programs, which know files
alone. On object storage a backup is therefore made in a folder of this machine first and uploaded
file by file, its manifest last: without one there is no backup. To be read it is fetched back.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keeper.errors import SettingsError
from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups.manifest import MANIFEST, Manifest
from keeper.settings import Settings
from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.storage import fetch_file, lake_at, store_file

_SETTING: Final = "KEEPER_BACKUPS"


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
    copy = place.work / f"{manifest.name}.fetched"
    shutil.rmtree(copy, ignore_errors=True)
    try:
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
    """Remove what an interrupted backup, or deletion, left behind, and return its names."""
    unfinished = list(manifests.sets_of(place.work).glob(f"*{manifests.UNFINISHED}"))
    for path in unfinished:
        shutil.rmtree(path)
    names = [path.name for path in unfinished]
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
