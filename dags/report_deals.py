"""
### What
Every morning: writes for each user with saved searches a report of the best deals found since the
last one, each scored, explained and with a chart of its price, and delivers it to the user's
channels. A deal is reported once. A day without new deals sends nothing unless the user wants it.

### Reads
`collected_deals`, `deal_filters`, `price_points`; archived replies in the lake, for the history
of products that nobody watches; who wants reports: `keeper reports when`.

### Writes
`deal_reports`, `reported_deals`, `outbox`, `alert_deliveries`; the reported deals to Kafka topic
`deal-updates`, where publishing them again changes nothing.

### Params
None.

### If it fails
- `write_reports`: some users' reports could not be written; its log names them and says why. The
  others have theirs.
- `publish_deals`: Kafka did not accept them; the next run publishes what is left.
- A report that a channel did not accept is not here but in `keeper reports list`.
- `summarise`: one of the others failed; it names them.

The operator is notified of a run that failed, and of one that has not ended after two hours.

### Run it again
Clear the failed tasks: a run writes one report for each user. A new run reports what came since.
`airflow backfill create` is refused: deals of past days are over.
"""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, TriggerRule, dag, task

from keeper.orchestration.assets import (
    COLLECTED_DEALS,
    DEAL_FILTERS,
    DEAL_REPORTS,
    DEAL_UPDATES,
    DELIVERED,
    OUTBOX,
    PRICE_HISTORY,
    REPLIES,
    REPORTED_DEALS,
    TO_DELIVER,
    USERS,
)
from keeper.orchestration.defaults import Rank, in_queue, ranked
from keeper.orchestration.run_names import run_name
from keeper.orchestration.run_notices import told_to_operator
from keeper.orchestration.trigger_forms import NOT_BACKFILLED


@dag(
    # At these times only, not for the morning before it was first seen.
    schedule=CronTriggerTimetable("0 6 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    allowed_run_types=NOT_BACKFILLED,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=4),
    is_paused_upon_creation=False,
    default_args=ranked(Rank.DEALS) | in_queue("deals"),
    doc_md=__doc__,
    tags=["deals"],
    **told_to_operator(late_after=timedelta(hours=2)),
)
def report_deals():
    """Wire the run; the heads above say what it does."""

    @task(
        inlets=[COLLECTED_DEALS, DEAL_FILTERS, PRICE_HISTORY, REPLIES, USERS],
        outlets=[DEAL_REPORTS, REPORTED_DEALS, OUTBOX],
    )
    def write_reports(run_id: str, dag) -> dict:
        from keeper.clock import utc_now
        from keeper.orchestration.connections import database
        from keeper.orchestration.lake import lake
        from keeper.pipeline.deals.report import write_reports
        from keeper.stores.lake.archive import ReplyArchive

        run = run_name(dag.dag_id, run_id)
        with database() as connection:
            return asdict(write_reports(connection, ReplyArchive(lake()), run_id=run, at=utc_now()))

    # What was written is delivered and published, whoever's report failed.
    @task(trigger_rule=TriggerRule.ALL_DONE, inlets=[DEAL_REPORTS, *TO_DELIVER], outlets=DELIVERED)
    def deliver_reports() -> dict:
        from keeper.orchestration.delivery import deliver_now

        return deliver_now()

    @task(
        trigger_rule=TriggerRule.ALL_DONE,
        inlets=[REPORTED_DEALS],
        outlets=[DEAL_UPDATES, DEAL_REPORTS],
    )
    def publish_deals() -> int:
        from keeper.clock import utc_now
        from keeper.orchestration.connections import database, kafka_config
        from keeper.pipeline.deals.report import publish_reported_deals

        with database() as connection:
            return publish_reported_deals(connection, kafka_config(), at=utc_now())

    @task(trigger_rule=TriggerRule.ALL_DONE, retries=1)
    def summarise(written, delivered, published, ti) -> str:
        from keeper.orchestration.summaries import conclude, delivery_line, report_line

        return conclude(ti, report_line(written, delivery_line(delivered), published))

    written, delivered, published = write_reports(), deliver_reports(), publish_deals()
    written >> [delivered, published]
    summarise(written, delivered, published)


report_deals()
