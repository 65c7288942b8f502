"""What the first task of a price run does, by the kind of the run."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from keeper.clock import utc_now
from keeper.domain.intervals import Interval
from keeper.domain.watches.product_choice import ProductChoice
from keeper.orchestration.connections import database, keepa_config
from keeper.orchestration.doorbell import ring
from keeper.orchestration.dry_runs import plan_or_tell
from keeper.orchestration.keepa_tasks import keepa_account
from keeper.orchestration.lake import lake
from keeper.orchestration.run_names import run_name
from keeper.settings import load_settings

_BACKFILL: Final = "backfill"


def plan_prices(dag_run: Any, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Plan a run of `track_prices` and return its batches; none in a dry run, which only says.

    A run that `airflow backfill create` made stands for a past interval: it publishes the points
    that fall into it. Every other run checks today's prices.

    Args:
        dag_run: The run.
        params: `domains` and `asins`, which products; `dry_run`.

    Raises:
        InvalidChoiceError: No such locale or ASIN, or nobody watches it.
    """
    if dag_run.run_type == _BACKFILL:
        interval = Interval(dag_run.data_interval_start, dag_run.data_interval_end)
        return plan_past(dag_run, interval, params)
    from keeper.pipeline.prices.plan import plan_run, preview_run

    only, settings = choice_of(params), load_settings()
    how: dict[str, Any] = {
        "batch_products": settings.runs.batch_products,
        "interval": timedelta(hours=settings.runs.check_interval_h),
        "reserve_share": settings.runs.token_reserve,
        "only": only,
    }
    run = run_name(dag_run.dag_id, dag_run.run_id)
    with database() as connection, keepa_account(run) as account:
        return plan_or_tell(
            dag_run,
            params,
            preview=partial(preview_run, connection, account, **how),
            plan=lambda **of_run: plan_run(connection, lake(), account, ring=ring, **of_run, **how),
        )


def plan_past(dag_run: Any, interval: Interval, params: Mapping[str, Any]) -> list[dict[str, Any]]:
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

    how: dict[str, Any] = {
        "batch_products": load_settings().runs.batch_products,
        "interval": interval,
        "only": choice_of(params),
    }
    with database() as connection:
        return plan_or_tell(
            dag_run,
            params,
            preview=partial(preview_backfill, connection, **how),
            plan=lambda **of_run: plan_backfill(
                connection, lake(), source=keepa_config().source, **of_run, **how
            ),
        )


def choice_of(params: Mapping[str, Any]) -> ProductChoice:
    """Return the products a run's params name.

    Raises:
        InvalidChoiceError: No such locale, or no ASIN.
    """
    return ProductChoice.of(params["domains"], params["asins"])


def interval_of(params: Mapping[str, Any]) -> Interval:
    """Return the interval of the params `since` and `until`: days or moments, UTC if not said."""
    return Interval(_moment(params["since"]), _moment(params["until"]))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=utc_now().tzinfo)
