"""Deleting the files of old runs, on every storage a lake may be on."""

from datetime import UTC, datetime, timedelta

import pytest

from keeper.pipeline.storage.prune_lake import prune_lake
from keeper.stores.lake.archive import ArchivedReply, ReplyArchive
from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.lake.run_retention import PrunedRuns, prune_runs
from tests.lake_pages import add_page

HOUR = timedelta(hours=1)
RUN = "track_prices/scheduled__2026-03-01T00:00:00+00:00"


@pytest.fixture
def now() -> datetime:
    """The storage's own clock dates the files."""
    return datetime.now(UTC)


def write_run(lake: LakePath, run_id: str, batches: int = 2) -> list[ArchivedReply]:
    replies = []
    for batch in range(batches):
        folder = BatchFolder.of(lake, run_id, batch)
        folder.write_plan([])
        replies.append(add_page(folder, 0, f"{run_id} {batch}".encode()).reply)
        folder.write_messages([(b"key", b"value")])
    return replies


def runs(lake: LakePath) -> set[str]:
    root = lake / "runs"
    return {run.name for run in root.iterdir()} if root.exists() else set()


def test_a_run_goes_whole_and_its_replies_stay(lake: LakePath, now: datetime) -> None:
    replies = write_run(lake, RUN)

    planned = prune_runs(lake, now + HOUR, running=(), dry_run=True)
    assert (planned.runs, planned.bytes > 0, len(runs(lake))) == (1, True, 1)

    assert prune_runs(lake, now + HOUR, running=(), dry_run=False) == planned
    assert runs(lake) == set()
    kept = ReplyArchive(lake).replies("product")
    assert {reply.key for reply in kept} == {reply.key for reply in replies}
    assert prune_runs(lake, now + HOUR, running=(), dry_run=False) == PrunedRuns(0, 0)


def test_a_run_with_a_newer_file_stays(lake: LakePath, now: datetime) -> None:
    write_run(lake, RUN)

    assert prune_runs(lake, now - HOUR, running=(), dry_run=False) == PrunedRuns(0, 0)
    assert len(runs(lake)) == 1


def test_a_run_that_has_not_ended_stays_however_old(lake: LakePath, now: datetime) -> None:
    write_run(lake, RUN)
    write_run(lake, "manual__ended")

    pruned = prune_runs(lake, now + HOUR, running=[RUN, "never wrote a file"], dry_run=False)

    assert pruned.runs == 1
    assert len(runs(lake)) == 1
    assert BatchFolder.of(lake, RUN, 1).pages()


def test_a_file_beside_the_runs_is_nobodys_run(lake: LakePath, now: datetime) -> None:
    write_run(lake, RUN)
    (lake / "runs" / "notes.txt").write_bytes(b"somebody's")

    prune_runs(lake, now + HOUR, running=(), dry_run=False)

    assert runs(lake) == {"notes.txt"}


def test_replies_and_runs_have_retentions_of_their_own(lake: LakePath, now: datetime) -> None:
    add_page(BatchFolder.of(lake, RUN, 0), 0, b"body", received_at=now)
    later = now + timedelta(days=5)

    def prune(replies_days: int, runs_days: int) -> tuple[int, int]:
        pruned = prune_lake(
            lake, at=later, keep_replies_days=replies_days, keep_runs_days=runs_days, running=()
        )
        return pruned.replies.replies, pruned.runs.runs

    assert prune(6, 6) == (0, 0)
    assert prune(6, 4) == (0, 1)
    assert prune(4, 4) == (1, 0)
    assert list(ReplyArchive(lake).replies("product")) == []


def test_an_empty_lake_has_nothing_to_delete(lake: LakePath, now: datetime) -> None:
    assert prune_runs(lake, now, running=(), dry_run=False) == PrunedRuns(0, 0)
