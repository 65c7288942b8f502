"""The tasks of a deal run: its filters planned, then each fetched, checked and published."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from airflow.sdk import task, task_group

from keeper.orchestration.assets import (
    DEAL_FILTERS,
    DEAL_UPDATES,
    PRICE_HISTORY,
    QUARANTINED_RECORDS,
    REPLIES,
    TOKENS,
)
from keeper.orchestration.keepa_tasks import keepa_task
from keeper.settings import load_settings

WHICH_FILTER = "{{ task.op_args[0].label }}"


def plan_filters(dag_run: Any, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Plan a run of `collect_deals` and return its filters; none in a dry run, which only says.

    Args:
        dag_run: The run.
        params: `filters`, names of filters; `dry_run`.

    Raises:
        UnknownFilterError: One of them is no active filter.
    """
    from keeper.orchestration.connections import database, keepa_config
    from keeper.orchestration.dry_runs import plan_or_tell
    from keeper.orchestration.lake import lake
    from keeper.pipeline.deals.plan import plan_deals, preview_deals

    how: dict[str, Any] = {
        "max_tokens": load_settings().deals.max_tokens,
        "only": params["filters"],
    }
    with database() as connection:
        return plan_or_tell(
            dag_run,
            params,
            preview=partial(preview_deals, connection, **how),
            plan=lambda **of_run: plan_deals(
                connection, lake(), source=keepa_config().source, **of_run, **how
            ),
        )


@keepa_task(
    map_index_template=WHICH_FILTER,
    max_active_tis_per_dagrun=2,
    inlets=[PRICE_HISTORY],
    outlets=[REPLIES, DEAL_FILTERS, *TOKENS],
)
def fetch(planned: dict[str, Any]) -> dict[str, Any]:
    """Bring a filter's deals, and what their products have cost before, into the lake."""
    from keeper.orchestration.connections import database
    from keeper.orchestration.keepa_tasks import keepa_client
    from keeper.orchestration.lake import deal_folder
    from keeper.pipeline.deals.fetch import fetch_deals

    folder = deal_folder(planned["run"], planned["batch"])
    with database() as connection, keepa_client(planned["run"]) as client:
        fetched = fetch_deals(folder, connection, client, max_tokens=planned["tokens"])
    return {**planned, **asdict(fetched)}


@task(
    map_index_template=WHICH_FILTER,
    inlets=[REPLIES, PRICE_HISTORY],
    outlets=[QUARANTINED_RECORDS],
)
def check(fetched: dict[str, Any]) -> dict[str, Any]:
    """Turn a filter's replies into scored and checked messages, and count them."""
    from keeper.orchestration.connections import database, keepa_config
    from keeper.orchestration.lake import data_docs_folder, deal_folder
    from keeper.pipeline.deals.validate import check_deals

    run, batch = fetched["run"], fetched["batch"]
    with database() as connection:
        checked = check_deals(
            deal_folder(run, batch),
            connection,
            run_id=run,
            batch=batch,
            source=keepa_config().source,
            docs_dir=data_docs_folder(run, batch),
        )
    return {name: fetched[name] for name in ("run", "batch", "label")} | asdict(checked)


@task(map_index_template=WHICH_FILTER, outlets=[DEAL_UPDATES])
def publish(checked: dict[str, Any]) -> dict[str, Any]:
    """Publish a filter's messages, and say how far the topic's readers have to come."""
    from keeper.orchestration.connections import kafka_config
    from keeper.orchestration.lake import deal_folder
    from keeper.pipeline.prices.publish import publish_batch
    from keeper.streams.topics import DEAL_UPDATES as TOPIC

    folder = deal_folder(checked["run"], checked["batch"])
    published = publish_batch(folder, kafka_config(), topic=TOPIC)
    return {"batch": checked["batch"], **asdict(published)}


@task_group
def deals(planned: dict[str, Any]) -> Any:
    """Fetch, check and publish what one filter finds."""
    # What Airflow hands on before a run is a reference to the result, not the result.
    fetched: Any = fetch(planned)
    checked: Any = check(fetched)
    return publish(checked)
