"""Tasks about Elasticsearch as PostgreSQL's mirror."""

from dataclasses import asdict
from typing import Any, Final

from airflow.sdk import TriggerRule
from airflow.sdk.exceptions import AirflowSkipException

from keeper.clock import utc_now
from keeper.orchestration.connections import database, elasticsearch_config, kafka_config
from keeper.orchestration.price_waits import wait_for_store
from keeper.orchestration.run_names import run_name
from keeper.orchestration.sensors import WaitForGroup
from keeper.streams.workers import LOADERS

_DAY_S: Final = 24 * 3600.0


def mark_ends() -> dict[str, Any]:
    """Return the ends of the topics as a publishing task would: what wait_for_workers waits for."""
    from keeper.pipeline.search.mirrors import MIRRORS
    from keeper.pipeline.search.wait_for_workers import ends_of_topics

    return {"offsets": ends_of_topics(kafka_config(), MIRRORS.values())}


def wait_for_workers(ends: Any) -> list[WaitForGroup]:
    """Return tasks that wait until every loader and indexer has read up to `ends`.

    Args:
        ends: What mark_ends returned.
    """
    return [
        wait_for_store(
            "_".join(loader.command),
            loader,
            ends,
            timeout_s=_DAY_S,
            # Without the ends nothing would be waited for.
            trigger_rule=TriggerRule.ALL_SUCCESS,
        )
        for loader in LOADERS.values()
    ]


def reconcile_mirror(mirror: str, ti: Any, *, days: int | None, dry_run: bool) -> dict[str, Any]:
    """Bring Elasticsearch to what PostgreSQL has and return what was found.

    Args:
        mirror: prices or deals.
        ti: The task's instance.
        days: Compare so many days back only.
        dry_run: Change nothing.
    """
    from datetime import timedelta

    from keeper.pipeline.search.mirrors import MIRRORS
    from keeper.pipeline.search.reconcile import reconcile

    now = utc_now()
    with database() as connection, elasticsearch_config().client() as client:
        found = reconcile(
            connection,
            client,
            MIRRORS[mirror],
            at=now,
            run_id=run_name(ti.dag_id, ti.run_id),
            since=None if days is None else (now - timedelta(days=days)).date(),
            dry_run=dry_run,
        )
    return asdict(found)


def mirror_records() -> dict[str, dict[str, Any]]:
    """Copy requests to Keepa and runs to Elasticsearch; return what was done, by mirror.

    Raises:
        AirflowSkipException: Elasticsearch does not answer; the next run makes up for it.
    """
    from keeper.pipeline.search.records import RECORD_MIRRORS, mirror_records
    from keeper.stores.elasticsearch.connection import SearchUnavailableError

    with database() as connection, elasticsearch_config().client() as client:
        try:
            done = [
                mirror_records(connection, client, mirror, at=utc_now())
                for mirror in RECORD_MIRRORS.values()
            ]
        except SearchUnavailableError as error:
            raise AirflowSkipException(
                f"{error}; the next run copies what this one did not"
            ) from None
    return {one.mirror: asdict(one) for one in done}
