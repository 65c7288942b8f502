"""A run's one line, and that a run fails when one of its tasks did."""

from typing import Any

import pytest
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

from keeper.errors import TerminalError
from keeper.orchestration.airflow.failures import PROBLEM, Problem
from keeper.orchestration.airflow.task_states import first_cause
from keeper.orchestration.check_operations import check_line
from keeper.orchestration.check_services import services_line
from keeper.orchestration.maintain_storage import past_retention, storage_line
from keeper.orchestration.reconcile_stores import mirror_line
from keeper.orchestration.report_deals import report_line
from keeper.orchestration.runs import summaries
from keeper.pipeline.runs.finish import RunFailedError
from keeper.pipeline.services.names import SERVICES
from keeper.pipeline.storage.maintain import Kind


class LastTask:
    """Stands for the last task's instance: knows how the others ended, keeps what it is given.

    `problems` are what the failed ones left.
    """

    dag_id, run_id, task_id = "some_dag", "manual__1", "summarise"

    def __init__(self, **states: str) -> None:
        self.states = {"summarise": "running", **states}
        self.kept: dict[str, str] = {}
        self.problems: list[Problem] = []

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        assert dag_id == self.dag_id
        return dict.fromkeys(run_ids, self.states)

    def xcom_push(self, key: str, value: str) -> None:
        self.kept[key] = value

    def xcom_pull(self, task_ids: list[str], key: str) -> list[Problem | None]:
        assert key == PROBLEM
        left = [one for one in self.problems if one["name"].partition("_")[0] in task_ids]
        return [*left, None]


def conclude(task: LastTask, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(summaries, "get_current_context", lambda: {"ti": task})
    return summaries.conclude(task, "all is said")


def test_a_run_whose_tasks_ended_well_ends_with_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    task = LastTask(first="success", second="skipped")

    assert conclude(task, monkeypatch) == "all is said"
    assert task.kept == {"summary": "all is said"}


@pytest.mark.parametrize("state", ["failed", "upstream_failed"])
def test_a_run_fails_when_one_of_them_did(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    task = LastTask(first=state, second="success")

    with pytest.raises(RunFailedError, match="all is said; unfinished: first"):
        conclude(task, monkeypatch)
    assert task.kept == {"summary": "all is said; unfinished: first"}


def problem(name: str, minute: int, text: str, *, follows: bool = False) -> Problem:
    at = f"2026-03-01T06:{minute:02}:00+00:00"
    return Problem(at=at, name=name, task=f"{name} (de)", text=text, follows=follows)


def test_the_task_that_failed_first_is_named_with_what_was_said_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = LastTask(check_0="failed", fetch_0="failed", fetch_1="failed", late="upstream_failed")
    task.problems = [
        # Of an earlier try, which went well the next time.
        problem("fetch_2", 0, "Keepa is away."),
        problem("check_0", 1, "Done as far as it could be.", follows=True),
        problem("fetch_1", 3, "Keepa is away."),
        problem("fetch_0", 2, "Keepa rejected the API key."),
        problem("summarise", 9, "The run failed."),
    ]

    with pytest.raises(RunFailedError) as failed:
        conclude(task, monkeypatch)

    cause = "fetch_0 (de) failed: Keepa rejected the API key; so did fetch_1 (de)"
    assert str(failed.value) == f"all is said; {cause}"
    # As the notice asks, when the last task has failed of it too.
    assert first_cause(task, ["fetch_0", "fetch_1", "summarise"]) == cause


def test_a_comparison_that_left_documents_fails_its_run_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, dags: dict[str, DAG]
) -> None:
    task = LastTask(reconcile_prices="success")
    monkeypatch.setattr(summaries, "get_current_context", lambda: {"ti": task})
    last = dags["reconcile_stores"].get_task("summarise")
    assert isinstance(last, PythonOperator)
    summarise = last.python_callable
    refused = {**DAYS, "refusal": "too many; keeper search reconcile prices --delete-surplus"}

    assert "deals: 2 of 9" in summarise({**DAYS, "refusal": None}, {**DAYS, "refusal": None}, task)
    with pytest.raises(TerminalError, match="too many; keeper search reconcile"):
        summarise(refused, None, task)
    assert "1 surplus" in task.kept["summary"]


def test_every_dag_ends_with_the_task_that_says_what_it_did(dags: dict[str, DAG]) -> None:
    """Without it a run would pass whatever failed before a task that runs in any case."""
    for dag_id, dag in dags.items():
        last = {task.task_id for task in dag.tasks if not task.downstream_task_ids}
        # A person's answer, days later, is none of the run's own work.
        assert last - {"decide"} == {"summarise"}, dag_id
        others = {task.task_id for task in dag.tasks} - {"summarise", "approve", "decide"}
        before = dag.get_task("summarise").get_flat_relative_ids(upstream=True)
        assert others <= before, dag_id


FOUND: dict[str, Any] = {"trouble": ["tokens"], "notified": ["tokens"], "over": ["lag:group"]}
WELL: dict[str, Any] = {"trouble": [], "notified": [], "over": []}
DAYS = {"days": 9, "different": 2, "missing": 3, "outdated": 0, "surplus": 1, "refused": 0}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            check_line([FOUND, WELL], "no messages"),
            "in trouble: tokens; over: lag:group; no messages",
        ),
        (check_line([None, WELL], "x"), "nothing is in trouble; x"),
        (
            summaries.delivery_line({"sent": 2, "failed": 1, "held": 0}),
            "messages: 2 sent, 1 failed",
        ),
        (summaries.delivery_line(None), "no messages"),
        (
            report_line({"reports": 2, "deals": 7}, "no messages", 7),
            "2 reports with 7 deals; no messages; 7 deals published",
        ),
        (
            report_line(None, "no messages", None),
            "0 reports with 0 deals; no messages; 0 deals published",
        ),
        (
            mirror_line(DAYS, "prices"),
            "prices: 2 of 9 days differ (3 missing, 0 outdated, 1 surplus, 0 refused)",
        ),
        (mirror_line(None, "deals"), "deals: not compared"),
        (
            storage_line(
                ["2026_05"],
                {"series": 4, "days": 9, "statistics": 0},
                {
                    "token_ledger": {"rows": 3, "bytes": 3_000_000},
                    "pipeline_runs": {"rows": 2, "bytes": 400_000},
                },
                {"replies": {"replies": 7, "bytes": 99}, "run_files": {"runs": 1, "bytes": 5}},
                ["keeper-task-logs-2025-12"],
                kept=[],
            ),
            "1 new months; rolled up 4 series, 9 days, 0 statistics; 5 rows, 8 replies, runs "
            "and folders and 1 months of logs in Elasticsearch (3.4 MB) dropped",
        ),
        (
            storage_line(None, None, None, None, None, kept=list(Kind)),
            "0 new months; rolled up nothing; 0 rows, 0 replies, runs and folders and 0 months of "
            "logs in Elasticsearch (0.0 MB) are past their retention and were kept",
        ),
        (services_line(["well"] * len(SERVICES)), "7 of 7 services answer"),
    ],
)
def test_a_line_says_what_there_is_to_say(line: str, expected: str) -> None:
    assert line == expected


def test_what_expires_by_itself_is_no_report() -> None:
    tickets = {"feed_tickets": {"rows": 1, "bytes": 99}, "sessions": {"rows": 1, "bytes": 99}}
    assert past_retention(tickets, {"replies": {"replies": 0, "bytes": 0}}, []) == {}

    found = past_retention(tickets, {"data_docs": {"folders": 2, "bytes": 99}}, [])

    assert list(found) == [Kind.RUN_FILES, Kind.AIRFLOW]
