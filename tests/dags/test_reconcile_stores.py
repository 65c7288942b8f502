"""How the comparison of the stores is wired."""

import pytest
from airflow.sdk import DAG, TriggerRule

from keeper.orchestration.waits.sensors import WaitForGroup
from keeper.streams.workers import LOADERS

WAITS = {
    f"wait_for_{name.replace('-', '_')}": (loader.topic, loader.group)
    for name, loader in LOADERS.items()
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
