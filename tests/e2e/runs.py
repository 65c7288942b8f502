"""Runs of the demo's Airflow: start one, wait for its end, see how its tasks ended."""

import time
from typing import Any

from stack.airflow_api import AirflowApi
from tests.waiting import wait_until

ENDED = {"success", "failed"}


def trigger(airflow: AirflowApi, dag_id: str, conf: dict[str, Any] | None = None) -> str:
    """Create a run and return its id."""
    run_id = f"e2e__{time.time_ns()}"
    airflow.unpause(dag_id)
    body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
    airflow.ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)
    return run_id


def wait_for_end(airflow: AirflowApi, dag_id: str, run_id: str) -> str:
    """Wait until a run has ended and return its state."""
    wait_until(
        lambda: airflow.run_state(dag_id, run_id) in ENDED, f"the end of {dag_id}", every_s=0.5
    )
    return airflow.run_state(dag_id, run_id)


def run_dag(
    airflow: AirflowApi, dag_id: str, conf: dict[str, Any] | None = None, ends: str = "success"
) -> str:
    """Trigger a DAG, wait for the end of its run, and return Keeper's id of it."""
    run_id = trigger(airflow, dag_id, conf)
    state = wait_for_end(airflow, dag_id, run_id)
    states = {(t.task_id, t.map_index): t.state for t in airflow.task_instances(dag_id, run_id)}
    assert state == ends, states
    return f"{dag_id}/{run_id}"
