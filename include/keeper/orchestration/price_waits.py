"""Waiting until a store has the prices or deals a run published."""

from typing import Any, Final

from airflow.sdk import TriggerRule

from keeper.orchestration.assets import TOPICS
from keeper.orchestration.sensors import WaitForGroup
from keeper.settings import load_settings
from keeper.streams.workers import LOADERS, Loader

_HISTORY_TIMEOUT_S: Final = 4 * 3600.0
"""A large watch list's first check brings tens of millions of older points."""


def wait_for_postgres(published: Any) -> WaitForGroup:
    """Return a task that waits until PostgreSQL has what the publish tasks returned."""
    return wait_for_store("postgres", LOADERS["consume-prices"], published)


def wait_for_elasticsearch(published: Any) -> WaitForGroup:
    """Return a task that waits until Elasticsearch has what the publish tasks returned."""
    return wait_for_store("elasticsearch", LOADERS["index-prices"], published)


def wait_for_history(published: Any) -> WaitForGroup:
    """Return a task that waits until PostgreSQL has the older points that were published."""
    return wait_for_store(
        "history", LOADERS["consume-backfill"], published, timeout_s=_HISTORY_TIMEOUT_S
    )


def wait_for_history_index(published: Any) -> WaitForGroup:
    """Return a task that waits until Elasticsearch has the older points that were published."""
    return wait_for_store(
        "history_index", LOADERS["index-backfill"], published, timeout_s=_HISTORY_TIMEOUT_S
    )


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
        timeout_s=timeout_s or load_settings().keeper_wait_timeout_s,
        trigger_rule=trigger_rule,
        inlets=[TOPICS[loader.topic]],
    )
