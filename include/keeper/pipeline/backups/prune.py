"""Deletes backups that are past their retention, and what of the log no backup needs."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups.manifest import Kind, Manifest
from keeper.settings import Settings
from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.lake.storage import lake_at
from keeper.stores.postgres.backups.wal import Segment, segments_in


@dataclass(frozen=True, slots=True)
class PrunedBackups:
    """What was, or in a dry run would be, deleted.

    Attributes:
        backups: The backups.
        segments: Segments of the write-ahead log that begin before every backup that is kept.
        replies: Copies of Keepa's replies.
        bytes: How large all of it is.
    """

    backups: tuple[str, ...]
    segments: int
    replies: int
    bytes: int


def prune_backups(settings: Settings, *, at: datetime, dry_run: bool) -> PrunedBackups:
    """Delete backups that are past their retention, but never what a restore still needs.

    The newest backup stays however old it is, and so does the newest base backup, since the log
    that follows is worth nothing without it. Of the log everything from the oldest base backup on
    stays that is kept. Copies of replies have the retention of the lake.

    Args:
        settings: Where the backups are, and for how long each part is kept.
        at: Now.
        dry_run: Only say which.
    """
    folder = settings.backups.folder
    before = at - timedelta(days=settings.backups.days)
    backups = manifests.backups_in(folder)
    newest = {one.name for one in _last(backups)}
    old = [one for one in backups if one.finished_at < before and one.name not in newest]
    gone = {one.name for one in old}
    kept = [one for one in backups if one.name not in gone]
    segments = [
        segment
        for log, first in _first_needed(backups, kept).items()
        for segment in _before(manifests.wal_of(folder, log), first)
    ]
    size = sum(one.bytes for one in old) + sum(one.file.stat().st_size for one in segments)
    if not dry_run:
        for one in old:
            # Under this name it is no backup: a deletion that is interrupted leaves no half.
            path = manifests.sets_of(folder) / one.name
            shutil.rmtree(path.rename(path.with_name(f"{one.name}{manifests.UNFINISHED}")))
        for segment in segments:
            segment.file.unlink(missing_ok=True)
    replies = ReplyArchive(lake_at(manifests.replies_of(folder).as_uri())).prune(
        at - timedelta(days=settings.retention.replies_days), dry_run=dry_run
    )
    return PrunedBackups(
        tuple(one.name for one in old), len(segments), replies.replies, size + replies.bytes
    )


def _last(backups: list[Manifest]) -> list[Manifest]:
    return backups[-1:] + [one for one in backups if one.kind is Kind.BASE][-1:]


def _first_needed(backups: list[Manifest], kept: list[Manifest]) -> dict[str, str | None]:
    """Return by log the first segment a kept base backup begins with; None if none is kept."""
    first: dict[str, str | None] = {one.postgres.log: None for one in backups if one.postgres.log}
    for one in reversed(kept):
        if one.postgres.log:
            first[one.postgres.log] = one.postgres.first_segment
    return first


def _before(wal: Path, first: str | None) -> list[Segment]:
    """Return the segments that end before the one a backup begins with, by number."""
    every = segments_in(wal)
    if first is None:
        # All its base backups are gone, and another one is received now.
        return every
    start = next((one.number for one in every if one.name == first), None)
    # Where even that is missing nobody knows what belongs to what.
    return [] if start is None else [one for one in every if one.number < start]
