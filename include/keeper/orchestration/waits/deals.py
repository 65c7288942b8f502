"""Waiting until a store has the deals a run published."""

from typing import Any

from keeper.orchestration.waits.sensors import WaitForGroup
from keeper.orchestration.waits.stores import wait_for_store
from keeper.streams.workers import LOADERS


def wait_for_postgres(published: Any) -> WaitForGroup:
    """Return a task that waits until PostgreSQL has what the publish tasks returned."""
    return wait_for_store("postgres", LOADERS["consume-deals"], published)


def wait_for_elasticsearch(published: Any) -> WaitForGroup:
    """Return a task that waits until Elasticsearch has what the publish tasks returned."""
    return wait_for_store("elasticsearch", LOADERS["index-deals"], published)
