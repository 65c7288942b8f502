"""
### What
Every night: makes the partitions of the coming months, updates the daily roll-ups and averages with
the new points, inspects the database, runs ANALYZE on its tables, and lists what is past its
retention. It deletes nothing without the param `apply`.

### Reads
The tables of Keeper's database and its catalogue; the lake, Data Docs and Airflow's logs, also
those in Elasticsearch; Airflow's own database by the connection `keeper_airflow_metadata`.

### Writes
Partitions of `price_points`, `price_days`, `price_statistics`. With `apply` it drops partitions
older than `KEEPER_HISTORY_RETENTION_DAYS` (blank: none), records older than
`KEEPER_RECORDS_RETENTION_DAYS` (`token_ledger`, `price_corrections`, delivered `price_alerts`,
`quarantined_records`, `pipeline_runs`, `reconciliations`, `deal_reports`, resolved
`operator_notices`), replies, run files and Data Docs by
their settings, and Airflow's records and logs older than `KEEPER_AIRFLOW_RETENTION_DAYS`; of the
logs in Elasticsearch whole months.

### Params
- `apply`: drop what is past its retention; without it the log and the tasks' results say what would
  be dropped.

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

from airflow.sdk import CronTriggerTimetable, Param, TriggerRule, chain, dag, task

from keeper.orchestration.assets import PRICE_DAYS, PRICE_HISTORY, PRICE_STATISTICS, REPLIES
from keeper.orchestration.defaults import DEFAULT_ARGS, in_queue
from keeper.orchestration.run_notices import told_to_operator
from keeper.orchestration.trigger_forms import NOT_BACKFILLED


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
    **told_to_operator(late_after=timedelta(hours=6)),
    params={
        "apply": Param(False, type="boolean", title="Drop what is past its retention"),
    },
)
def maintain_storage():
    """Wire the run; the heads above say what it does."""

    @task(outlets=[PRICE_HISTORY])
    def make_months() -> list[str]:
        from keeper.orchestration.storage import make_months

        return make_months()

    @task(
        execution_timeout=timedelta(hours=6),
        inlets=[PRICE_HISTORY],
        outlets=[PRICE_DAYS, PRICE_STATISTICS],
    )
    def roll_up() -> dict:
        from keeper.orchestration.storage import roll_up

        return roll_up()

    @task(execution_timeout=timedelta(hours=2))
    def check() -> None:
        from keeper.orchestration.storage import check_and_analyse

        check_and_analyse()

    @task(inlets=[PRICE_HISTORY])
    def drop_old_rows(params) -> dict:
        from keeper.orchestration.storage import drop_old_rows

        return drop_old_rows(apply=params["apply"])

    # Of other stores: what is wrong with the database need not hold them.
    @task(
        trigger_rule=TriggerRule.ALL_DONE,
        execution_timeout=timedelta(hours=2),
        inlets=[REPLIES],
    )
    def drop_old_files(params) -> dict:
        from keeper.orchestration.storage import drop_old_files

        return drop_old_files(apply=params["apply"])

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def drop_old_task_logs(params) -> list:
        from keeper.orchestration.storage import drop_old_task_logs

        return drop_old_task_logs(apply=params["apply"])

    @task(trigger_rule=TriggerRule.ALL_DONE, execution_timeout=timedelta(hours=2))
    def clean_airflow(params) -> None:
        from keeper.orchestration.storage import clean_airflow

        clean_airflow(apply=params["apply"])

    @task(trigger_rule=TriggerRule.ALL_DONE, retries=1)
    def summarise(months, rolled_up, rows, files, logs, ti, params) -> str:
        from keeper.orchestration.summaries import conclude, storage_line

        line = storage_line(months, rolled_up, rows, files, logs, apply=params["apply"])
        return conclude(ti, line)

    # One after the other: each of them is work for the disk.
    chain(
        months := make_months(),
        rolled_up := roll_up(),
        check(),
        rows := drop_old_rows(),
        files := drop_old_files(),
        logs := drop_old_task_logs(),
        clean_airflow(),
        summarise(months, rolled_up, rows, files, logs),
    )


maintain_storage()
