"""How the comparison of the stores is wired."""

import pytest
from airflow.sdk import DAG, TriggerRule

from keeper.orchestration.waits.sensors import WaitForGroup

WAITS = {
    "wait_for_consume_prices": ("price-updates", "keeper-consumer-group"),
    "wait_for_index_prices": ("price-updates", "keeper-search-prices"),
    "wait_for_consume_backfill": ("price-backfill", "keeper-consumer-group-backfill"),
    "wait_for_index_backfill": ("price-backfill", "keeper-search-backfill"),
    "wait_for_consume_deals": ("deal-updates", "keeper-consumer-group-deals"),
    "wait_for_index_deals": ("deal-updates", "keeper-search-deals"),
}


@pytest.fixture(scope="module")
def reconcile_stores(dags: dict[str, DAG]) -> DAG:
    return dags["reconcile_stores"]


def test_nothing_is_compared_before_every_worker_has_read_all(reconcile_stores: DAG) -> None:
    first, second = (reconcile_stores.get_task(f"reconcile_{name}") for name in ("prices", "deals"))

    # Deals bring prices too.
    assert first.upstream_task_ids == WAITS.keys()
    assert second.upstream_task_ids == {"reconcile_prices"}
    for name, (topic, group) in WAITS.items():
        wait = reconcile_stores.get_task(name)
        assert isinstance(wait, WaitForGroup)
        assert (wait.topic, wait.group) == (topic, group)
        assert wait.upstream_task_ids == {"mark_ends"}
        assert wait.trigger_rule == first.trigger_rule == TriggerRule.ALL_SUCCESS
