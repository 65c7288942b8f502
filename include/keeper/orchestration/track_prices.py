"""The tasks of `track_prices`, but for those of its batches: `prices/batches.py` has them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from airflow.sdk import Metadata, TriggerRule
from airflow.sdk.types import DagRunProtocol, RuntimeTaskInstanceProtocol

from keeper.domain.intervals import Interval
from keeper.domain.watches.product_choice import ProductChoice
from keeper.orchestration.airflow.assets import (
    CURRENT_PRICES,
    KEEPER_EVENTS,
    LOADED_PRICES,
    OUTBOX,
    PIPELINE_RUNS,
    PRICE_ALERTS,
    PRICE_HISTORY,
    RUN_ENDS,
    TOKEN_LEDGER,
    WATCHED_PRODUCTS,
)
from keeper.orchestration.airflow.connections import database
from keeper.orchestration.airflow.forms import skip_in_dry_run
from keeper.orchestration.airflow.lake import lake
from keeper.orchestration.airflow.operators import task
from keeper.orchestration.prices.backfill import plan_interval
from keeper.orchestration.prices.large_backfills import refuse_large_backfill
from keeper.orchestration.runs.delivery import deliver_now
from keeper.orchestration.runs.events import publish
from keeper.orchestration.runs.plans import begin, only_previewed, plain_parts
from keeper.orchestration.runs.reports import finish_batch_run
from keeper.orchestration.waits.keepa_tasks import keepa_account
from keeper.settings import load_settings

_BACKFILL: Final = "backfill"


@task(
    inlets=[WATCHED_PRODUCTS, CURRENT_PRICES, TOKEN_LEDGER],
    outlets=[PIPELINE_RUNS, TOKEN_LEDGER, KEEPER_EVENTS],
)
def plan(
    ti: RuntimeTaskInstanceProtocol, dag_run: DagRunProtocol, params: dict[str, Any]
) -> list[dict[str, Any]]:
    """Choose products, divide them into batches and return these; none in a dry run.

    A run that `airflow backfill create` made stands for a past interval: it publishes the points
    that fall into it. Every other run fetches today's prices.

    Raises:
        LargeBackfillError: The backfill has too many runs to be meant.
    """
    if dag_run.run_type == _BACKFILL:
        refuse_large_backfill(ti, dag_run)
        # Airflow gives every run of a backfill its interval.
        interval = Interval(
            cast("Any", dag_run.data_interval_start), cast("Any", dag_run.data_interval_end)
        )
        return plan_interval(dag_run, interval, params)
    return _plan_today(dag_run, params)


def _plan_today(dag_run: DagRunProtocol, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    from keeper.pipeline.prices.plan import plan_run, preview_run

    run, settings = begin(dag_run), load_settings()
    only = ProductChoice.of(params["domains"], params["asins"])
    with database() as connection, keepa_account(run.name) as account:
        if params["dry_run"]:
            return only_previewed(
                preview_run(
                    connection,
                    account,
                    batch_products=settings.runs.batch_products,
                    policy=settings.runs.request_policy,
                    reserve_share=settings.runs.token_reserve,
                    at=run.started_at,
                    only=only,
                )
            )
        return plain_parts(
            plan_run(
                connection,
                lake(),
                account,
                run=run.name,
                dag_id=run.dag_id,
                batch_products=settings.runs.batch_products,
                policy=settings.runs.request_policy,
                reserve_share=settings.runs.token_reserve,
                started_at=run.started_at,
                publish=publish,
                only=only,
                operator=settings.people.operator_email,
            )
        )


@task(
    trigger_rule=TriggerRule.ALL_DONE,
    inlets=[PRICE_ALERTS, OUTBOX, WATCHED_PRODUCTS],
    outlets=[PRICE_ALERTS, OUTBOX],
)
def deliver_alerts(params: dict[str, Any]) -> dict[str, int]:
    """Deliver what is due, whatever became of some batches; count messages by what became of them.

    A dry run skips it.
    """
    skip_in_dry_run(params)
    return deliver_now()


@task(trigger_rule=TriggerRule.ALL_DONE, outlets=[*LOADED_PRICES, *RUN_ENDS], retries=1)
def summarise(ti: RuntimeTaskInstanceProtocol, params: dict[str, Any]) -> Iterator[Metadata]:
    """Write the run's row, which goes with the asset event; fail if the run lost too much."""
    skip_in_dry_run(params)
    limit = load_settings().runs.max_quarantine_share
    yield Metadata(PRICE_HISTORY, finish_batch_run(ti, "prices", max_quarantine_share=limit))
