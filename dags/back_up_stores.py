"""
### What
Every night: has a backup made of PostgreSQL, of Keepa's replies and of the settings, has it read
whole, and has those past their retention deleted. The worker `keeper backup on-request` does the
work; this DAG asks for it, waits without a worker of Airflow's, and says what became of it. Where
`KEEPER_BACKUPS` is blank nothing is backed up, and the run says so.

### Reads
The state of its request in PostgreSQL. The worker reads PostgreSQL, the lake, the offsets of Kafka
and the settings.

### Writes
A request in `requests`. The worker writes a backup to `KEEPER_BACKUPS` and deletes those older than
`KEEPER_BACKUP_RETENTION_DAYS`, but never the newest ones, nor what a restore from those that are
kept needs. Nothing is deleted where the backups are not sound.

### Params
None.

### If it fails
- `wait_for_backup`, "was taken by nobody": the worker does not run, see `keeper health
  backup-on-request`; in Compose it is a service of this name.
- `wait_for_backup`, "has failed": it says why. A store or the storage of backups did not answer
  five times, the disk is full, or PostgreSQL's programs are older than the server.
- `summarise`: the backup was made, but is damaged, or the write-ahead log has a gap or is old: it
  says which, and what to do. `keeper backup check` says it again.

### Run it again
As often as you like: each run makes a backup; two at once ask for one. Clear `ask_for_backup` to
ask again. `keeper backup make`, `check` and `prune` do the same from a shell.
`airflow backfill create` is refused: a backup is of the present.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag

from keeper.orchestration import back_up_stores as tasks
from keeper.orchestration.airflow.defaults import DEFAULT_ARGS, in_queue
from keeper.orchestration.airflow.forms import NOT_BACKFILLED
from keeper.orchestration.run_notices import deadline_after, notify_of_failed_run, record_good_run


@dag(
    # At these times only, not for the night before it was first seen.
    schedule=CronTriggerTimetable("30 2 * * *", timezone="UTC"),
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
)
def back_up_stores() -> None:
    """Wire the run; the heads above say what it does."""
    made = tasks.wait_for_backup(tasks.ask_for_backup())
    tasks.summarise(made.output)


back_up_stores()
