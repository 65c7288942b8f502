"""
### What
Every night: compares Elasticsearch with PostgreSQL, day by day and locale by locale, by counts and
sums, and corrects Elasticsearch where they differ. It begins once the loaders and indexers have
read what had been published when the run began.

### Reads
`price_points` and `collected_deals`; the Elasticsearch aliases `keeper-prices` and `keeper-deals`;
the ends of Kafka's topics and how far their readers have read.

### Writes
Documents that are missing, differ from PostgreSQL, or have no row there; a row of
`reconciliations` for each of the two.

### Params
- `days`: compare only the last so many days; all of them if empty.
- `dry_run`: only say what differs.
- `delete_surplus`: delete documents without a row however many they are. Without it, more than
  1,000 of them and more than 5 percent stay, for after a loss in PostgreSQL they are the last copy.

### If it fails
- `wait_for_…`: that worker is behind or down: see `keeper health` with its name, such as
  `consume-prices`, and its log. Nothing was compared: what PostgreSQL does not have yet would have
  been deleted.
- `summarise`: one of the others failed; it names them. Or PostgreSQL has lost much: its documents
  were left, and the log says how to restore or delete them.
- `reconcile_…`: a store does not answer, or `keeper search reconcile` runs beside it.

### Run it again
As often as you like: the next comparison finds nothing. `keeper search reconcile` does the same
from a shell, `keeper search rebuild` makes an index anew. `airflow backfill create` is refused: a
run compares every day, or the last `days`.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, Param, chain, dag

from keeper.orchestration import reconcile_stores as tasks
from keeper.orchestration.airflow.assets import (
    COLLECTED_DEALS,
    DEALS_INDEX,
    PRICE_HISTORY,
    PRICES_INDEX,
    RECONCILIATIONS,
)
from keeper.orchestration.airflow.defaults import DEFAULT_ARGS, in_queue
from keeper.orchestration.airflow.forms import NOT_BACKFILLED, OPTIONAL_FLAG
from keeper.orchestration.run_notices import deadline_after, notify_of_failed_run, record_good_run


@dag(
    # At these times only, not for the night before it was first seen.
    schedule=CronTriggerTimetable("30 4 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    allowed_run_types=NOT_BACKFILLED,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=24),
    is_paused_upon_creation=False,
    default_args=DEFAULT_ARGS | in_queue("storage"),
    doc_md=__doc__,
    tags=["search"],
    on_failure_callback=notify_of_failed_run,
    on_success_callback=record_good_run,
    deadline=deadline_after(timedelta(hours=6)),
    params={
        "days": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Days",
            description="Only the last so many; all of them if empty.",
        ),
        "dry_run": Param(False, type=OPTIONAL_FLAG, title="Only say what is wrong"),
        "delete_surplus": Param(
            False,
            type=OPTIONAL_FLAG,
            title="Delete surplus",
            description="Delete what PostgreSQL does not have, however much it is.",
        ),
    },
)
def reconcile_stores() -> None:
    """Wire the run; the heads above say what it does."""
    prices = tasks.reconcile.override(
        task_id="reconcile_prices", inlets=[PRICE_HISTORY], outlets=[PRICES_INDEX, RECONCILIATIONS]
    )("prices")
    deals = tasks.reconcile.override(
        task_id="reconcile_deals", inlets=[COLLECTED_DEALS], outlets=[DEALS_INDEX, RECONCILIATIONS]
    )("deals")
    # One after the other: each of them is work for both stores.
    chain(tasks.wait_for_workers(tasks.mark_ends()), prices, deals, tasks.summarise(prices, deals))


reconcile_stores()
