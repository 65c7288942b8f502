"""
### What
Every six hours: asks Keepa for every watched product, checks the prices, publishes them to Kafka,
waits until PostgreSQL has them, and delivers the alerts they raised.

### Reads
The active rows of `watched_products`; Keepa (or its simulator) by connection `keeper_keepa`.

### Writes
Raw replies (`replies/`) and task files (`runs/<run id>/`) to the lake, Kafka topics `price-updates`
and `price-backfill` (the whole past of a product checked for the first time),
`quarantined_records`, `token_ledger`, a row of `pipeline_runs`; through the side workers
`price_history`, `current_prices`, `price_alerts` and the Elasticsearch alias `keeper-prices`.

### Params
- `domains` and `asins`: only these of the watched products; all if empty.
- `dry_run`: only say which products would be checked and for how many tokens; nothing is asked,
  published or delivered.

Batch size, recorded price types and limits are settings (`KEEPER_*`). When tokens do not reach for
all, the products worth most are checked; `keeper keepa plan` shows which.

### If it fails
- `plan`: nobody watches the products asked for; the message names them.
- `plan`, `fetch`: a wrong key fails at once, no answer is tried again. Without tokens `fetch`
  is deferred until the refill; no worker waits. What was paid for is published all the same, and
  not fetched twice.
- `check`: bad records are in `quarantined_records` with the failed expectation; the others of the
  batch are published all the same.
- `wait_for_…`: a loader is behind or down; the message names it: `keeper health consume-prices`,
  and its log.
- `summarise`: a batch was lost or too much was quarantined; its row in `pipeline_runs` says which.

### Run it again
Clear the failed tasks: nothing is stored, alerted or paid for twice. A new run pays again.
`airflow backfill create --dag-id track_prices …` publishes the points of past intervals from
archived replies, without alerts, an interval a run; for a long span run `backfill_history` instead.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, Metadata, TriggerRule, dag, task

from keeper.orchestration.assets import (
    CURRENT_PRICES,
    DELIVERED,
    KEEPER_EVENTS,
    LOADED_PRICES,
    PIPELINE_RUNS,
    PRICE_ALERTS,
    PRICE_HISTORY,
    RUN_ENDS,
    TO_DELIVER,
    TOKEN_ACCOUNTS,
    WATCHED_PRODUCTS,
)
from keeper.orchestration.defaults import Rank, in_queue, ranked
from keeper.orchestration.price_batches import prices
from keeper.orchestration.price_waits import (
    wait_for_elasticsearch,
    wait_for_history,
    wait_for_history_index,
    wait_for_postgres,
)
from keeper.orchestration.run_notices import told_to_operator
from keeper.orchestration.trigger_forms import (
    asins_param,
    domains_param,
    dry_run_param,
    skip_in_dry_run,
)
from keeper.settings import load_settings

SETTINGS = load_settings()


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
    **told_to_operator(late_after=timedelta(hours=3)),
    params={"domains": domains_param(), "asins": asins_param(), "dry_run": dry_run_param()},
)
def track_prices():
    """Wire the run; the heads above say what it does."""

    @task(
        inlets=[WATCHED_PRODUCTS, CURRENT_PRICES, TOKEN_ACCOUNTS],
        outlets=[PIPELINE_RUNS, TOKEN_ACCOUNTS, KEEPER_EVENTS],
    )
    def plan(dag_run, params) -> list[dict]:
        from keeper.orchestration.price_runs import plan_prices

        return plan_prices(dag_run, params)

    @task(
        trigger_rule=TriggerRule.ALL_DONE,
        inlets=[PRICE_ALERTS, *TO_DELIVER],
        outlets=[PRICE_ALERTS, *DELIVERED],
    )
    def deliver_alerts(params) -> dict:
        from keeper.orchestration.delivery import deliver_now

        skip_in_dry_run(params)
        return deliver_now()

    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[*LOADED_PRICES, *RUN_ENDS], retries=1)
    def summarise(ti, params):
        from keeper.orchestration.reports import finish_price_run

        skip_in_dry_run(params)
        limit = SETTINGS.runs.max_quarantine_share
        yield Metadata(PRICE_HISTORY, finish_price_run(ti, max_quarantine_share=limit))

    published = prices.expand(planned=plan())

    delivered = wait_for_postgres(published) >> deliver_alerts()
    indexed = wait_for_elasticsearch(published)
    older = [wait_for_history(published), wait_for_history_index(published)]
    [delivered, indexed, *older] >> summarise()


track_prices()
