"""The few calls of Airflow's REST API that the demo makes."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

import httpx

from stack.airflow import ADMIN
from stack.context import Stack
from stack.errors import StackError
from stack.ports import HOST

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class TaskInstance:
    """One task of a run, or one of its mapped instances.

    Attributes:
        task_id: The task.
        map_index: Its number among the mapped instances, -1 if it is not mapped.
        state: Airflow's word; None before it is scheduled.
        tries: How often it was started.
    """

    task_id: str
    map_index: int
    state: str | None
    tries: int


@dataclass(frozen=True, slots=True)
class Window:
    """A window of a DAG's schedule; times in ISO 8601 as the API gives and takes them."""

    logical_date: str
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class DagState:
    """How a DAG stands.

    Attributes:
        is_paused: Whether its runs wait.
        due: The window the scheduler will make a run for as soon as the DAG is not paused.
    """

    is_paused: bool
    due: Window | None


class AirflowApi:
    """A logged-in session; use as a context manager."""

    def __init__(self, port: int, password: str) -> None:
        """Prepare a session of the admin with an Airflow on a port of this machine."""
        self._login = {"username": ADMIN, "password": password}
        self._client = httpx.Client(base_url=f"http://{HOST}:{port}", timeout=30, trust_env=False)

    @classmethod
    def behind(cls, url: str, password: str, trusted: ssl.SSLContext) -> Self:
        """Prepare a session with an Airflow behind a proxy that speaks TLS."""
        api = cls(0, password)
        api._client.close()
        api._client = httpx.Client(base_url=url, timeout=30, trust_env=False, verify=trusted)
        return api

    @classmethod
    def of(cls, stack: Stack) -> Self:
        """Prepare a session with a stack's Airflow."""
        return cls(stack.ports.airflow, stack.credentials.airflow_admin)

    def __enter__(self) -> Self:
        """Log in."""
        token = self.ask("POST", "/auth/token", json=self._login)["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"
        return self

    def __exit__(self, *_: object) -> None:
        """Close the session."""
        self._client.close()

    def wait_for_dag(self, dag_id: str, timeout: float) -> DagState:
        """Wait until Airflow has parsed a DAG, and return how it stands.

        Raises:
            StackError: Its file has an error, or it does not appear in time.
        """
        deadline = time.monotonic() + timeout
        while True:
            answer = self._client.get(f"/api/v2/dags/{dag_id}")
            if answer.status_code == httpx.codes.OK and not answer.json()["is_stale"]:
                return _dag_state(answer.json())
            errors = self.ask("GET", "/api/v2/importErrors")["import_errors"]
            for error in errors:
                if error["filename"].endswith(f"{dag_id}.py"):
                    last = "\n".join(f"  | {li}" for li in error["stack_trace"].splitlines()[-15:])
                    raise StackError(f"Airflow cannot import {error['filename']}:\n{last}")
            if time.monotonic() > deadline:
                raise StackError(
                    f"Airflow has not found the DAG {dag_id} within {timeout:.0f} s; see "
                    "`make logs S=airflow-dag-processor`."
                )
            time.sleep(1)

    def unpause(self, dag_id: str) -> None:
        """Let a DAG's runs start."""
        self.ask("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, run_id: str, window: Window | None) -> None:
        """Create a run.

        Args:
            dag_id: The DAG.
            run_id: A name no run has had.
            window: The window of the schedule that the run stands for, so that the scheduler does
                not make another run for it; None for a run beside the schedule.
        """
        body: dict[str, Any] = {"dag_run_id": run_id, "logical_date": None}
        path = f"/api/v2/dags/{dag_id}/dagRuns"
        if window is not None:
            own = {
                "logical_date": window.logical_date,
                "data_interval_start": window.start,
                "data_interval_end": window.end,
            }
            answer = self._client.post(path, json=body | own)
            # 409: the window has had its run.
            if answer.status_code != httpx.codes.CONFLICT:
                _refuse_errors(answer)
                return
        self.ask("POST", path, json=body)

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return a run's state: queued, running, success or failed."""
        return str(self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def other_active_runs(self, dag_id: str, run_id: str) -> list[str]:
        """Return the ids of other runs of the DAG that run now."""
        runs = self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns", params={"state": "running"})
        ids = [str(run["dag_run_id"]) for run in runs["dag_runs"]]
        return [other for other in ids if other != run_id]

    def task_order(self, dag_id: str) -> list[str]:
        """Return the ids of a DAG's tasks, each after those it depends on."""
        tasks = self.ask("GET", f"/api/v2/dags/{dag_id}/tasks")["tasks"]
        downstream = {str(t["task_id"]): set(t["downstream_task_ids"]) for t in tasks}
        ordered: list[str] = []
        while downstream:
            blocked: set[str] = set().union(*downstream.values())
            free = sorted(downstream.keys() - blocked) or sorted(downstream)
            ordered += free
            for task_id in free:
                del downstream[task_id]
        return ordered

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """Return every task instance of a run."""
        found: list[TaskInstance] = []
        while True:
            page = self.ask(
                "GET",
                f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances",
                params={"limit": _PAGE, "offset": len(found)},
            )
            found += [
                TaskInstance(t["task_id"], t["map_index"], t["state"], t["try_number"])
                for t in page["task_instances"]
            ]
            if not page["task_instances"] or len(found) >= page["total_entries"]:
                return found

    def ask(
        self,
        method: str,
        path: str,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Call the API and return its answer.

        Raises:
            StackError: It does not answer, or refuses; quotes the reason.
        """
        try:
            answer = self._client.request(
                method, path, json=json, params=None if params is None else dict(params)
            )
        except httpx.HTTPError as error:
            raise StackError(
                f"Airflow's API does not answer ({error}); see `make logs S=airflow-api`."
            ) from None
        _refuse_errors(answer)
        result: dict[str, Any] = answer.json()
        return result


def _refuse_errors(answer: httpx.Response) -> None:
    if answer.is_error:
        raise StackError(
            f"Airflow refused {answer.request.method} {answer.request.url.path} with HTTP "
            f"{answer.status_code}: {answer.text[:300]}"
        )


def _dag_state(dag: Mapping[str, Any]) -> DagState:
    due = dag["next_dagrun_run_after"]
    if due is None or datetime.fromisoformat(due) > datetime.now(UTC):
        return DagState(bool(dag["is_paused"]), None)
    window = Window(
        dag["next_dagrun_logical_date"],
        dag["next_dagrun_data_interval_start"],
        dag["next_dagrun_data_interval_end"],
    )
    return DagState(bool(dag["is_paused"]), window)
