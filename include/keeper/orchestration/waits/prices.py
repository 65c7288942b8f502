"""Waiting until a store has the prices a run published."""

from typing import Any, Final

from keeper.orchestration.waits.sensors import WaitForGroup
from keeper.orchestration.waits.stores import wait_for_store
from keeper.streams.workers import LOADERS

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
