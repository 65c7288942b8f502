"""Deleting the files of runs that ended long ago; what Keepa answered stays in the archive."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from keeper.stores.lake.paths import LakePath, at_once, remove_folder
from keeper.stores.lake.run_files import safe_name


@dataclass(frozen=True, slots=True)
class PrunedRuns:
    """What was, or in a dry run would be, deleted: runs, and the bytes their files take."""

    runs: int
    bytes: int


def prune_runs(
    lake: LakePath, before: datetime, *, running: Collection[str], dry_run: bool
) -> PrunedRuns:
    """Delete the files of each run that has written none since a moment.

    Args:
        lake: The root of the lake.
        before: A run with a file of this moment or later keeps them all.
        running: Ids of runs that keep theirs however old: they have not ended.
        dry_run: Only count.
    """
    runs = size = 0
    root = lake / "runs"
    kept = {safe_name(run_id) for run_id in running}
    for run in root.iterdir() if root.exists() else ():
        if run.name in kept or not run.is_dir():
            continue
        files = list(_files(run))
        known = at_once(lambda file: file.stat(), files)
        newest = max((status.st_mtime for status in known), default=0)
        if datetime.fromtimestamp(newest, tz=UTC) >= before:
            continue
        runs += 1
        size += sum(status.st_size for status in known)
        if not dry_run:
            at_once(lambda file: file.unlink(missing_ok=True), files)
            _remove_folders(run)
    return PrunedRuns(runs, size)


def _files(path: LakePath) -> Iterator[LakePath]:
    for entry in path.iterdir():
        if entry.is_dir():
            yield from _files(entry)
        else:
            yield entry


def _remove_folders(path: LakePath) -> None:
    # On object storage a folder goes with its last file.
    if path.exists():
        for entry in path.iterdir():
            _remove_folders(entry)
        remove_folder(path)
