"""A backfill of more runs than anybody may have meant is refused before it costs anything."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import GetDagRun
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
def clears() -> dict[str, int]:
    """How often runs have been cleared, by their ids."""
    return {}


@pytest.fixture
def skipped(monkeypatch: pytest.MonkeyPatch, clears: dict[str, int]) -> list[str]:
    """What Airflow is asked to skip; it says of runs how often they have been cleared."""
    asked: list[str] = []

    def send(message: Any) -> Any:
        if isinstance(message, GetDagRun):
            assert message.dag_id == "track_prices"
            return SimpleNamespace(clear_number=clears.get(message.run_id, 0))
        asked.extend(message.tasks)
        return None

    comms = SimpleNamespace(send=send)
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", comms, raising=False)
    return asked


def run(number: int, conf: dict[str, Any] | None = None, *, clears: int = 0) -> DagRunProtocol:
    since = FIRST + number * STEP
    made = SimpleNamespace(
        data_interval_start=since,
        data_interval_end=since + STEP,
        conf=conf,
        run_id=run_id(number),
        clear_number=clears,
    )
    return cast("DagRunProtocol", made)


def run_id(number: int) -> str:
    return f"backfill__{(FIRST + (number + 1) * STEP).isoformat()}"


def first_task(
    dags: dict[str, DAG],
    planned: dict[int, str | None],
    kept: dict[str, dict[str, Any]] | None = None,
    number: int = 0,
) -> Any:
    """Return the instance of `plan` of a run.

    Args:
        dags: All DAGs.
        planned: The states of the `plan`s, by interval.
        kept: What runs leave for one another, by their ids.
        number: The run's interval.
    """
    left = {} if kept is None else kept
    states = {run_id(other): {"plan": state} for other, state in planned.items()}

    def push(key: str, value: Any) -> None:
        left.setdefault(run_id(number), {})[key] = value

    def pull(task_ids: str, key: str, run_id: str) -> Any:
        assert task_ids == "plan"
        return left.get(run_id, {}).get(key)

    others = {
        "manual__1": {"plan": None},
        "scheduled__2026-09-01T00:00:00+00:00": {"plan": "failed"},
    }
    return SimpleNamespace(
        dag_id="track_prices",
        task_id="plan",
        task=dags["track_prices"].get_task("plan"),
        get_task_states=lambda dag_id, task_ids: states | others,
        xcom_push=push,
        xcom_pull=pull,
    )


class Backfills:
    """Runs of `plan`, one after another, as Airflow makes those of one backfill or of several."""

    def __init__(self, dags: dict[str, DAG], clears: dict[str, int]) -> None:
        self.dags = dags
        self.clears = clears
        self.states: dict[int, str | None] = {}
        self.kept: dict[str, dict[str, Any]] = {}

    def create(self, numbers: range) -> None:
        """Create a backfill of these intervals; runs that are there already are cleared."""
        for number in numbers:
            self.clears[run_id(number)] = self.clears.get(run_id(number), -1) + 1
            self.states[number] = None

    def plan(self, numbers: Iterable[int]) -> list[str]:
        """Run `plan` of these intervals in order; return how each ended."""
        for number in numbers:
            ti = first_task(self.dags, self.states, self.kept, number)
            self.kept.pop(run_id(number), None)
            try:
                refuse_large_backfill(ti, run(number, clears=self.clears[run_id(number)]))
                self.states[number] = "success"
            except LargeBackfillError:
                self.states[number] = "failed"
            except AirflowSkipException:
                self.states[number] = "skipped"
        return [str(self.states[number]) for number in numbers]


@pytest.fixture
def backfills(dags: dict[str, DAG], clears: dict[str, int]) -> Backfills:
    return Backfills(dags, clears)


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


def test_the_other_runs_are_skipped_whole(dags: dict[str, DAG], skipped: list[str]) -> None:
    ti = first_task(dags, {0: "running", 1: "running", 2: None, 3: None})

    with pytest.raises(AirflowSkipException, match="from 3 January 2026"):
        refuse_large_backfill(ti, run(1))

    assert {"prices.fetch", "summarise"} <= {*skipped}


@pytest.mark.usefixtures("skipped")
@pytest.mark.parametrize("order", [range(9), [8, 0, 4, 7, 1, 2, 3, 5, 6], range(8, -1, -1)])
def test_that_the_others_have_ended_lets_no_run_of_a_refused_backfill_through(
    backfills: Backfills, order: Iterable[int]
) -> None:
    backfills.create(range(9))
    backfills.plan(order)

    assert list(backfills.states.values()) == ["failed", *["skipped"] * 8]


@pytest.mark.usefixtures("skipped")
@pytest.mark.parametrize(
    "right", [range(3), range(3, 6), range(6, 9), range(9, 12)], ids=["first", "in", "last", "next"]
)
def test_the_right_one_within_or_beside_a_refused_one_is_made(
    backfills: Backfills, right: range
) -> None:
    backfills.create(range(9))
    backfills.plan(range(9))
    backfills.create(right)

    assert backfills.plan(right) == ["success"] * 3


@pytest.mark.usefixtures("skipped")
@pytest.mark.parametrize("good", [range(3), range(3, 6), range(6, 9)], ids=["first", "in", "last"])
@pytest.mark.parametrize("order", [range(9), [8, 0, 4, 7, 1, 2, 3, 5, 6], range(8, -1, -1)])
def test_a_refused_one_may_reprocess_runs_that_went_well(
    backfills: Backfills, good: range, order: Iterable[int]
) -> None:
    backfills.create(good)
    assert backfills.plan(good) == ["success"] * 3
    backfills.create(range(9))
    backfills.plan(order)

    assert [backfills.states[number] for number in range(9)] == ["failed", *["skipped"] * 8]


@pytest.mark.usefixtures("skipped")
def test_one_that_is_too_large_again_is_refused_again(backfills: Backfills) -> None:
    for _ in range(2):
        backfills.create(range(9))
        assert backfills.plan(range(9)) == ["failed", *["skipped"] * 8]
    backfills.create(range(9, 18))

    assert backfills.plan(range(9, 18)) == ["failed", *["skipped"] * 8]


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
