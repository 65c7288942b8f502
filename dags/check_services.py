"""
### What
Every day before the reports: probes each outside system once, with a task for each, which shows at
a glance which of them answer. These are PostgreSQL, Kafka, Elasticsearch, Keepa, the lake, the mail
server and the chat channels. Trigger it after an installation, or when something is wrong.

### Reads
PostgreSQL's migrations, Kafka's topics, Elasticsearch's health and aliases, Keepa's balance (which
costs no token), the names of Telegram's bot and Discord's webhooks.

### Writes
A file in the lake, which it deletes. No message is sent to anybody.

### Params
None.

### If it fails
- `check_…`: that service does not answer, refuses the login or lacks what this version needs; the
  error says what to do. None stops the others.
- `check_…` skipped: the settings do not name it.
- `summarise`: one of the others failed; it names them.

### Run it again
As often as you like. `airflow backfill create` is refused: it can probe only the present.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag

from keeper.orchestration import check_services as tasks
from keeper.orchestration.airflow.defaults import DEFAULT_ARGS
from keeper.orchestration.airflow.forms import NOT_BACKFILLED
from keeper.orchestration.run_notices import deadline_after, notify_of_failed_run, record_good_run


@dag(
    # At these times only, not for the day before it was first seen.
    schedule=CronTriggerTimetable("30 5 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    allowed_run_types=NOT_BACKFILLED,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=30),
    is_paused_upon_creation=False,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["operations"],
    on_failure_callback=notify_of_failed_run,
    on_success_callback=record_good_run,
    deadline=deadline_after(timedelta(minutes=15)),
)
def check_services() -> None:
    """Wire the run; the heads above say what it does."""
    tasks.summarise(tasks.service_probes())


check_services()
