"""How a deal run is wired."""

from typing import Any

import pytest
from airflow.sdk import DAG, CronDataIntervalTimetable, TriggerRule

from keeper.orchestration.runs.reports import batch_reports
from keeper.orchestration.waits.keepa_tasks import KEEPA_POOL, KeepaTaskOperator
from keeper.orchestration.waits.sensors import WaitForGroup


@pytest.fixture(scope="module")
def collect_deals(dags: dict[str, DAG]) -> DAG:
    return dags["collect_deals"]


def test_the_steps_run_in_order(collect_deals: DAG) -> None:
    edges = {task.task_id: task.downstream_task_ids for task in collect_deals.tasks}

    assert edges.pop("plan") >= {"deals.fetch"}
    assert edges == {
        "deals.fetch": {"deals.check"},
        "deals.check": {"deals.publish"},
        "deals.publish": {"wait_for_postgres", "wait_for_elasticsearch"},
        "wait_for_postgres": {"summarise"},
        "wait_for_elasticsearch": {"summarise"},
        "summarise": set(),
    }


def test_each_store_is_waited_for_by_its_own_group(collect_deals: DAG) -> None:
    waits = [collect_deals.get_task(f"wait_for_{store}") for store in ("postgres", "elasticsearch")]

    assert [(wait.topic, wait.group) for wait in waits if isinstance(wait, WaitForGroup)] == [
        ("deal-updates", "keeper-consumer-group-deals"),
        ("deal-updates", "keeper-search-deals"),
    ]


@pytest.mark.parametrize("task_id", ["wait_for_postgres", "wait_for_elasticsearch", "summarise"])
def test_a_rejected_filter_does_not_stop_the_others(collect_deals: DAG, task_id: str) -> None:
    assert collect_deals.get_task(task_id).trigger_rule == TriggerRule.ALL_DONE


@pytest.mark.parametrize("task_id", ["deals.fetch", "deals.check", "deals.publish"])
def test_each_filters_task_is_called_by_the_filters_name(collect_deals: DAG, task_id: str) -> None:
    assert collect_deals.get_task(task_id).map_index_template == "{{ task.op_args[0].label }}"


def test_only_fetching_spends_tokens_and_it_waits_for_them_without_a_worker(
    collect_deals: DAG,
) -> None:
    spending = [task for task in collect_deals.tasks if task.pool == KEEPA_POOL]

    assert [task.task_id for task in spending] == ["deals.fetch"]
    assert collect_deals.get_task("deals.fetch").operator_class is KeepaTaskOperator


def test_deal_runs_are_six_hours_apart_and_between_the_price_runs(collect_deals: DAG) -> None:
    timetable = collect_deals.timetable

    assert isinstance(timetable, CronDataIntervalTimetable)
    assert timetable.expression == "0 3-23/6 * * *"
    assert collect_deals.max_active_runs == 1
    assert collect_deals.catchup is False


class TaskResults:
    """Stands for a task instance that may read what the others returned."""

    def __init__(self, results: dict[str, Any]) -> None:
        self.results = results

    def xcom_pull(self, task_ids: str | list[str]) -> Any:
        if isinstance(task_ids, str):
            return self.results.get(task_ids)
        return [result for name in task_ids for result in self.results.get(name, ())]


def test_the_filters_that_were_lost_are_known_by_name() -> None:
    planned = [{"batch": number, "label": label} for number, label in enumerate("abc")]
    results = TaskResults({"plan": planned, "publish": [{"batch": 1, "events": 7}]})

    reports = batch_reports(results, "plan", "fetch", "check", "publish")

    assert reports.planned == 3
    assert reports.lost == ["a", "c"]
    assert reports.total("published", "events") == 7
    others = batch_reports(results, "plan", "fetch", "check", "publish", left_out=["fetch_2"])
    assert (others.planned, others.lost) == (2, ["a"])
