"""Waiting until a store has the prices or deals a run published."""

from typing import Any, Final

from airflow.sdk import TriggerRule

from keeper.orchestration.assets import TOPICS
from keeper.orchestration.sensors import WaitForGroup
from keeper.settings import load_settings
from keeper.streams.topics import (
    BACKFILL_INDEXER_GROUP,
    BACKFILL_LOADER_GROUP,
    PRICE_BACKFILL,
    PRICE_INDEXER_GROUP,
    PRICE_LOADER_GROUP,
    PRICE_UPDATES,
)

_HISTORY_TIMEOUT_S: Final = 4 * 3600.0
"""A large watch list's first check brings tens of millions of older points."""


def wait_for_postgres(published: Any) -> WaitForGroup:
    """Return a task that waits until PostgreSQL has what the publish tasks returned."""
    return wait_for_store(
        "postgres", PRICE_UPDATES, PRICE_LOADER_GROUP, "keeper consume prices", published
    )


def wait_for_elasticsearch(published: Any) -> WaitForGroup:
    """Return a task that waits until Elasticsearch has what the publish tasks returned."""
    return wait_for_store(
        "elasticsearch", PRICE_UPDATES, PRICE_INDEXER_GROUP, "keeper index prices", published
    )


def wait_for_history(published: Any) -> WaitForGroup:
    """Return a task that waits until PostgreSQL has the older points that were published."""
    return wait_for_store(
        "history",
        PRICE_BACKFILL,
        BACKFILL_LOADER_GROUP,
        "keeper consume backfill",
        published,
        timeout_s=_HISTORY_TIMEOUT_S,
    )


def wait_for_history_index(published: Any) -> WaitForGroup:
    """Return a task that waits until Elasticsearch has the older points that were published."""
    return wait_for_store(
        "history_index",
        PRICE_BACKFILL,
        BACKFILL_INDEXER_GROUP,
        "keeper index backfill",
        published,
        timeout_s=_HISTORY_TIMEOUT_S,
    )


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
        timeout_s=timeout_s or load_settings().runs.wait_timeout_s,
        trigger_rule=trigger_rule,
        inlets=[TOPICS[topic]],
    )
