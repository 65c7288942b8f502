"""Deletes backups that are past their retention, and what of the log no backup needs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups.manifest import Kind, Manifest
from keeper.pipeline.backups.place import place_of, remove
from keeper.settings import Settings
from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.lake.paths import LakePath, at_once
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
    place = place_of(settings)
    before = at - timedelta(days=settings.backups.days)
    backups = manifests.backups_in(place.root)
    newest = {one.name for one in _last(backups)}
    old = [one for one in backups if one.finished_at < before and one.name not in newest]
    gone = {one.name for one in old}
    kept = [one for one in backups if one.name not in gone]
    segments = [
        segment
        for log, first in _first_needed(backups, kept).items()
        for segment in _before(manifests.parts_of_wal(place.root, log), first)
    ]
    files = [segment.file for segment in segments]
    size = sum(one.bytes for one in old) + sum(at_once(lambda file: file.stat().st_size, files))
    if not dry_run:
        for one in old:
            remove(place, one.name)
        for segment in segments:
            segment.file.unlink(missing_ok=True)
    replies = ReplyArchive(place.replies()).prune(
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


def _before(wal: list[LakePath], first: str | None) -> list[Segment]:
    """Return the segments that end before the one a backup begins with, by number."""
    every = segments_in(wal)
    if first is None:
        # All its base backups are gone, and another one is received now.
        return every
    start = next((one.number for one in every if one.name == first), None)
    # Where even that is missing nobody knows what belongs to what.
    return [] if start is None else [one for one in every if one.number < start]
