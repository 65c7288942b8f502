"""
### What
Publishes the price points of a past span of time, from archived replies or one fetch a product. It
does in one run, for spans of any length, what `airflow backfill create` does for `track_prices`
interval by interval.

### Reads
The active rows of `watched_products`; archived replies in the lake; Keepa for products of which no
reply was received after the end of the span.

### Writes
Kafka topic `price-backfill`, `quarantined_records`, `token_ledger`, a row of `pipeline_runs`;
through the side workers `price_history` and the Elasticsearch alias `keeper-prices`. Current prices
and alerts stay as they are.

### Params
- `since` and `until`: a day or a moment, UTC; `until` is not included.
- `domains` and `asins`: only these of the watched products; all if empty.
- `dry_run`: only list the products, and in how many batches.

### If it fails
- `plan`: the span is empty or ends in the future, or nobody watches the products chosen; the
  message says which.
- `fetch`: as in `track_prices`: deferred without tokens, paid for only once.
- `wait_for_history`: the loader is behind or down: `keeper health consume-backfill`, and its log.

### Run it again
As often as you like, and cleared as `track_prices` is: points that are stored already change
nothing, and no reply is paid for twice. `airflow backfill create` is
for DAGs with a schedule, and refuses this one: the params name the span.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import Param, dag

from keeper.orchestration import backfill_history as tasks
from keeper.orchestration.airflow.defaults import Rank, in_queue, ranked
from keeper.orchestration.airflow.forms import asins_param, domains_param, dry_run_param
from keeper.orchestration.prices.batches import prices
from keeper.orchestration.run_notices import deadline_after, notify_of_failed_run, record_good_run
from keeper.orchestration.waits.prices import wait_for_history, wait_for_history_index


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=24),
    is_paused_upon_creation=False,
    default_args=ranked(Rank.BACKFILL) | in_queue("prices"),
    doc_md=__doc__,
    tags=["prices"],
    on_failure_callback=notify_of_failed_run,
    on_success_callback=record_good_run,
    deadline=deadline_after(timedelta(hours=12)),
    params={
        "since": Param("2026-01-01", type="string", format="date", title="From this day on"),
        "until": Param(
            "2026-02-01", type="string", format="date", title="Up to but without this day"
        ),
        "domains": domains_param(),
        "asins": asins_param(),
        "dry_run": dry_run_param(),
    },
)
def backfill_history() -> None:
    """Wire the run; the heads above say what it does."""
    published = prices.expand(planned=tasks.plan())
    [wait_for_history(published), wait_for_history_index(published)] >> tasks.summarise()


backfill_history()
