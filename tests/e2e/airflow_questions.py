"""Airflow's questions to people, answered by its REST API as its page answers them."""

from collections.abc import Sequence
from typing import Any

from stack.airflow_api import AirflowApi
from tests.e2e.runs import ENDED
from tests.waiting import wait_until


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

    def states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Return the state of every task of a run; of mapped ones only the last."""
        return {task.task_id: task.state for task in self.task_instances(dag_id, run_id)}

    def wait(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Wait until a task has come to a state."""

        def is_there() -> bool:
            states = self.states(dag_id, run_id)
            assert states.get(task_id) == state or self.run_state(dag_id, run_id) not in ENDED, (
                states
            )
            return states.get(task_id) == state

        wait_until(is_there, f"{dag_id}'s {task_id} is {state}", every_s=1)

    def question(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """Return what a task asks."""
        return self.ask("GET", _path(dag_id, run_id, task_id))

    def answer(self, dag_id: str, run_id: str, task_id: str, options: Sequence[str]) -> None:
        """Choose some of a question's options."""
        body = {"chosen_options": list(options), "params_input": {}}
        self.ask("PATCH", _path(dag_id, run_id, task_id), json=body)


def _path(dag_id: str, run_id: str, task_id: str) -> str:
    return f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
