"""Waiting until a store has what a run published."""

from typing import Any

from airflow.sdk import TriggerRule

from keeper.orchestration.airflow.assets import TOPICS
from keeper.orchestration.waits.sensors import WaitForGroup
from keeper.settings import load_settings
from keeper.streams.workers import Loader


def wait_for_store(
    store: str,
    loader: Loader,
    published: Any,
    *,
    timeout_s: float | None = None,
    # A batch that failed must not keep the others' alerts waiting.
    trigger_rule: TriggerRule = TriggerRule.ALL_DONE,
) -> WaitForGroup:
    """Return the task `wait_for_<store>`: until `loader` has read what was published.

    It waits KEEPER_WAIT_TIMEOUT_S at most, or `timeout_s`.
    """
    return WaitForGroup(
        task_id=f"wait_for_{store}",
        topic=loader.topic,
        group=loader.group,
        published=published,
        worker=f"keeper {' '.join(loader.command)}",
        timeout_s=timeout_s or load_settings().runs.wait_timeout_s,
        trigger_rule=trigger_rule,
        inlets=[TOPICS[loader.topic]],
    )
