"""
### What
Every six hours: fetches every watched product from Keepa, validates the prices, publishes them to
Kafka, waits until PostgreSQL has them, and delivers the alerts they raised.

### Reads
The active rows of `watched_products`; Keepa (or its simulator) by connection `keeper_keepa`.

### Writes
Raw replies (`replies/`) and task files (`runs/<run id>/`) to the lake, Kafka topics `price-updates`
and `price-backfill` (the whole history of a product fetched for the first time),
`quarantined_records`, `token_ledger`, a row of `pipeline_runs`; through the side workers
`price_history`, `current_prices`, `price_alerts` and the Elasticsearch alias `keeper-prices`.

### Params
- `domains` and `asins`: only these of the watched products; all if empty.
- `dry_run`: only say which products would be fetched and for how many tokens; nothing is fetched,
  published or delivered.

Batch size, recorded price types and limits are settings (`KEEPER_*`). When tokens are short, each
user's watch list gets the same share of them, for the products that are worth most in it;
`keeper keepa plan` shows which.

### If it fails
The run's row, its last task and the notice begin with the task that failed first, and what was said
to it. Tasks after a failed one do what they can and fail too, so that they are cleared with it.
- `plan`: nobody watches the products chosen; the message names them.
- `plan`, `fetch`: a wrong key fails at once; a missing answer is retried. Without tokens `fetch`
  is deferred until the refill; no worker waits. What was paid for is published all the same.
- `check`: bad records are in `quarantined_records` with the failed expectation; the others of the
  batch are published all the same.
- `wait_for_…`: a loader is behind or down; the message names it: `keeper health consume-prices`,
  and its log. Where Kafka has lost what was published, clear `prices.publish`.
- `summarise`: a batch was lost or too much was quarantined; its row in `pipeline_runs` says which.

### Run it again
Clear the failed tasks, or any others with those after them: nothing is stored, alerted or paid for
twice. A run that has paid for something keeps its plan. A new run pays again.
`airflow backfill create --dag-id track_prices …` publishes the points of past intervals from
archived replies, without alerts, one run for each interval. One of more than KEEPER_BACKFILL_RUNS
(60) fails at its first and skips the others, unless its conf says `{"large": true}`; for a long
span run `backfill_history` instead.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, dag

from keeper.orchestration import track_prices as tasks
from keeper.orchestration.airflow.defaults import Rank, in_queue, ranked
from keeper.orchestration.airflow.forms import asins_param, domains_param, dry_run_param
from keeper.orchestration.prices.batches import prices
from keeper.orchestration.run_notices import deadline_after, notify_of_failed_run, record_good_run
from keeper.orchestration.waits.prices import (
    wait_for_elasticsearch,
    wait_for_history,
    wait_for_history_index,
    wait_for_postgres,
)


@dag(
    schedule=CronDataIntervalTimetable("0 */6 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    # Tokens may have to be waited for through most of the interval.
    dagrun_timeout=timedelta(hours=5, minutes=45),
    default_args=ranked(Rank.PRICES) | in_queue("prices"),
    doc_md=__doc__,
    tags=["prices"],
    on_failure_callback=notify_of_failed_run,
    on_success_callback=record_good_run,
    deadline=deadline_after(timedelta(hours=3)),
    params={"domains": domains_param(), "asins": asins_param(), "dry_run": dry_run_param()},
)
def track_prices() -> None:
    """Wire the run; the heads above say what it does."""
    published = prices.expand(planned=tasks.plan())
    delivered = wait_for_postgres(published) >> tasks.deliver_alerts()
    indexed = wait_for_elasticsearch(published)
    older = [wait_for_history(published), wait_for_history_index(published)]
    [delivered, indexed, *older] >> tasks.summarise()


track_prices()
