"""What `airflow backfill create` does for each DAG."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.services import ROOT

pytestmark = pytest.mark.timeout(900)

MADE = {"track_prices"}
UNSCHEDULED = {"backfill_history"}


@pytest.fixture(scope="module")
def backfills(airflow_home: Path, airflow_environment: dict[str, str]) -> dict[str, Any]:
    script = str(Path(__file__).with_name("past_runs.py"))
    done = subprocess.run(
        [sys.executable, script, str(ROOT / "dags")],
        env={**os.environ, **airflow_environment},
        cwd=airflow_home,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
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


def test_dags_about_the_present_refuse(backfills: dict[str, Any]) -> None:
    refusals = {
        dag_id: answer.get("refused")
        for dag_id, answer in backfills.items()
        if dag_id not in MADE | UNSCHEDULED
    }

    assert len(refusals) == len(backfills) - 2
    for dag_id, refused in refusals.items():
        assert f"'{dag_id}' does not allow backfill runs" in (refused or "made runs"), dag_id


def test_a_dag_without_a_schedule_refuses(backfills: dict[str, Any]) -> None:
    assert "does not support backfills" in backfills["backfill_history"]["refused"]


def test_each_dag_says_in_its_documentation_what_a_backfill_does() -> None:
    for file in (ROOT / "dags").glob("*.py"):
        again = file.read_text("utf-8").partition("### Run it again")[2]
        assert "airflow backfill create" in again.partition('"""')[0], file.name
