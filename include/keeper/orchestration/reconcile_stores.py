"""The tasks of `reconcile_stores`: Elasticsearch is compared with PostgreSQL and put right."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from airflow.sdk import TriggerRule
from airflow.sdk.types import DagRunProtocol, RuntimeTaskInstanceProtocol

from keeper.clock import utc_now
from keeper.errors import TerminalError
from keeper.orchestration.airflow.assets import DEAL_UPDATES, PRICE_BACKFILL, PRICE_UPDATES
from keeper.orchestration.airflow.connections import database, elasticsearch_config, kafka_config
from keeper.orchestration.airflow.operators import task
from keeper.orchestration.runs.names import run_name
from keeper.orchestration.runs.summaries import conclude
from keeper.orchestration.waits.sensors import WaitForGroup
from keeper.orchestration.waits.stores import wait_for_store
from keeper.settings import load_settings
from keeper.streams.workers import LOADERS

_DAY_S: Final = 24 * 3600.0


@task(inlets=[PRICE_UPDATES, PRICE_BACKFILL, DEAL_UPDATES])
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


@task(execution_timeout=timedelta(hours=6))
def reconcile(mirror: str, dag_run: DagRunProtocol, params: dict[str, Any]) -> dict[str, Any]:
    """Bring Elasticsearch to what PostgreSQL has, in one of its mirrors; return what was found.

    Args:
        mirror: prices or deals.
        dag_run: The run.
        params: `days`: compare so many days back only; `dry_run`: change nothing;
            `delete_surplus`: delete what PostgreSQL does not have, however much it is.
    """
    from keeper.pipeline.search.mirrors import MIRRORS
    from keeper.pipeline.search.past_retention import expired_in
    from keeper.pipeline.search.reconcile import reconcile

    now, days = utc_now(), params["days"]
    kept = load_settings().retention.records_days
    with database() as connection, elasticsearch_config().client() as client:
        found = reconcile(
            connection,
            client,
            MIRRORS[mirror],
            at=now,
            run_id=run_name(dag_run.dag_id, dag_run.run_id),
            since=None if days is None else (now - timedelta(days=days)).date(),
            dry_run=bool(params["dry_run"]),
            delete_surplus=bool(params["delete_surplus"]),
            is_expired=expired_in(MIRRORS[mirror], connection, records_days=kept, at=now),
        )
    return asdict(found) | {"refusal": found.refusal}


@task(trigger_rule=TriggerRule.ALL_DONE, retries=1)
def summarise(
    prices: dict[str, Any] | None, deals: dict[str, Any] | None, ti: RuntimeTaskInstanceProtocol
) -> str:
    """End the run with its line, or fail where one of its tasks did.

    Raises:
        TerminalError: PostgreSQL lacks so much that its documents were left; all else is right.
    """
    line = conclude(ti, f"{mirror_line(prices, 'prices')}; {mirror_line(deals, 'deals')}")
    refusals = [found["refusal"] for found in (prices, deals) if found and found["refusal"]]
    if refusals:
        raise TerminalError("\n".join(refusals))
    return line


def mirror_line(found: Mapping[str, Any] | None, mirror: str) -> str:
    """Return what the comparison of prices or deals found."""
    if found is None:
        return f"{mirror}: not compared"
    wrong = ", ".join(
        f"{found[kind]} {kind}" for kind in ("missing", "outdated", "surplus", "refused")
    )
    return f"{mirror}: {found['different']} of {found['days']} days differ ({wrong})"
