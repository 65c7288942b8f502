"""What the first task of a price run does, by the kind of the run."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from keeper.clock import utc_now
from keeper.domain.intervals import Interval
from keeper.orchestration.connections import database, keepa_config
from keeper.orchestration.doorbell import ring
from keeper.orchestration.keepa_tasks import keepa_account
from keeper.orchestration.lake import lake
from keeper.orchestration.run_names import run_name
from keeper.settings import load_settings

_BACKFILL: Final = "backfill"


def plan_prices(dag_run: Any) -> list[dict[str, Any]]:
    """Plan a run of `track_prices` and return its batches.

    A run that `airflow backfill create` made stands for a past interval: it publishes the points
    that fall into it. Every other run checks today's prices.
    """
    if dag_run.run_type == _BACKFILL:
        interval = Interval(dag_run.data_interval_start, dag_run.data_interval_end)
        return plan_past(dag_run, interval)
    from keeper.pipeline.plan_run import plan_run

    settings = load_settings()
    run = run_name(dag_run.dag_id, dag_run.run_id)
    with database() as connection, keepa_account(run) as account:
        batches = plan_run(
            connection,
            lake(),
            account,
            run=run,
            dag_id=dag_run.dag_id,
            batch_products=settings.keeper_batch_products,
            interval=timedelta(hours=settings.keeper_check_interval_h),
            reserve_share=settings.keeper_token_reserve,
            started_at=utc_now(),
            ring=ring,
        )
    return [asdict(batch) for batch in batches]


def plan_past(dag_run: Any, interval: Interval, **choice: Any) -> list[dict[str, Any]]:
    """Plan a run over a past interval and return its batches.

    Args:
        dag_run: The run.
        interval: The points in it are published.
        choice: What else plan_backfill takes.
    """
    from keeper.pipeline.backfill import plan_backfill

    with database() as connection:
        batches = plan_backfill(
            connection,
            lake(),
            run=run_name(dag_run.dag_id, dag_run.run_id),
            dag_id=dag_run.dag_id,
            source=keepa_config().source,
            batch_products=load_settings().keeper_batch_products,
            interval=interval,
            started_at=utc_now(),
            **choice,
        )
    return [asdict(batch) for batch in batches]


def interval_of(params: dict[str, Any]) -> Interval:
    """Return the interval of the params `since` and `until`: days or moments, UTC if not said."""
    return Interval(_moment(params["since"]), _moment(params["until"]))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=utc_now().tzinfo)
