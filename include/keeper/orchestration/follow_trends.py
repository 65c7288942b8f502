"""The tasks of `follow_trends`: trends are counted for what has come or changed."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, cast

from airflow.sdk import TriggerRule
from airflow.sdk.types import DagRunProtocol, RuntimeTaskInstanceProtocol

from keeper.clock import utc_now
from keeper.domain.intervals import Interval
from keeper.orchestration.airflow.assets import COLLECTED_DEALS, PRICE_HISTORY, WATCHED_PRODUCTS
from keeper.orchestration.airflow.connections import database
from keeper.orchestration.airflow.operators import task
from keeper.orchestration.runs.summaries import conclude

_BACKFILL: Final = "backfill"


@task(
    inlets=[PRICE_HISTORY, COLLECTED_DEALS, WATCHED_PRODUCTS],
    outlets=[PRICE_HISTORY],
)
def update_trends(dag_run: DagRunProtocol) -> dict[str, int]:
    """Count the windows that are due, and in a backfill all that ended in its interval."""
    from keeper.pipeline.trends.update import update_trends

    with database() as connection:
        return asdict(update_trends(connection, at=utc_now(), interval=past_interval(dag_run)))


def past_interval(dag_run: DagRunProtocol) -> Interval | None:
    """Return the past interval that a run of `airflow backfill create` stands for; else None."""
    if dag_run.run_type != _BACKFILL:
        return None
    # Airflow gives every run of a backfill its interval.
    return Interval(
        cast("Any", dag_run.data_interval_start), cast("Any", dag_run.data_interval_end)
    )


@task(trigger_rule=TriggerRule.ALL_DONE, retries=1)
def summarise(updated: dict[str, int] | None, ti: RuntimeTaskInstanceProtocol) -> str:
    """End the run with its line, or fail where the update did."""
    return conclude(ti, trends_line(updated))


def trends_line(updated: Mapping[str, int] | None) -> str:
    """Return the line of `follow_trends`."""
    counted = updated or {"series": 0, "windows": 0, "rows": 0}
    return (
        f"{counted['windows']} windows counted, {counted['rows']} rows new or changed; "
        f"{counted['series']} series rolled up"
    )
