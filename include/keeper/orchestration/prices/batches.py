"""The tasks of a price run's batches, the same for today's prices and for a past interval."""

from dataclasses import asdict
from typing import Any

from airflow.sdk import TriggerRule, task_group

from keeper.domain.intervals import Interval
from keeper.orchestration.airflow.assets import (
    PRICE_BACKFILL,
    PRICE_UPDATES,
    QUARANTINED_RECORDS,
    REPLIES,
    TOKEN_LEDGER,
    WATCHED_PRODUCTS,
)
from keeper.orchestration.airflow.connections import database, kafka_config, keepa_config
from keeper.orchestration.airflow.failures import IncompleteRunError
from keeper.orchestration.airflow.lake import batch_folder, data_docs_folder
from keeper.orchestration.airflow.operators import task
from keeper.orchestration.waits.keepa_tasks import keepa_client, keepa_task
from keeper.settings import load_settings

WHICH_PRODUCTS = "{{ task.op_args[0].label }}"


@keepa_task(
    map_index_template=WHICH_PRODUCTS, max_active_tis_per_dagrun=2, outlets=[REPLIES, TOKEN_LEDGER]
)
def fetch(planned: dict[str, Any]) -> dict[str, Any]:
    """Bring the raw replies of a batch's products into the lake, and count them."""
    from keeper.pipeline.prices.fetch import fetch_batch
    from keeper.pipeline.prices.plan import query_of

    interval = planned["interval"]
    with keepa_client(planned["run"]) as client:
        fetched = fetch_batch(
            batch_folder(planned["run"], planned["batch"]),
            client,
            query_of(planned),
            page_products=planned["page_products"],
            may_use_reserve=planned["urgent"],
            received_from=interval["until"] if interval else None,
        )
    return asdict(fetched)


# What was paid for before a fetch failed is published all the same, and then both fail as well: so
# they run again with it when the failed tasks are cleared.
@task(
    map_index_template=WHICH_PRODUCTS,
    trigger_rule=TriggerRule.ALL_DONE,
    inlets=[REPLIES],
    outlets=[QUARANTINED_RECORDS, WATCHED_PRODUCTS],
)
def check(planned: dict[str, Any], fetched: dict[str, Any] | None) -> dict[str, Any]:
    """Turn replies into checked messages, and count them."""
    from keeper.pipeline.prices.validate import validate_batch

    run, batch, interval = planned["run"], planned["batch"], planned["interval"]
    with database() as connection:
        checked = validate_batch(
            batch_folder(run, batch),
            connection,
            run_id=run,
            batch=batch,
            source=keepa_config().source,
            price_types=load_settings().runs.recorded,
            interval=Interval(interval["since"], interval["until"]) if interval else None,
            is_complete=fetched is not None,
            docs_dir=data_docs_folder(run, batch),
        )
    return {"run": run, "batch": batch, "label": planned["label"]} | asdict(checked)


@task(
    map_index_template=WHICH_PRODUCTS,
    trigger_rule=TriggerRule.ALL_DONE,
    outlets=[PRICE_UPDATES, PRICE_BACKFILL, WATCHED_PRODUCTS],
)
def publish(planned: dict[str, Any], checked: dict[str, Any] | None) -> dict[str, Any]:
    """Publish a batch's messages, and say how far the topics' readers have to come."""
    from keeper.pipeline.prices.publish import publish_prices

    if checked is None:
        raise IncompleteRunError("There is nothing to publish: the check before it failed.")
    run, batch = planned["run"], planned["batch"]
    with database() as connection:
        published = publish_prices(batch_folder(run, batch), kafka_config(), connection, run_id=run)
    return {"batch": batch} | asdict(published)


@task_group
def prices(planned: dict[str, Any]) -> Any:
    """Fetch, check and publish one batch."""
    # What Airflow hands on before a run is a reference to the result, not the result.
    fetched: Any = fetch(planned)
    checked: Any = check(planned, fetched)
    return publish(planned, checked)
