"""Waiting until a store has the prices a run published."""

from typing import Any

from airflow.sdk import TriggerRule

from keeper.orchestration.sensors import WaitForGroup
from keeper.settings import load_settings
from keeper.streams.topics import PRICE_INDEXER_GROUP, PRICE_LOADER_GROUP, PRICE_UPDATES


def wait_for_postgres(published: Any) -> WaitForGroup:
    """Return a task that waits until PostgreSQL has what the publish tasks returned."""
    return _wait("postgres", PRICE_LOADER_GROUP, "keeper consume prices", published)


def wait_for_elasticsearch(published: Any) -> WaitForGroup:
    """Return a task that waits until Elasticsearch has what the publish tasks returned."""
    return _wait("elasticsearch", PRICE_INDEXER_GROUP, "keeper index prices", published)


def _wait(store: str, group: str, worker: str, published: Any) -> WaitForGroup:
    return WaitForGroup(
        task_id=f"wait_for_{store}",
        topic=PRICE_UPDATES,
        group=group,
        published=published,
        worker=worker,
        timeout_s=load_settings().keeper_wait_timeout_s,
        # A batch that failed must not keep the others' alerts waiting.
        trigger_rule=TriggerRule.ALL_DONE,
    )
