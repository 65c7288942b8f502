"""Waiting until a store has what a run published."""

from typing import Any

from airflow.sdk import TriggerRule

from keeper.orchestration.airflow.assets import TOPICS
from keeper.orchestration.waits.sensors import WaitForGroup
from keeper.settings import load_settings


def wait_for_store(
    store: str,
    topic: str,
    group: str,
    worker: str,
    published: Any,
    *,
    timeout_s: float | None = None,
    # A batch that failed must not keep the others' alerts waiting.
    trigger_rule: TriggerRule = TriggerRule.ALL_DONE,
) -> WaitForGroup:
    """Return the task `wait_for_<store>`: until `group` has read what was published to `topic`.

    It waits KEEPER_WAIT_TIMEOUT_S at most, or `timeout_s`.
    """
    return WaitForGroup(
        task_id=f"wait_for_{store}",
        topic=topic,
        group=group,
        published=published,
        worker=worker,
        timeout_s=timeout_s or load_settings().keeper_wait_timeout_s,
        trigger_rule=trigger_rule,
        inlets=[TOPICS[topic]],
    )
