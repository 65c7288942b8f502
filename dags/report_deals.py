"""
### What
Every half hour: writes for each user whose morning has come a report of the best deals found since
the last one, each scored, explained and with a chart of its price, and delivers it to the user's
channels. Morning is 07:00 (`KEEPER_REPORT_AT`) by the clock of the user's time zone
(`keeper alerts hours --zone`). A deal is reported once. A day without new deals sends nothing
unless the user wants it. A run that is nobody's morning ends with its first task.

### Reads
`collected_deals`, `deal_filters`, `price_points`; archived replies in the lake, for the history
of products that nobody watches; who wants reports: `keeper reports when`; `users`.

### Writes
`deal_reports`, `reported_deals`, `outbox`, `alert_deliveries`, in `users` from when the next report
is due; the reported deals to Kafka topic `deal-updates`, where publishing them again changes
nothing.

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
Clear the failed tasks: a run writes one report for each user. A run that you trigger reports what
came since to everybody, whatever their clocks show. After a pause the next run makes up for the
mornings in it with one report.
`airflow backfill create` is refused: deals of past days are over.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag

from keeper.orchestration import report_deals as tasks
from keeper.orchestration.airflow.defaults import Rank, in_queue, ranked
from keeper.orchestration.airflow.forms import NOT_BACKFILLED
from keeper.orchestration.run_notices import deadline_after, notify_of_failed_run, record_good_run


@dag(
    # At half hours, because some time zones lie between two hours.
    schedule=CronTriggerTimetable("*/30 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    allowed_run_types=NOT_BACKFILLED,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=4),
    is_paused_upon_creation=False,
    default_args=ranked(Rank.DEALS) | in_queue("deals"),
    doc_md=__doc__,
    tags=["deals"],
    on_failure_callback=notify_of_failed_run,
    on_success_callback=record_good_run,
    deadline=deadline_after(timedelta(hours=2)),
)
def report_deals() -> None:
    """Wire the run; the heads above say what it does."""
    written, delivered = tasks.write_reports(), tasks.deliver_reports()
    published = tasks.publish_deals()
    tasks.find_readers() >> written >> [delivered, published]
    tasks.summarise(written, delivered, published)


report_deals()
