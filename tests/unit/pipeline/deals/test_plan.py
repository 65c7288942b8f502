"""Sharing a run's tokens among the saved filters."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from keeper.domain.deals.deal import DealFilter
from keeper.pipeline.deals import plan as step
from keeper.pipeline.deals.plan import (
    PlannedFilter,
    UnknownFilterError,
    plan_deals,
    preview_deals,
)
from keeper.stores.lake.deal_files import DealFolder
from keeper.stores.postgres.connection import Connection
from tests.deals import CHECKED_AT, FILTER
from tests.lake_pages import add_page

RUN = "collect_deals/run"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The run's row as it is written."""
    row: dict[str, Any] = {}

    def start_run(connection: object, **values: Any) -> datetime:
        row.update(values)
        at: datetime = values["started_at"]
        return at

    monkeypatch.setattr(step, "start_run", start_run)
    return row


@pytest.fixture
def filters(monkeypatch: pytest.MonkeyPatch) -> list[DealFilter]:
    """The active filters."""
    saved: list[DealFilter] = []
    monkeypatch.setattr(step, "active_filters", lambda connection: list(saved))
    return saved


def plan(
    lake: Path, *, max_tokens: int = 200, runs_later: int = 0, only: tuple[str, ...] = ()
) -> list[PlannedFilter]:
    return plan_deals(
        cast(Connection, None),
        lake,
        run=RUN,
        dag_id="collect_deals",
        source="simulator",
        max_tokens=max_tokens,
        started_at=CHECKED_AT + runs_later * timedelta(hours=6),
        only=only,
    )


def test_every_filter_gets_the_same_and_is_called_by_its_name(
    filters: list[DealFilter], started: dict[str, Any], tmp_path: Path
) -> None:
    filters += [replace(FILTER, name=name, filter_id=n) for n, name in enumerate("abc", 7)]

    planned = plan(tmp_path)

    assert sorted((part.label, part.batch) for part in planned) == [("a", 7), ("b", 8), ("c", 9)]
    assert {(part.run, part.tokens) for part in planned} == {(RUN, 66)}
    assert [DealFolder.of(tmp_path, RUN, part.batch).read_filter().name for part in planned] == [
        part.label for part in planned
    ]
    assert started["tokens_estimated"] == 198
    assert started["run_id"] == RUN


def test_planned_again_a_filter_that_was_changed_has_no_pages_of_its_former_self(
    filters: list[DealFilter], started: dict[str, Any], tmp_path: Path
) -> None:
    filters += [replace(FILTER, filter_id=7), replace(FILTER, name="other", filter_id=8)]
    plan(tmp_path)
    for number in (7, 8):
        add_page(DealFolder.of(tmp_path, RUN, number), 0, b"{}", endpoint="deal")
    filters[:] = [replace(filters[0], domain="de"), filters[1]]

    plan(tmp_path)

    assert DealFolder.of(tmp_path, RUN, 7).pages() == []
    assert len(DealFolder.of(tmp_path, RUN, 8).pages()) == 1


def test_filters_the_tokens_do_not_reach_for_take_turns(
    filters: list[DealFilter], started: dict[str, Any], tmp_path: Path
) -> None:
    filters += [replace(FILTER, name=name, filter_id=n) for n, name in enumerate("abc")]

    turns = [
        [part.label for part in plan(tmp_path, max_tokens=10, runs_later=run)] for run in range(3)
    ]

    assert all(len(turn) == 2 for turn in turns)
    assert sorted(name for turn in turns for name in turn) == ["a", "a", "b", "b", "c", "c"]


def test_without_filters_there_is_nothing_to_do(
    filters: list[DealFilter], started: dict[str, Any], tmp_path: Path
) -> None:
    assert plan(tmp_path) == []
    assert started["tokens_estimated"] == 0


def test_a_run_may_be_about_some_filters_only(
    filters: list[DealFilter], started: dict[str, Any], tmp_path: Path
) -> None:
    filters += [replace(FILTER, name=name, filter_id=n) for n, name in enumerate("abc", 7)]

    planned = plan(tmp_path, only=("b",))

    assert [(part.label, part.tokens) for part in planned] == [("b", 200)]
    assert started["tokens_estimated"] == 200


def test_a_filter_that_is_not_there_is_refused_with_those_that_are(
    filters: list[DealFilter], started: dict[str, Any], tmp_path: Path
) -> None:
    filters += [replace(FILTER, name=name, filter_id=n) for n, name in enumerate("ab", 7)]

    with pytest.raises(UnknownFilterError, match="called 'c', 'd'; active are: a, b"):
        plan(tmp_path, only=("d", "a", "c"))


@pytest.mark.parametrize(
    ("only", "said"),
    [((), "2 filters (a, b) for at most 100"), (("a",), "1 filters (a) for at most 200")],
)
def test_a_preview_says_what_a_run_may_cost_and_notes_nothing(
    filters: list[DealFilter], started: dict[str, Any], only: tuple[str, ...], said: str
) -> None:
    filters += [replace(FILTER, name=name, filter_id=n) for n, name in enumerate("ab", 7)]
    connection = cast(Connection, None)

    assert said in preview_deals(connection, max_tokens=200, at=CHECKED_AT, only=only)
    assert started == {}
