"""
### What
Every six hours, between the price runs: asks Keepa for the deals of each saved filter, fetches the
price history of their products, scores and validates the deals, publishes them to Kafka and waits
until PostgreSQL and Elasticsearch have them.

### Reads
The active rows of `deal_filters`, see `keeper deals`; `published_histories` and `price_history`;
Keepa (or its simulator) by connection `keeper_keepa`: 5 tokens a page of 150 deals, 1 for each
product whose history Keeper does not have yet (3 for the buy box, 5 for what comes with offers).

### Writes
Raw replies and task files to the lake (`runs/<run id>/`), Kafka topic `deal-updates`,
`quarantined_records`, a row of `pipeline_runs`; through the side workers `collected_deals`,
`price_history`, `watched_products` and the Elasticsearch alias `keeper-deals`.

### Params
- `filters`: only these of the active filters, by name; all if empty.
- `dry_run`: only say which filters would run and for how many tokens; nothing is fetched or
  published.

A run may spend at most `KEEPER_DEAL_TOKENS`; its filters share them.

### If it fails
- `plan`: a chosen filter does not exist or is not active; the message names those that are.
- `fetch`: Keepa rejects a filter; the message names it with the field at fault. Change or pause
  it, then clear the failed tasks: it is searched with as it is then, or left out. The other
  filters' deals are published all the same. Without tokens the task is deferred until the refill.
- `check`: bad deals are in `quarantined_records`; the others of the filter are published.
- `wait_for_postgres`: the loader is behind or down: `keeper health consume-deals`, and its log.
- `summarise`: a filter was lost or too much was quarantined; its row in `pipeline_runs` says which.

### Run it again
Clear the failed tasks, or any others with those after them: nothing is stored or paid for twice. A
new run pays again; a deal seen again is the same deal. `airflow backfill create` is refused: Keepa
has only today's deals.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, dag

from keeper.orchestration import collect_deals as tasks
from keeper.orchestration.airflow.defaults import Rank, in_queue, ranked
from keeper.orchestration.airflow.forms import NOT_BACKFILLED, dry_run_param, filters_param
from keeper.orchestration.run_notices import deadline_after, notify_of_failed_run, record_good_run
from keeper.orchestration.waits.deals import wait_for_elasticsearch, wait_for_postgres


@dag(
    schedule=CronDataIntervalTimetable("0 3-23/6 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    allowed_run_types=NOT_BACKFILLED,
    max_active_runs=1,
    # Tokens may have to be waited for through most of the interval.
    dagrun_timeout=timedelta(hours=5, minutes=45),
    is_paused_upon_creation=False,
    default_args=ranked(Rank.DEALS) | in_queue("deals"),
    doc_md=__doc__,
    tags=["deals"],
    on_failure_callback=notify_of_failed_run,
    on_success_callback=record_good_run,
    deadline=deadline_after(timedelta(hours=3)),
    params={"filters": filters_param(), "dry_run": dry_run_param()},
)
def collect_deals() -> None:
    """Wire the run; the heads above say what it does."""
    published = tasks.deals.expand(planned=tasks.plan())
    [wait_for_postgres(published), wait_for_elasticsearch(published)] >> tasks.summarise()


collect_deals()
