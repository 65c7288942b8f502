"""How the comparison of the stores is wired."""

from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, TriggerRule

DAGS = Path(__file__).resolve().parents[2] / "dags"
WAITS = {
    "reconcile_prices": {
        "wait_for_consume_prices",
        "wait_for_index_prices",
        "wait_for_consume_backfill",
        "wait_for_index_backfill",
    },
    "reconcile_deals": {"wait_for_consume_deals", "wait_for_index_deals"},
}


@pytest.fixture(scope="module")
def reconcile_stores() -> DAG:
    return DagBag(str(DAGS / "reconcile_stores.py")).dags["reconcile_stores"]


@pytest.mark.parametrize("task_id", sorted(WAITS))
def test_nothing_is_compared_before_every_worker_has_read_all(
    reconcile_stores: DAG, task_id: str
) -> None:
    task = reconcile_stores.get_task(task_id)

    assert task.upstream_task_ids == WAITS[task_id]
    for wait in (reconcile_stores.get_task(name) for name in WAITS[task_id]):
        assert wait.upstream_task_ids == {"mark_ends"}
        assert wait.trigger_rule == task.trigger_rule == TriggerRule.ALL_SUCCESS
