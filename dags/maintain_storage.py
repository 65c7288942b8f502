"""
### What
Every night: makes the partitions of the coming months, updates the daily roll-ups and averages with
the new points, inspects the database, runs ANALYZE on its tables, and drops what is past its
retention if `KEEPER_APPLY_RETENTION` says so, which is the default on a server. The first run that
would drop something of a kind, or sooner than before, notifies the operator of it instead; the next
one drops it.

### Reads
The tables of Keeper's database and its catalogue; the lake, Data Docs and Airflow's logs, also
those in Elasticsearch; Airflow's own database by the connection `keeper_airflow_metadata`.

### Writes
Partitions of `price_points`, `price_days`, `price_statistics`; `operator_notices` and `outbox` for
the first report. It drops partitions
older than `KEEPER_HISTORY_RETENTION_DAYS` (blank: none), records older than
`KEEPER_RECORDS_RETENTION_DAYS` (`token_ledger`, `price_corrections`, delivered `price_alerts`,
`quarantined_records`, `pipeline_runs`, `reconciliations`, `deal_reports`, resolved
`operator_notices`, `collected_deals` that no kept report has, `product_proposals` but for rejected
ones, and what has expired), replies, run files and Data Docs by
their settings, and Airflow's records and logs older than `KEEPER_AIRFLOW_RETENTION_DAYS`; of the
logs in Elasticsearch whole months.

### Params
- `apply`: drop what is past its retention (true), or let the log and the tasks' results say what
  would be dropped (false); empty: as `KEEPER_APPLY_RETENTION` says.

### If it fails
- `check`: something needs attention; the message says what, and what to do.
- `drop_old_rows`: points that are not rolled up yet are never dropped: see `roll_up`. The task does
  not wait for a loader that locks a partition; the next attempt drops it.
- `summarise`: one of the others failed; it names them.
- `drop_old_task_logs` skipped: Elasticsearch is away; the next run does it.
- `clean_airflow` skipped: there is no connection to Airflow's database.

### Run it again
As often as you like. `keeper storage status` and `keeper storage maintain` do the same from a
shell, except for Airflow's part. `airflow backfill create` is refused: a run does all that is due.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, Param, chain, dag

from keeper.orchestration import maintain_storage as tasks
from keeper.orchestration.airflow.defaults import DEFAULT_ARGS, in_queue
from keeper.orchestration.airflow.forms import NOT_BACKFILLED, OPTIONAL_FLAG
from keeper.orchestration.run_notices import deadline_after, notify_of_failed_run, record_good_run


@dag(
    # At these times only, not for the night before it was first seen.
    schedule=CronTriggerTimetable("30 1 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    allowed_run_types=NOT_BACKFILLED,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    is_paused_upon_creation=False,
    default_args=DEFAULT_ARGS | in_queue("storage"),
    doc_md=__doc__,
    tags=["storage"],
    on_failure_callback=notify_of_failed_run,
    on_success_callback=record_good_run,
    deadline=deadline_after(timedelta(hours=6)),
    params={
        "apply": Param(
            None,
            type=OPTIONAL_FLAG,
            title="Drop what is past its retention",
            description="Empty: as KEEPER_APPLY_RETENTION says, after a first report.",
        ),
    },
)
def maintain_storage() -> None:
    """Wire the run; the heads above say what it does."""
    # One after the other: each of them is work for the disk.
    chain(
        course := tasks.choose_course(),
        months := tasks.make_months(),
        rolled_up := tasks.roll_up(),
        tasks.check(),
        rows := tasks.drop_old_rows(course),
        files := tasks.drop_old_files(course),
        logs := tasks.drop_old_task_logs(course),
        tasks.clean_airflow(course),
        tasks.summarise(course, months, rolled_up, rows, files, logs),
    )


maintain_storage()
