"""A run's totals, and when it counts as failed."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from keeper.domain.runs.events import KeeperEvent
from keeper.errors import TerminalError
from keeper.pipeline.runs import finish as finish_run
from keeper.pipeline.runs.events import PublishEvent, publish_nothing
from keeper.pipeline.runs.finish import BatchReports, RunFailedError, summarise_run
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs.runs import RunCounts

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WHOLE = BatchReports(
    planned=2,
    fetched=[{"tokens": 100}, {"tokens": 20}],
    checked=[
        {"products": 99, "missing": 1, "checked": 400, "quarantined": 3},
        {"products": 20, "missing": 0, "checked": 80, "quarantined": 0},
    ],
    published=[{"events": 397}, {"events": 80}],
)


@pytest.fixture
def row(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The run's row as it is written."""
    written: dict[str, Any] = {}

    def write(connection: Connection, **values: Any) -> Mapping[str, object]:
        written.update(values)
        return {
            "points_stored": 7,
            "alerts_raised": 1,
            "tokens_spent": 120,
            "tokens_estimated": 120,
            "tokens_left": 80,
            "products_postponed": 0,
            "deals_stored": 4,
        }

    monkeypatch.setattr(finish_run, "finish_run", write)
    return written


def summarise(
    reports: BatchReports,
    *,
    unfinished: tuple[str, ...] = (),
    cause: str | None = None,
    share: float = 0.05,
    publish: PublishEvent = publish_nothing,
    on_summary: Callable[[str], None] = lambda line: None,
) -> None:
    summarise_run(
        cast(Connection, None),
        reports,
        run_id="run",
        max_quarantine_share=share,
        unfinished=unfinished,
        cause=cause,
        finished_at=NOW,
        publish=publish,
        on_summary=on_summary,
    )


def test_the_counts_of_all_batches_are_added(row: dict[str, Any]) -> None:
    summarise(WHOLE)

    assert row["state"] == "SUCCESS"
    assert row["problem"] is None
    assert row["counts"] == RunCounts(
        products_fetched=119,
        products_missing=1,
        records_checked=480,
        records_quarantined=3,
        events_published=477,
    )


def test_a_good_run_and_its_new_deals_are_said(row: dict[str, Any]) -> None:
    rung: list[KeeperEvent] = []

    summarise(WHOLE, publish=rung.append)

    assert [(event.event_type, event.count) for event in rung] == [
        ("run_loaded", 119),
        ("deals_found", 4),
    ]
    assert {(event.run_id, event.occurred_at) for event in rung} == {("run", NOW)}


def test_a_run_with_nothing_to_do_succeeds(row: dict[str, Any]) -> None:
    summarise(BatchReports(0, [], [], []))

    assert row["state"] == "SUCCESS"
    assert row["counts"] == RunCounts()


def test_a_search_that_finds_nothing_is_no_failure(row: dict[str, Any]) -> None:
    summarise(BatchReports(1, [], [{"products": 0, "missing": 0}], [{"events": 0}]))

    assert row["state"] == "SUCCESS"


@pytest.mark.parametrize(
    ("reports", "unfinished", "share", "problem"),
    [
        (
            BatchReports(2, WHOLE.fetched, WHOLE.checked, WHOLE.published[:1]),
            ("prices.publish_1",),
            0.05,
            "1 of 2 batches were not published; unfinished: prices.publish_1",
        ),
        (
            BatchReports(2, WHOLE.fetched, WHOLE.checked, WHOLE.published[:1], lost=["kettles"]),
            (),
            0.05,
            "1 of 2 batches were not published (kettles)",
        ),
        (
            BatchReports(1, [], [{"products": 3, "unreadable": 2}], [{"events": 3}]),
            (),
            0.05,
            "2 replies could not be read",
        ),
        (
            BatchReports(1, [], [{"products": 0, "missing": 9}], [{"events": 0}]),
            (),
            0.05,
            "none of the products could be read",
        ),
        (WHOLE, ("wait_for_postgres",), 0.05, "unfinished: wait_for_postgres"),
        (WHOLE, (), 0.005, "3 of 480 records"),
    ],
    ids=[
        "a lost batch",
        "a lost batch with a name",
        "unreadable replies",
        "nothing readable",
        "a failed task",
        "too many quarantined",
    ],
)
def test_what_is_wrong_is_in_the_row_and_in_the_error(
    row: dict[str, Any],
    reports: BatchReports,
    unfinished: tuple[str, ...],
    share: float,
    problem: str,
) -> None:
    rung: list[KeeperEvent] = []
    with pytest.raises(RunFailedError, match=re.escape(problem)):
        summarise(reports, unfinished=unfinished, share=share, publish=rung.append)
    assert rung == []

    assert row["state"] == "FAILED"
    assert problem in row["problem"]


@pytest.mark.usefixtures("row")
def test_what_a_run_did_is_said_in_one_line() -> None:
    answered: list[str] = []

    summarise(WHOLE, on_summary=answered.append)

    (line,) = answered
    assert line.startswith("119 products for 120 tokens (120 planned, 80 left)")
    assert "\n" not in line


@pytest.mark.usefixtures("row")
def test_so_is_why_it_failed() -> None:
    answered: list[str] = []

    with pytest.raises(RunFailedError):
        summarise(WHOLE, unfinished=("wait_for_postgres",), on_summary=answered.append)

    assert answered[0].endswith("FAILED: unfinished: wait_for_postgres")


@pytest.fixture
def _no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ended before it had a row."""

    def write(connection: Connection, **values: Any) -> Mapping[str, object]:
        raise TerminalError("run has no row in pipeline_runs; its plan task never ran")

    monkeypatch.setattr(finish_run, "finish_run", write)


@pytest.mark.usefixtures("_no_row")
def test_a_run_that_ended_before_it_was_planned_names_the_cause() -> None:
    said: list[str] = []
    cause = "plan failed: This backfill is from 3 January 2026 to 2 March 2026: 233 runs"

    with pytest.raises(RunFailedError) as failed:
        summarise(BatchReports(0, [], [], []), cause=cause, on_summary=said.append)

    assert said == [f"FAILED: {cause}"]
    assert str(failed.value) == f"run run: {cause}"


@pytest.mark.usefixtures("_no_row")
def test_without_a_cause_it_says_that_it_has_no_row() -> None:
    with pytest.raises(TerminalError, match="its plan task never ran"):
        summarise(BatchReports(0, [], [], []))
