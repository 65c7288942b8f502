"""Deleting what the lake has kept for long enough."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.pipeline.storage.maintain import Kind
from keeper.stores.lake.archive import Pruned, ReplyArchive
from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.run_retention import PrunedRuns, prune_runs

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PrunedLake:
    """What was, or in a dry run would be, deleted of each kind."""

    replies: Pruned
    runs: PrunedRuns


def prune_lake(
    lake: LakePath,
    *,
    at: datetime,
    keep_replies_days: int,
    keep_runs_days: int,
    running: Collection[str],
    dry_run: bool = False,
    only_counted: Collection[Kind] = (),
) -> PrunedLake:
    """Delete archived replies and the files of runs that are past their retention.

    Replies go by whole days in UTC, so that one may stay a day longer.

    Args:
        lake: The root of the lake.
        at: Now.
        keep_replies_days: How long replies are kept.
        keep_runs_days: How long the files of a run are kept after the last was written.
        running: Ids of the runs that have not ended and keep their files; see running_runs.
        dry_run: Only count.
        only_counted: Only count these kinds in any case.
    """
    replies_before, runs_before = (
        at - timedelta(days=days) for days in (keep_replies_days, keep_runs_days)
    )
    stay = {kind: dry_run or kind in only_counted for kind in (Kind.REPLIES, Kind.RUN_FILES)}
    pruned = PrunedLake(
        ReplyArchive(lake).prune(replies_before, dry_run=stay[Kind.REPLIES]),
        prune_runs(lake, runs_before, running=running, dry_run=stay[Kind.RUN_FILES]),
    )
    for kind, one in ((Kind.REPLIES, pruned.replies), (Kind.RUN_FILES, pruned.runs)):
        _LOG.info("%s: %s", "would delete" if stay[kind] else "deleted", one)
    return pruned
