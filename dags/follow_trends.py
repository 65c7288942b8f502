"""
### What
Every hour: counts how prices of locales, root categories and brands moved, in windows of six hours
and days, and finds the products whose price is far from their usual one. It counts the windows that
points or deals have come for or changed in since the last run, however late they came.

### Reads
`price_points`, `price_series`, `collected_deals`, `product_labels`.

### Writes
`price_trends`, `trend_bases`, `price_movers`; `price_days` and `price_statistics`, which are
brought up to date first.

### Params
None.

### If it fails
- `update_trends`: another process counts; it is tried again. An interruption loses nothing: what
  was due is still due for the next run.
- `summarise`: the task before it failed; it says why.

### Run it again
As often as you like; `keeper trends update` does the same from a shell.
`airflow backfill create --dag-id follow_trends …` counts the windows that ended in each past hour
again, whether something came for them or not: rows that were right stay as they are.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, dag

from keeper.orchestration import follow_trends as tasks
from keeper.orchestration.airflow.defaults import DEFAULT_ARGS, in_queue
from keeper.orchestration.run_notices import deadline_after, notify_of_failed_run, record_good_run


@dag(
    # A while after the hour: windows end with it, and runs of track_prices begin.
    schedule=CronDataIntervalTimetable("20 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    is_paused_upon_creation=False,
    default_args=DEFAULT_ARGS | in_queue("storage"),
    doc_md=__doc__,
    tags=["prices"],
    on_failure_callback=notify_of_failed_run,
    on_success_callback=record_good_run,
    deadline=deadline_after(timedelta(hours=1)),
)
def follow_trends() -> None:
    """Wire the run; the heads above say what it does."""
    tasks.summarise(tasks.update_trends())


follow_trends()
