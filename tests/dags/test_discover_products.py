"""How discover_products is wired, and how it asks a person."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, CronDataIntervalTimetable, TriggerRule
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput

from keeper.orchestration.airflow.failures import TaskFailed
from keeper.orchestration.discover_products import answered_by
from keeper.orchestration.waits.approval import ProposalApproval
from keeper.orchestration.waits.keepa_tasks import KEEPA_POOL, KeepaTaskOperator

QUESTION = {"subject": "2 products to watch?", "body": "…", "options": ["All of them", "us B0"]}
ANSWER: dict[str, Any] = {
    "chosen_options": ["us B0"],
    "params_input": {},
    "responded_at": datetime(2026, 3, 2, tzinfo=UTC),
    "responded_by_user": {"id": "7", "name": "admin"},
}


@pytest.fixture(scope="module")
def dag(dags: dict[str, DAG]) -> DAG:
    return dags["discover_products"]


def test_its_steps_run_in_order(dag: DAG) -> None:
    assert {task.task_id: task.downstream_task_ids for task in dag.tasks} == {
        "plan": {"find"},
        "find": {"propose"},
        "propose": {"approve", "summarise"},
        "approve": {"decide"},
        "decide": set(),
        "summarise": set(),
    }


def test_it_runs_every_week(dag: DAG) -> None:
    assert isinstance(dag.timetable, CronDataIntervalTimetable)
    assert dag.timetable.expression == "0 5 * * 1"
    assert dag.catchup is False
    assert dag.max_active_runs == 1


def test_a_question_closes_before_the_next_run_is_due(dag: DAG) -> None:
    approve = dag.get_task("approve")

    assert isinstance(approve, ProposalApproval)
    assert approve.response_timeout is not None
    assert dag.dagrun_timeout is not None
    assert approve.response_timeout < dag.dagrun_timeout <= timedelta(days=7)


@pytest.mark.parametrize("task_id", ["propose", "summarise"])
def test_a_search_that_failed_does_not_stop_the_others(dag: DAG, task_id: str) -> None:
    assert dag.get_task(task_id).trigger_rule == TriggerRule.ALL_DONE


@pytest.mark.parametrize("task_id", ["find", "propose"])
def test_tasks_that_ask_keepa_wait_for_tokens_without_a_worker(dag: DAG, task_id: str) -> None:
    task = dag.get_task(task_id)

    assert task.pool == KEEPA_POOL
    assert issubclass(getattr(task, "operator_class", type(task)), KeepaTaskOperator)


def test_nothing_is_decided_without_an_answer(dag: DAG) -> None:
    assert dag.get_task("decide").trigger_rule == TriggerRule.ALL_SUCCESS


def approval(question: Mapping[str, Any] | None) -> ProposalApproval:
    return ProposalApproval(
        task_id="approve",
        question={"proposed": 2, "question": question},
        answer_within=timedelta(days=6),
    )


def context(**params: object) -> Any:
    return {"ti": SimpleNamespace(id="id"), "params": params}


def asked(
    monkeypatch: pytest.MonkeyPatch, kept: list[str] | None = None, **params: object
) -> TaskAwaitingInput:
    monkeypatch.setattr(ProposalApproval, "_ask", lambda self, _: kept or self.options)
    with pytest.raises(TaskAwaitingInput) as parked:
        approval(QUESTION).execute(context(**params))
    return parked.value


def instance(dag: DAG, **states: str | None) -> Any:
    """Return the instance of `approve` in a run with these states of its tasks."""
    return SimpleNamespace(
        dag_id=dag.dag_id,
        run_id="run",
        task_id="approve",
        map_index=-1,
        task=dag.get_task("approve"),
        get_task_states=lambda dag_id, run_ids: {"run": states},
        xcom_push=lambda key, value: None,
    )


def test_nothing_proposed_is_no_question(dag: DAG) -> None:
    ti = instance(dag, plan="success", find_0="success", propose="success", summarise=None)

    with pytest.raises(AirflowSkipException, match="No product waits"):
        approval(None).execute({"ti": ti})


def test_nothing_to_ask_after_a_failure_fails_so_that_it_is_cleared_with_it(dag: DAG) -> None:
    ti = instance(dag, plan="success", find_0="failed", propose="failed", summarise=None)

    with pytest.raises(TaskFailed, match="what came before it failed"):
        approval(None).execute({"ti": ti})


def test_asking_gives_the_worker_back(monkeypatch: pytest.MonkeyPatch) -> None:
    parked = asked(monkeypatch)

    assert parked.method_name == "execute_complete"
    assert parked.kwargs == {"asked": QUESTION["options"]}
    assert parked.timeout == timedelta(days=6)


def test_a_run_may_say_how_long_its_question_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, answer_within_h=1.5).timeout == timedelta(minutes=90)


def test_the_question_people_see_is_the_one_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    old = ["All of them", "de B1"]

    assert asked(monkeypatch, kept=old).kwargs == {"asked": old}


def test_the_answer_says_what_was_asked_chosen_and_by_whom() -> None:
    answer = approval(QUESTION).execute_complete(context(), dict(ANSWER), QUESTION["options"])

    assert answer["asked"] == QUESTION["options"]
    assert answer["chosen_options"] == ["us B0"]
    assert answered_by(answer) == "admin"


def test_an_option_nobody_offered_is_refused() -> None:
    event = ANSWER | {"chosen_options": ["us B9"]}

    with pytest.raises(ValueError, match="us B9"):
        approval(QUESTION).execute_complete(context(), event, QUESTION["options"])


def test_an_answer_that_never_came_skips_the_decision() -> None:
    late = {"error": "no answer", "error_type": "timeout"}

    with pytest.raises(AirflowSkipException, match="the next run asks again"):
        approval(QUESTION).execute_complete(context(), late, QUESTION["options"])
