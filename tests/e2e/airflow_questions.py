"""Airflow's questions to people, answered by its REST API as its page answers them."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from stack.airflow_api import AirflowApi

_ENDED = {"success", "failed"}


class Questions(AirflowApi):
    """A session that triggers runs, waits for their questions and answers them."""

    def clear(self, dag_id: str, run_id: str, *task_ids: str) -> None:
        """Let tasks of a run, and those after them, run again."""
        body = {
            "dag_run_id": run_id,
            "task_ids": list(task_ids),
            "include_downstream": True,
            "only_failed": False,
            "reset_dag_runs": True,
            "dry_run": False,
        }
        self.ask("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", json=body)

    def runs(self, dag_id: str) -> list[str]:
        """Return the ids of a DAG's runs."""
        return [
            run["dag_run_id"]
            for run in self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns")["dag_runs"]
        ]

    def run_with(self, dag_id: str, run_id: str, conf: Mapping[str, object]) -> None:
        """Create a run with parameters."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf)}
        self.ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)

    def states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Return the state of every task of a run; of mapped ones only the last."""
        return {task.task_id: task.state for task in self.task_instances(dag_id, run_id)}

    def wait(self, dag_id: str, run_id: str, task_id: str, state: str, timeout: float) -> None:
        """Wait until a task has come to a state."""
        deadline = time.monotonic() + timeout
        while (states := self.states(dag_id, run_id)).get(task_id) != state:
            assert self.run_state(dag_id, run_id) not in _ENDED, states
            assert time.monotonic() < deadline, states
            time.sleep(1)  # between two looks; Airflow has nothing to wait on

    def wait_for_end(self, dag_id: str, run_id: str, timeout: float) -> str:
        """Wait until a run has ended and return its state."""
        deadline = time.monotonic() + timeout
        while (state := self.run_state(dag_id, run_id)) not in _ENDED:
            assert time.monotonic() < deadline, self.states(dag_id, run_id)
            time.sleep(1)  # between two looks; Airflow has nothing to wait on
        return state

    def question(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """Return what a task asks."""
        return self.ask("GET", _path(dag_id, run_id, task_id))

    def answer(self, dag_id: str, run_id: str, task_id: str, options: Sequence[str]) -> None:
        """Choose some of a question's options."""
        body = {"chosen_options": list(options), "params_input": {}}
        self.ask("PATCH", _path(dag_id, run_id, task_id), json=body)


def _path(dag_id: str, run_id: str, task_id: str) -> str:
    return f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
