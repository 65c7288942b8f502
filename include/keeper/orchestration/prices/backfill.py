"""Planning a run that publishes the prices of a past interval."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk.types import DagRunProtocol

from keeper.domain.intervals import Interval
from keeper.domain.watches.product_choice import ProductChoice
from keeper.orchestration.airflow.connections import database, keepa_config
from keeper.orchestration.airflow.lake import lake
from keeper.orchestration.runs.plans import begin, only_previewed, plain_parts
from keeper.settings import load_settings


def plan_interval(
    dag_run: DagRunProtocol, interval: Interval, params: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Plan a run over a past interval and return its batches; none in a dry run, which only says.

    Args:
        dag_run: The run.
        interval: The points in it are published.
        params: `domains` and `asins`, which products; `dry_run`.

    Raises:
        InvalidChoiceError: No such locale or ASIN, or nobody watches it.
        InvalidIntervalError: The interval is empty, or has not ended yet.
    """
    from keeper.pipeline.prices.backfill import plan_backfill, preview_backfill

    run, settings, source = begin(dag_run), load_settings(), keepa_config().source
    batch_products = settings.runs.batch_products
    only = ProductChoice.of(params["domains"], params["asins"])
    with database() as connection:
        if params["dry_run"]:
            return only_previewed(
                preview_backfill(
                    connection,
                    source=source,
                    batch_products=batch_products,
                    interval=interval,
                    only=only,
                    at=run.started_at,
                )
            )
        return plain_parts(
            plan_backfill(
                connection,
                lake(),
                run=run.name,
                dag_id=run.dag_id,
                source=source,
                batch_products=batch_products,
                interval=interval,
                only=only,
                started_at=run.started_at,
                operator=settings.people.operator_email,
            )
        )
