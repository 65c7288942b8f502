"""A run of Airflow's whose PostgreSQL, Airflow's own and Keeper's, goes away and comes back."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.airflow_api import AirflowApi
from stack.context import load_stack
from stack.errors import StackError
from stack.layout import Layout
from stack.product import keeper_output
from tests.e2e.runs import trigger
from tests.services import ROOT, Stack, bring_up, stack_command, stopped

pytestmark = pytest.mark.timeout(900)

DAG = "track_prices"
AWAY_S = 20
PRODUCTS = 60


@pytest.fixture
def airflow(stack: Stack, tmp_path: Path) -> Iterator[AirflowApi]:
    """A session with the Airflow of a whole stack, where a few products are watched."""
    up = subprocess.run([*stack_command(), "up"], cwd=ROOT, check=False)
    assert up.returncode == 0, "the stack did not start; its logs are named above"
    own = load_stack(Layout(Path(stack["KEEPER_RUN_DIR"]).parent), os.environ)
    watches = tmp_path / "watches.csv"
    asked = ("--watch-list", str(PRODUCTS), "--at", own.simulator_at)
    watches.write_text(keeper_output(own, "simulate-keepa", *asked))
    keeper_output(own, "watch", "import", str(watches))
    with AirflowApi.of(own) as api:
        api.wait_for_dag(DAG, 120)
        yield api


def wait_for(airflow: AirflowApi, run_id: str, task_id: str, states: set[str]) -> None:
    """Wait until a task has come to a state; while PostgreSQL is away nobody can say."""
    deadline = time.monotonic() + 300
    found: list[str | None] = []
    while not states.intersection(found):
        assert time.monotonic() < deadline, found
        time.sleep(1)  # between two looks at a run of Airflow's, which notifies nobody of its end
        try:
            tasks = airflow.task_instances(DAG, run_id)
        except StackError:
            continue
        found = [task.state for task in tasks if task.task_id == task_id]


def test_airflow_comes_back_and_the_run_ends_well(stack: Stack, airflow: AirflowApi) -> None:
    run_id = trigger(airflow, DAG)
    wait_for(airflow, run_id, "prices.fetch", {"running"})

    with stopped("postgres"):
        time.sleep(AWAY_S)  # an outage has no end to wait for

    wait_for(airflow, run_id, "summarise", {"success", "failed", "upstream_failed"})
    tasks = airflow.task_instances(DAG, run_id)
    assert {task.state for task in tasks} == {"success"}, tasks
    bring_up("airflow")
