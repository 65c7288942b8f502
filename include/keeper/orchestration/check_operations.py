"""The tasks of `check_operations`: they look for what an operator should know."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from airflow.sdk import Asset, AssetWatcher, TriggerRule
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.types import RuntimeTaskInstanceProtocol

from keeper.clock import utc_now
from keeper.orchestration.airflow.assets import (
    DEAD_LETTERS,
    DEAL_UPDATES,
    OUTBOX,
    PIPELINE_RUNS,
    PRICE_BACKFILL,
    PRICE_UPDATES,
    RUNS_INDEX,
    TOKEN_LEDGER,
    TOKENS_INDEX,
    WATCHED_PRODUCTS,
)
from keeper.orchestration.airflow.connections import database, elasticsearch_config, kafka_config
from keeper.orchestration.airflow.operators import task
from keeper.orchestration.doorbell_trigger import KeeperEventsTrigger
from keeper.orchestration.runs.delivery import deliver_now
from keeper.orchestration.runs.summaries import conclude, delivery_line
from keeper.settings import load_settings

OPERATIONS_EVENTS: Final = Asset(
    name="operations-doorbell",
    uri="x-keeper://kafka/keeper-events/operations",
    watchers=[
        AssetWatcher(
            name="keeper-events",
            trigger=KeeperEventsTrigger(kinds=["dead_letters_grew", "run_loaded", "tokens_short"]),
        )
    ],
)
"""Updated when something happens that an operator may have to know of.

Nothing but its watcher updates it: an asset a task writes, too, would trigger the DAG twice.
"""


@task(inlets=[PIPELINE_RUNS, WATCHED_PRODUCTS], outlets=[OUTBOX])
def check_database() -> dict[str, list[str]]:
    """Look for a want of tokens, stale products, messages that wait and disks that get full.

    Returns what was recorded. Disks are those of the machine, or container, the task runs on.
    Of messages that wait the operator is mailed directly too, for the notice may wait with them.
    """
    from keeper.pipeline.messages.operator import mail_operator
    from keeper.pipeline.services.configuration import channels
    from keeper.pipeline.services.monitor import OUTBOX_AGE, monitor_stores, record_findings
    from keeper.stores.postgres.messages.channels import zone_of

    settings, now = load_settings(), utc_now()
    operator = settings.people.operator_email
    with database() as connection:
        zone = zone_of(connection, operator)
        logs = Path(conf.get("logging", "base_log_folder"))
        findings = monitor_stores(connection, settings, at=now, zone=zone, more=[logs])
        recorded = record_findings(connection, findings, operator=operator, at=now)
    outbox = next(finding for finding in findings if finding.topic == OUTBOX_AGE)
    if outbox.trouble is not None and outbox.topic in recorded["notified"]:
        problem = "The notice of it waits with the other messages; this mail went past them."
        mail_operator(outbox.trouble, problem, channels(settings), operator=operator, at=now)
    return recorded


@task(
    inlets=[PRICE_UPDATES, PRICE_BACKFILL, DEAL_UPDATES, *DEAD_LETTERS],
    outlets=[OUTBOX],
)
def check_kafka() -> dict[str, list[str]]:
    """Look for dead letters and for workers that are behind, have stopped or lost messages.

    What was found is recorded also if Kafka then does not answer.

    Returns:
        What was recorded, by topic.
    """
    from keeper.pipeline.services.monitor import monitor_streams, record_findings
    from keeper.stores.postgres.messages.channels import zone_of

    kafka, now = kafka_config(), utc_now()
    with database() as connection:
        operator = load_settings().people.operator_email
        zone = zone_of(connection, operator)
        findings = monitor_streams(kafka, at=now, zone=zone)
        return record_findings(connection, findings, operator=operator, at=now)


# What one of them has found is reported whatever the other does.
@task(trigger_rule=TriggerRule.ALL_DONE, inlets=[OUTBOX, WATCHED_PRODUCTS], outlets=[OUTBOX])
def deliver_notices() -> dict[str, int]:
    """Deliver what is due; count messages by what became of them."""
    return deliver_now()


@task(inlets=[PIPELINE_RUNS, TOKEN_LEDGER], outlets=[TOKENS_INDEX, RUNS_INDEX])
def mirror_records() -> dict[str, dict[str, Any]]:
    """Copy requests to Keepa and runs to Elasticsearch; return what was done, by mirror.

    Raises:
        AirflowSkipException: Elasticsearch does not answer; the next run makes up for it.
    """
    from keeper.pipeline.search.records import RECORD_MIRRORS, mirror_records
    from keeper.stores.elasticsearch.connection import SearchUnavailableError

    with database() as connection, elasticsearch_config().client() as client:
        try:
            done = [
                mirror_records(connection, client, mirror, at=utc_now())
                for mirror in RECORD_MIRRORS.values()
            ]
        except SearchUnavailableError as error:
            raise AirflowSkipException(
                f"{error}; the next run copies what this one did not"
            ) from None
    return {one.mirror: asdict(one) for one in done}


@task(trigger_rule=TriggerRule.ALL_DONE, retries=1)
def summarise(
    from_database: dict[str, list[str]] | None,
    from_kafka: dict[str, list[str]] | None,
    delivered: dict[str, int] | None,
    ti: RuntimeTaskInstanceProtocol,
) -> str:
    """End the run with its line, or fail where one of its tasks did or messages wait for long.

    After a good run KEEPER_HEARTBEAT_URL is called.

    Raises:
        RunFailedError: Tasks failed, or messages that are due are not delivered.
    """
    from keeper.pipeline.runs.finish import RunFailedError
    from keeper.pipeline.services.dead_mans_switch import report_good_run
    from keeper.pipeline.services.monitor import OUTBOX_AGE

    line = conclude(ti, check_line([from_database, from_kafka], delivery_line(delivered)))
    if from_database is not None and OUTBOX_AGE in from_database["trouble"]:
        raise RunFailedError(f"messages that are due were not delivered; {line}")
    if (url := load_settings().people.heartbeat_url) is not None:
        report_good_run(url)
    return line


def check_line(checked: Sequence[Mapping[str, list[str]] | None], delivered: str) -> str:
    """Return the line of `check_operations`: what is in trouble, and what became of the notices."""
    recorded = [found for found in checked if found]
    trouble = [topic for found in recorded for topic in found["trouble"]]
    over = [topic for found in recorded for topic in found["over"]]
    parts = [f"in trouble: {', '.join(trouble)}" if trouble else "nothing is in trouble"]
    if over:
        parts.append(f"over: {', '.join(over)}")
    return "; ".join([*parts, delivered])
