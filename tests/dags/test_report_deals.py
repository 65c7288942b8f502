"""How the daily reports are wired: every half hour, for whose morning it is."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.sdk import DAG, Context, CronTriggerTimetable
from airflow.sdk.exceptions import (
    AirflowRescheduleException,
    AirflowSkipException,
    DownstreamTasksSkipped,
)

from keeper.orchestration.airflow.operators import KeeperOperator
from keeper.orchestration.report_deals import morning_of
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection
from tests.dags.conftest import RunDag


@pytest.fixture(scope="module")
def report_deals(dags: dict[str, DAG]) -> DAG:
    return dags["report_deals"]


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def test_it_looks_at_every_half_hour(report_deals: DAG) -> None:
    timetable = report_deals.timetable

    assert isinstance(timetable, CronTriggerTimetable)
    assert timetable.expression == "*/30 * * * *"
    assert report_deals.max_active_runs == 1
    assert report_deals.catchup is False


def test_the_steps_run_in_order(report_deals: DAG) -> None:
    edges = {task.task_id: task.downstream_task_ids for task in report_deals.tasks}

    assert edges == {
        "find_readers": {"write_reports"},
        "write_reports": {"deliver_reports", "publish_deals", "summarise"},
        "deliver_reports": {"summarise"},
        "publish_deals": {"summarise"},
        "summarise": set(),
    }


def test_a_run_that_is_nobodys_morning_ends_with_its_first_task(report_deals: DAG) -> None:
    first = report_deals.get_task("find_readers")

    assert isinstance(first, ShortCircuitOperator)
    # The others run whatever became of those before them, but for this.
    assert first.ignore_downstream_trigger_rules


@pytest.mark.parametrize(
    ("run_type", "setting", "morning"),
    [
        ("scheduled", "", time(7)),
        ("scheduled", "6:30", time(6, 30)),
        ("manual", "6:30", None),
        ("asset_triggered", "", None),
    ],
)
def test_a_run_that_somebody_starts_waits_for_nobodys_morning(
    monkeypatch: pytest.MonkeyPatch, run_type: str, setting: str, morning: time | None
) -> None:
    monkeypatch.setenv("KEEPER_REPORT_AT", setting)
    run: Any = SimpleNamespace(run_type=run_type, dag_id="report_deals", run_id="run")

    assert morning_of(run) == morning


def test_a_look_that_finds_nobody_ends_well(connection: Connection, run_dag: RunDag) -> None:
    """With no users it is nobody's morning, as it is at most of a day's looks."""
    run = run_dag("report_deals", {})

    assert run.state == "success", run.log
    assert run.states["find_readers"] == "success"
    assert {state for name, state in run.states.items() if name != "find_readers"} == {"skipped"}
    assert connection.execute("SELECT FROM deal_reports").fetchall() == []


@pytest.mark.parametrize(
    "ends",
    [
        AirflowSkipException("nothing to do"),
        DownstreamTasksSkipped(tasks=["summarise"]),
        AirflowRescheduleException(datetime(2030, 1, 1, tzinfo=UTC)),
    ],
    ids=lambda ends: type(ends).__name__,
)
def test_what_ends_a_task_without_failing_it_is_no_failure(ends: Exception) -> None:
    def work() -> None:
        raise ends

    task = KeeperOperator(task_id="look", python_callable=work, op_args=(), op_kwargs={})

    with pytest.raises(type(ends)):
        task.execute(Context())
