"""Runs that fail of Keepa, and what an operator clears of them in Airflow's page, by its API."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from stack.airflow_api import AirflowApi
from stack.errors import StackError
from tests.e2e.conftest import Rows
from tests.e2e.runs import ENDED, wait_for_end
from tests.waiting import wait_until

Task = str | tuple[str, int]


@dataclass(frozen=True)
class Operator:
    """Who clears tasks in Airflow's page, and sees what became of a run.

    Attributes:
        airflow: The page's API.
        rows: Queries Keeper's database.
        logs: Where Airflow's task logs are.
        simulator: The address of the Keepa simulator.
    """

    airflow: AirflowApi
    rows: Rows
    logs: Path
    simulator: str

    @contextmanager
    def fault(self, **fault: Any) -> Iterator[None]:
        """Let the simulator make a fault for the block."""
        httpx.post(f"{self.simulator}/simulator/faults", json=fault).raise_for_status()
        try:
            yield
        finally:
            httpx.delete(f"{self.simulator}/simulator/faults").raise_for_status()

    def clear(self, run: str, *tasks: Task, downstream: bool = True) -> str:
        """Clear tasks as the page does; return how the run ends."""
        dag_id, _, run_id = run.partition("/")
        body = {
            "dag_run_id": run_id,
            "task_ids": list(tasks),
            "include_downstream": downstream,
            "only_failed": False,
            "reset_dag_runs": True,
            "dry_run": False,
        }
        self.airflow.ask("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", json=body)
        return wait_for_end(self.airflow, dag_id, run_id)

    def clear_run(self, run: str, *, only_failed: bool) -> str:
        """Clear a run, or its failed tasks, as the page does; return how it ends."""
        self.begin_clearing(run, only_failed=only_failed)
        return self.end_of(run)

    def begin_clearing(self, run: str, *, only_failed: bool) -> None:
        """Clear a run, or its failed tasks, as the page does; the run goes on by itself."""
        dag_id, _, run_id = run.partition("/")
        self.airflow.ask(
            "POST",
            f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/clear",
            json={"dry_run": False, "only_failed": only_failed},
        )

    def end_of(self, run: str) -> str:
        """Wait for the end of a run; return how it ended. Airflow's page may be away meanwhile."""
        dag_id, _, run_id = run.partition("/")

        def has_ended() -> bool:
            try:
                return self.airflow.run_state(dag_id, run_id) in ENDED
            except StackError:
                return False

        wait_until(has_ended, f"the end of {run}", every_s=0.5)
        return self.airflow.run_state(dag_id, run_id)

    def wait_for_slow_request(self) -> None:
        """Wait until the simulator holds a request back, as a fault of that kind has it."""

        def is_held() -> bool:
            state = httpx.get(f"{self.simulator}/simulator/state").raise_for_status().json()
            return bool(state["faultsMet"].get("slow"))

        wait_until(is_held, "a request that Keepa is slow to answer")

    def states(self, run: str) -> dict[str, str | None]:
        """Return the states of a run's tasks, of mapped ones as `task[index]`."""
        dag_id, _, run_id = run.partition("/")
        return {
            f"{task.task_id}[{task.map_index}]" if task.map_index >= 0 else task.task_id: task.state
            for task in self.airflow.task_instances(dag_id, run_id)
        }

    def give_up(self, run: str, task_id: str, *, is_mapped: bool = True) -> None:
        """Wait until a task, of a mapped one the first, is to be tried again; mark it as failed."""
        dag_id, _, run_id = run.partition("/")
        name, path = (f"{task_id}[0]", f"{task_id}/0") if is_mapped else (task_id, task_id)
        wait_until(lambda: self.states(run).get(name) == "up_for_retry", f"{task_id} fails")
        self.airflow.ask(
            "PATCH",
            f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{path}",
            json={"new_state": "failed"},
        )

    def row(self, run: str) -> Mapping[str, Any]:
        """Return a run's row of `pipeline_runs`."""
        (row,) = self.rows(f"SELECT * FROM pipeline_runs WHERE run_id = '{run}'")
        return row

    def paid(self, run: str) -> int:
        """Return the tokens the ledger has for a run."""
        (row,) = self.rows(
            "SELECT coalesce(sum(tokens_charged), 0)::int AS tokens FROM token_ledger"
            f" WHERE run_id = '{run}'"
        )
        return int(row["tokens"])

    def failed_log(self, run: str, task_id: str) -> list[dict[str, Any]]:
        """Return the entries of a task's log, of the one of its mapped instances that failed."""
        dag_id, _, run_id = run.partition("/")
        folder = self.logs / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        logs = [
            [json.loads(line) for line in file.read_text("utf-8").splitlines()]
            for file in folder.rglob("attempt=*.log")
        ]
        (failed,) = [log for log in logs if any(entry["level"] == "error" for entry in log)]
        return failed
