"""The tasks of `backfill_history`, but for those of its batches: `prices/batches.py` has them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from airflow.sdk import Metadata, TriggerRule
from airflow.sdk.types import DagRunProtocol, RuntimeTaskInstanceProtocol

from keeper.clock import utc_now
from keeper.domain.intervals import Interval
from keeper.orchestration.airflow.assets import (
    LOADED_HISTORY,
    PIPELINE_RUNS,
    PRICE_HISTORY,
    RUN_ENDS,
    WATCHED_PRODUCTS,
)
from keeper.orchestration.airflow.forms import skip_in_dry_run
from keeper.orchestration.airflow.operators import task
from keeper.orchestration.prices.backfill import plan_interval
from keeper.orchestration.runs.reports import finish_batch_run
from keeper.settings import load_settings


@task(inlets=[WATCHED_PRODUCTS], outlets=[PIPELINE_RUNS])
def plan(dag_run: DagRunProtocol, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Divide the products into batches and return these; none in a dry run."""
    return plan_interval(dag_run, interval_of(params), params)


@task(trigger_rule=TriggerRule.ALL_DONE, outlets=[*LOADED_HISTORY, *RUN_ENDS], retries=1)
def summarise(ti: RuntimeTaskInstanceProtocol, params: dict[str, Any]) -> Iterator[Metadata]:
    """Write the run's row, which goes with the asset event; fail if the run lost too much."""
    skip_in_dry_run(params)
    limit = load_settings().runs.max_quarantine_share
    yield Metadata(PRICE_HISTORY, finish_batch_run(ti, "prices", max_quarantine_share=limit))


def interval_of(params: Mapping[str, Any]) -> Interval:
    """Return the interval of the params `since` and `until`: days or moments, UTC if not said."""
    return Interval(_moment(params["since"]), _moment(params["until"]))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=utc_now().tzinfo)
