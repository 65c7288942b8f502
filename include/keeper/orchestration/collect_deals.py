"""The tasks of `collect_deals`: its filters planned, then each fetched, checked and published."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from airflow.sdk import Metadata, TriggerRule, task_group
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.types import DagRunProtocol, RuntimeTaskInstanceProtocol

from keeper.orchestration.airflow.assets import (
    COLLECTED_DEALS,
    DEAL_UPDATES,
    LOADED_DEALS,
    PIPELINE_RUNS,
    PRICE_HISTORY,
    QUARANTINED_RECORDS,
    REPLIES,
    RUN_ENDS,
    TOKEN_LEDGER,
)
from keeper.orchestration.airflow.connections import database, kafka_config, keepa_config
from keeper.orchestration.airflow.forms import skip_in_dry_run
from keeper.orchestration.airflow.lake import data_docs_folder, deal_folder, lake
from keeper.orchestration.airflow.operators import task
from keeper.orchestration.runs.plans import begin, only_previewed, plain_parts
from keeper.orchestration.runs.reports import finish_batch_run
from keeper.orchestration.waits.keepa_tasks import keepa_client, keepa_task
from keeper.settings import load_settings

WHICH_FILTER: Final = "{{ task.op_args[0].label }}"


@task(inlets=[COLLECTED_DEALS], outlets=[PIPELINE_RUNS])
def plan(dag_run: DagRunProtocol, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Share the tokens among the filters and return these; none in a dry run.

    Raises:
        UnknownFilterError: One that the params name is no active filter.
    """
    from keeper.pipeline.deals.plan import plan_deals, preview_deals

    run, only = begin(dag_run), params["filters"] or []
    max_tokens = load_settings().deals.max_tokens
    with database() as connection:
        if params["dry_run"]:
            return only_previewed(
                preview_deals(connection, max_tokens=max_tokens, at=run.started_at, only=only)
            )
        return plain_parts(
            plan_deals(
                connection,
                lake(),
                run=run.name,
                dag_id=run.dag_id,
                source=keepa_config().source,
                max_tokens=max_tokens,
                started_at=run.started_at,
                only=only,
            )
        )


@keepa_task(
    map_index_template=WHICH_FILTER,
    max_active_tis_per_dagrun=2,
    inlets=[PRICE_HISTORY],
    outlets=[REPLIES, COLLECTED_DEALS, TOKEN_LEDGER],
)
def fetch(planned: dict[str, Any]) -> dict[str, Any]:
    """Bring a filter's deals, and what their products have cost before, into the lake.

    Raises:
        AirflowSkipException: The filter was paused or removed since the run was planned.
    """
    from keeper.pipeline.deals.fetch import fetch_deals, renew_filter

    folder = deal_folder(planned["run"], planned["batch"])
    with database() as connection, keepa_client(planned["run"]) as client:
        if not renew_filter(folder, connection):
            raise AirflowSkipException(f"the filter {planned['label']} is not active any more")
        fetched = fetch_deals(folder, connection, client, max_tokens=planned["tokens"])
    return planned | asdict(fetched)


@task(
    map_index_template=WHICH_FILTER,
    inlets=[REPLIES, PRICE_HISTORY],
    outlets=[QUARANTINED_RECORDS],
)
def check(fetched: dict[str, Any]) -> dict[str, Any]:
    """Turn a filter's replies into scored and checked messages, and count them."""
    from keeper.pipeline.deals.validate import validate_deals

    run, batch = fetched["run"], fetched["batch"]
    with database() as connection:
        checked = validate_deals(
            deal_folder(run, batch),
            connection,
            run_id=run,
            batch=batch,
            source=keepa_config().source,
            docs_dir=data_docs_folder(run, batch),
        )
    return {"run": run, "batch": batch, "label": fetched["label"]} | asdict(checked)


@task(map_index_template=WHICH_FILTER, outlets=[DEAL_UPDATES])
def publish(checked: dict[str, Any]) -> dict[str, Any]:
    """Publish a filter's messages, and say how far the topic's readers have to come."""
    from keeper.pipeline.prices.publish import publish_batch
    from keeper.streams.topics import DEAL_UPDATES as TOPIC

    folder = deal_folder(checked["run"], checked["batch"])
    published = publish_batch(folder, kafka_config(), topic=TOPIC)
    return {"batch": checked["batch"]} | asdict(published)


@task_group
def deals(planned: dict[str, Any]) -> Any:
    """Fetch, check and publish what one filter finds."""
    # What Airflow hands on before a run is a reference to the result, not the result.
    fetched: Any = fetch(planned)
    checked: Any = check(fetched)
    return publish(checked)


@task(trigger_rule=TriggerRule.ALL_DONE, outlets=[*LOADED_DEALS, *RUN_ENDS], retries=1)
def summarise(ti: RuntimeTaskInstanceProtocol, params: dict[str, Any]) -> Iterator[Metadata]:
    """Write the run's row, which goes with the asset event; fail if the run lost too much."""
    skip_in_dry_run(params)
    limit = load_settings().runs.max_quarantine_share
    yield Metadata(COLLECTED_DEALS, finish_batch_run(ti, "deals", max_quarantine_share=limit))
