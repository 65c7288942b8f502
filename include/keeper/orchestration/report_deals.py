"""The tasks of `report_deals`: each user's best deals are written, delivered and published."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import time
from typing import Final

from airflow.sdk import TriggerRule
from airflow.sdk.types import DagRunProtocol, RuntimeTaskInstanceProtocol

from keeper.clock import utc_now
from keeper.orchestration.airflow.assets import (
    COLLECTED_DEALS,
    DEAL_UPDATES,
    OUTBOX,
    PRICE_HISTORY,
    REPLIES,
    WATCHED_PRODUCTS,
)
from keeper.orchestration.airflow.connections import database, kafka_config
from keeper.orchestration.airflow.lake import lake
from keeper.orchestration.airflow.operators import short_circuit, task
from keeper.orchestration.runs.delivery import deliver_now
from keeper.orchestration.runs.names import run_name
from keeper.orchestration.runs.summaries import conclude, delivery_line
from keeper.settings import load_settings

_SCHEDULED: Final = "scheduled"


@short_circuit(inlets=[COLLECTED_DEALS, WATCHED_PRODUCTS])
def find_readers(dag_run: DagRunProtocol) -> bool:
    """Return whether it is anybody's morning; the run ends here if not."""
    from keeper.pipeline.deals.report import is_any_due

    run = run_name(dag_run.dag_id, dag_run.run_id)
    with database() as connection:
        return is_any_due(connection, run_id=run, at=utc_now(), morning=morning_of(dag_run))


@task(
    inlets=[COLLECTED_DEALS, PRICE_HISTORY, REPLIES, WATCHED_PRODUCTS],
    outlets=[COLLECTED_DEALS, OUTBOX],
)
def write_reports(dag_run: DagRunProtocol) -> dict[str, int]:
    """Write a report for each user who is due one and has new deals; count reports and deals."""
    from keeper.pipeline.deals.report import write_reports
    from keeper.stores.lake.archive import ReplyArchive

    run, morning = run_name(dag_run.dag_id, dag_run.run_id), morning_of(dag_run)
    archive = ReplyArchive(lake())
    with database() as connection:
        return asdict(write_reports(connection, archive, run_id=run, at=utc_now(), morning=morning))


def morning_of(dag_run: DagRunProtocol) -> time | None:
    """Return which time of their day readers are waited for; None to make everybody's report now.

    A run that somebody starts is for everybody: they want to see a report.
    """
    return load_settings().people.report_at if dag_run.run_type == _SCHEDULED else None


# What was written is delivered and published, whoever's report failed.
@task(
    trigger_rule=TriggerRule.ALL_DONE,
    inlets=[COLLECTED_DEALS, OUTBOX, WATCHED_PRODUCTS],
    outlets=[OUTBOX],
)
def deliver_reports() -> dict[str, int]:
    """Deliver what is due; count messages by what became of them."""
    return deliver_now()


@task(
    trigger_rule=TriggerRule.ALL_DONE,
    inlets=[COLLECTED_DEALS],
    outlets=[DEAL_UPDATES, COLLECTED_DEALS],
)
def publish_deals() -> int:
    """Publish the deals that were reported and are not published yet; count them."""
    from keeper.pipeline.deals.report import publish_reported_deals

    with database() as connection:
        return publish_reported_deals(connection, kafka_config(), at=utc_now())


@task(trigger_rule=TriggerRule.ALL_DONE, retries=1)
def summarise(
    written: dict[str, int] | None,
    delivered: dict[str, int] | None,
    published: int | None,
    ti: RuntimeTaskInstanceProtocol,
) -> str:
    """End the run with its line, or fail where one of its tasks did."""
    return conclude(ti, report_line(written, delivery_line(delivered), published))


def report_line(written: Mapping[str, int] | None, delivered: str, published: int | None) -> str:
    """Return the line of `report_deals`."""
    reports, deals = (written["reports"], written["deals"]) if written else (0, 0)
    return f"{reports} reports with {deals} deals; {delivered}; {published or 0} deals published"
