"""How tasks fail: by one sentence, and, their work done, where tasks before them failed."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, Context, RetryAction, TriggerRule
from airflow.sdk.exceptions import (
    AirflowRuntimeError,
    AirflowSkipException,
    ErrorType,
    TaskDeferred,
)
from airflow.sdk.execution_time.comms import ErrorResponse

from keeper.errors import TransientError
from keeper.orchestration.airflow.defaults import RETRY_BY_KIND
from keeper.orchestration.airflow.failures import IncompleteRunError, TaskFailed
from keeper.orchestration.airflow.operators import KeeperOperator, KeeperTask
from keeper.orchestration.waits.sensors import WaitForGroup
from keeper.sources.keepa.errors import KeepaKeyRejectedError


@pytest.fixture(scope="module")
def track_prices(dags: dict[str, DAG]) -> DAG:
    return dags["track_prices"]


class Instance:
    """Stands for a running task's instance: knows how others ended, keeps what it is given."""

    dag_id, run_id, task_id = "track_prices", "manual__1", "prices.check"

    def __init__(
        self,
        task: Any = None,
        map_index: int = -1,
        states: Mapping[str, str] | None = None,
    ) -> None:
        self.task = task
        self.map_index = map_index
        self.rendered_map_index = "de 2: A, B" if map_index >= 0 else None
        self.states = {"plan": "success", **(states or {})}
        self.kept: dict[str, Any] = {}

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        assert dag_id == self.dag_id
        return dict.fromkeys(run_ids, self.states)

    def xcom_push(self, key: str, value: Any) -> None:
        self.kept[key] = value


def context(ti: Any) -> Context:
    return cast("Context", {"ti": ti, "outlet_events": {}})


def operator(work: Callable[[], Any], **options: Any) -> KeeperOperator:
    return KeeperOperator(
        task_id="check", python_callable=work, op_args=(), op_kwargs={}, **options
    )


def raising(error: BaseException) -> Callable[[], Any]:
    def work() -> None:
        raise error

    return work


def failure(work: Callable[[], Any], ti: Instance, **options: Any) -> TaskFailed:
    with pytest.raises(TaskFailed) as failed:
        operator(work, **options).execute(context(ti))
    return failed.value


def test_every_task_of_every_dag_fails_by_one_sentence(bag: DagBag) -> None:
    for dag_id, dag in bag.dags.items():
        for task in dag.tasks:
            kind = getattr(task, "operator_class", type(task))
            first = next(one for one in kind.__mro__ if "execute" in vars(one))
            assert first is KeeperTask, f"{dag_id}.{task.task_id}"


def test_an_error_keeper_expects_is_one_line_and_left_for_the_summary(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ti = Instance(map_index=1)

    failed = failure(raising(KeepaKeyRejectedError("Keepa rejected\n the API key.")), ti)

    # Of SystemExit Airflow logs the code alone.
    assert isinstance(failed, SystemExit)
    assert failed.code == "Keepa rejected the API key."
    assert caplog.records == []
    assert ti.kept["problem"] | {"at": ""} == {
        "at": "",
        "name": "prices.check_1",
        "task": "prices.check (de 2: A, B)",
        "text": "Keepa rejected the API key.",
        "follows": False,
    }


def test_the_frames_of_any_other_error_are_logged_before_its_sentence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ti = Instance()

    failed = failure(raising(KeyError("a secret")), ti)

    assert failed.code == "KeyError: 'a secret'"
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    # Logs are masked; a notice is not.
    assert ti.kept["problem"]["text"] == "an unexpected KeyError; its log has the frames"


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (KeepaKeyRejectedError("wrong key"), RetryAction.FAIL),
        (IncompleteRunError("something before it failed"), RetryAction.FAIL),
        (TransientError("away"), RetryAction.DEFAULT),
        (ValueError("a defect"), RetryAction.DEFAULT),
    ],
    ids=["terminal", "incomplete", "transient", "a defect"],
)
def test_whether_it_is_tried_again_depends_on_the_error_behind(
    error: Exception, action: RetryAction
) -> None:
    failed = failure(raising(error), Instance())

    assert RETRY_BY_KIND.evaluate(failed, try_number=1, max_tries=4).action == action


@pytest.mark.parametrize(
    "ending",
    [AirflowSkipException("a dry run"), TaskDeferred(trigger=None, method_name="resume")],
    ids=["skipped", "deferred"],
)
def test_what_is_no_error_is_left_as_it_is(ending: BaseException) -> None:
    ti = Instance()

    with pytest.raises(type(ending)):
        operator(raising(ending)).execute(context(ti))
    assert ti.kept == {}


def test_it_fails_of_its_own_error_when_airflow_does_not_take_the_sentence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Away(Instance):
        def xcom_push(self, key: str, value: Any) -> None:
            raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR))

    assert failure(raising(TransientError("Kafka is away")), Away()).code == "Kafka is away"
    assert "will not say why" in caplog.text


STATES = {
    "prices.fetch_0": "failed",
    "prices.fetch_1": "success",
    "prices.check_0": "failed",
    "prices.check_1": "success",
    "prices.publish_0": "failed",
    "prices.publish_1": "success",
    "wait_for_history": "failed",
}


@pytest.mark.parametrize(
    ("task_id", "map_index", "missing"),
    [
        ("prices.check", 0, "prices.fetch_0"),
        ("prices.check", 1, None),
        ("prices.publish", 0, "prices.check_0, prices.fetch_0"),
        ("wait_for_postgres", -1, "prices.check_0, prices.fetch_0, prices.publish_0"),
    ],
)
def test_a_task_after_a_failed_one_does_its_work_and_fails_too(
    track_prices: DAG, task_id: str, map_index: int, missing: str | None
) -> None:
    """So that it is cleared with the failed tasks, and the run does not end with half of it."""
    ti = Instance(track_prices.get_task(task_id), map_index, STATES)
    work = operator(lambda: {"events": 7}, trigger_rule=TriggerRule.ALL_DONE)

    if missing is None:
        assert work.execute(context(ti)) == {"events": 7}
        return
    with pytest.raises(TaskFailed) as failed:
        work.execute(context(ti))

    assert str(failed.value).startswith(f"Done as far as it could be: {missing} failed before it.")
    assert ti.kept["return_value"] == {"events": 7}
    assert ti.kept["problem"]["follows"]


def test_a_task_that_others_only_come_before_does_not(track_prices: DAG) -> None:
    ti = Instance(track_prices.get_task("wait_for_postgres"), states=STATES)
    work = operator(lambda: 3, trigger_rule=TriggerRule.ALL_DONE, is_independent=True)

    assert work.execute(context(ti)) == 3


def test_a_wait_fails_too_whether_it_had_to_wait_or_not(track_prices: DAG) -> None:
    wait = track_prices.get_task("wait_for_postgres").prepare_for_execution()
    assert isinstance(wait, WaitForGroup)
    wait.published = []
    ti = Instance(wait, states=STATES)

    with pytest.raises(TaskFailed):
        wait.execute(context(ti))
    with pytest.raises(TaskFailed, match="Done as far"):
        wait.resume_execution("resume", {"event": {"reached": True}}, context(ti))
