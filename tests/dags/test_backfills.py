"""What `airflow backfill create` does for each DAG."""

from pathlib import Path
from typing import Any

import pytest

from tests.dags.conftest import RunInFork
from tests.services import ROOT

MADE = {"follow_trends", "track_prices"}
UNSCHEDULED = {"backfill_history"}


@pytest.fixture(scope="module")
def backfills(airflow_home: Path, run_in_fork: RunInFork) -> dict[str, Any]:
    script = Path(__file__).with_name("past_runs.py")
    answers: dict[str, Any] = run_in_fork(script, ROOT / "dags", cwd=airflow_home).last_line
    assert set(answers) == {file.stem for file in (ROOT / "dags").glob("*.py")}
    return answers


def test_track_prices_gets_a_run_for_each_interval_of_six_hours(backfills: dict[str, Any]) -> None:
    runs = backfills["track_prices"]["runs"]

    assert {kind for kind, *_ in runs} == {"backfill"}
    # Both ends of a backfill are logical dates, so that the interval of UNTIL is in it.
    assert [since for _, since, _ in runs] == [
        f"2026-02-{1 + hour // 24:02}T{hour % 24:02}:00:00+00:00" for hour in range(0, 30, 6)
    ]
    assert [until for _, _, until in runs][:-1] == [since for _, since, _ in runs][1:]


def test_follow_trends_gets_a_run_for_each_hour(backfills: dict[str, Any]) -> None:
    runs = backfills["follow_trends"]["runs"]

    assert len(runs) == 24
    assert [until for _, _, until in runs][:-1] == [since for _, since, _ in runs][1:]


def test_dags_about_the_present_refuse(backfills: dict[str, Any]) -> None:
    refusals = {
        dag_id: answer.get("refused")
        for dag_id, answer in backfills.items()
        if dag_id not in MADE | UNSCHEDULED
    }

    assert len(refusals) == len(backfills) - len(MADE | UNSCHEDULED)
    for dag_id, refused in refusals.items():
        assert f"'{dag_id}' does not allow backfill runs" in (refused or "made runs"), dag_id


def test_a_dag_without_a_schedule_refuses(backfills: dict[str, Any]) -> None:
    assert "does not support backfills" in backfills["backfill_history"]["refused"]


def test_each_dag_says_in_its_documentation_what_a_backfill_does() -> None:
    for file in (ROOT / "dags").glob("*.py"):
        again = file.read_text("utf-8").partition("### Run it again")[2]
        assert "airflow backfill create" in again.partition('"""')[0], file.name
