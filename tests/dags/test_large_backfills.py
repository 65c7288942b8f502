"""A backfill of more runs than anybody may have meant is refused before it costs anything."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time import task_runner
from airflow.sdk.types import DagRunProtocol

from keeper.orchestration.prices.large_backfills import (
    LargeBackfillError,
    refuse_large_backfill,
    span_around,
)
from keeper.settings import load_settings

STEP = timedelta(hours=6)
FIRST = datetime(2026, 1, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _three_runs_at_most(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KEEPER_BACKFILL_RUNS", "3")
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


@pytest.fixture
def skipped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Airflow is asked to skip."""
    asked: list[str] = []

    def send(message: Any) -> None:
        asked.extend(message.tasks)

    comms = SimpleNamespace(send=send)
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", comms, raising=False)
    return asked


def run(number: int, conf: dict[str, Any] | None = None) -> DagRunProtocol:
    since = FIRST + number * STEP
    made = SimpleNamespace(data_interval_start=since, data_interval_end=since + STEP, conf=conf)
    return cast("DagRunProtocol", made)


def first_task(dags: dict[str, DAG], planned: dict[int, str | None]) -> Any:
    """Return the instance of `plan`; `planned` are the states of the backfill's, by interval."""
    states = {
        f"backfill__{(FIRST + (number + 1) * STEP).isoformat()}": {"plan": state}
        for number, state in planned.items()
    }
    others = {
        "manual__1": {"plan": None},
        "scheduled__2026-09-01T00:00:00+00:00": {"plan": "failed"},
    }
    return SimpleNamespace(
        dag_id="track_prices",
        task_id="plan",
        task=dags["track_prices"].get_task("plan"),
        get_task_states=lambda dag_id, task_ids: states | others,
    )


def test_the_run_of_its_first_interval_fails_and_names_the_range_in_words(
    dags: dict[str, DAG], skipped: list[str]
) -> None:
    ti = first_task(dags, dict.fromkeys(range(233)))

    with pytest.raises(LargeBackfillError) as refused:
        refuse_large_backfill(ti, run(0))

    said = (
        "This backfill is from 3 January 2026 to 2 March 2026: 233 runs, and KEEPER_BACKFILL_RUNS"
    )
    assert str(refused.value).startswith(f"{said} allows 3; nothing was fetched or published.")
    assert '{"large": true}' in str(refused.value)
    # The last one says what became of the run.
    assert "summarise" not in skipped
    assert {"prices.fetch", "prices.publish", "wait_for_postgres", "deliver_alerts"} <= {*skipped}


@pytest.mark.parametrize("number", [1, 3])
def test_the_other_runs_are_skipped_whole(
    dags: dict[str, DAG], skipped: list[str], number: int
) -> None:
    """The first may have failed by then; that is no reason to let the last ones through."""
    ti = first_task(dags, {0: "failed", 1: "skipped", 2: None, 3: "running"})

    with pytest.raises(AirflowSkipException, match="from 3 January 2026"):
        refuse_large_backfill(ti, run(number))

    assert {"prices.fetch", "summarise"} <= {*skipped}


@pytest.mark.parametrize(
    ("planned", "conf"),
    [
        ({0: None, 1: None, 2: "running"}, None),
        ({0: "success", 1: "success", 2: None, 3: None}, None),
        ({0: None, 1: None, 2: None, 5: None, 6: None}, None),
        (dict.fromkeys(range(9)), {"large": True}),
    ],
    ids=["few", "the next of another", "two with a gap", "said to be large"],
)
def test_others_are_made(
    dags: dict[str, DAG], planned: dict[int, str | None], conf: dict[str, Any] | None
) -> None:
    refuse_large_backfill(first_task(dags, planned), run(2, conf))


def test_a_span_ends_where_an_interval_is_missing() -> None:
    span = span_around(FIRST, [FIRST + n * STEP for n in (-2, -1, 1, 3)], STEP)

    assert (span.first, span.last, span.runs) == (FIRST - 2 * STEP, FIRST + STEP, 4)
