"""
### What
Publishes the price points of a past span of time, from replies that are archived already or one
fetch a product: what `airflow backfill create` does for `track_prices` interval by interval, in
one run for spans of any length.

### Reads
The active rows of `watched_products`; archived replies in the lake; Keepa for products of which no
reply has come since the end of the span.

### Writes
Kafka topic `price-backfill`, `quarantined_records`, `token_ledger`, a row of `pipeline_runs`;
through the side workers `price_history` and the Elasticsearch alias `keeper-prices`. Current prices
and alerts stay as they are.

### Params
- `since` and `until`: a day or a moment, UTC; `until` is not included.
- `domains` and `asins`: only these of the watched products; all if empty.
- `dry_run`: only say which products that is, and in how many batches.

### If it fails
- `plan`: the span is empty or ends in the future, or nobody watches what was asked for; the message
  says which.
- `fetch`: as in `track_prices`: deferred without tokens, paid for only once.
- `wait_for_history`: the loader is behind or down: `keeper health consume-backfill`, and its log.

### Run it again
As often as you like: points that are stored already change nothing. `airflow backfill create` is
for DAGs with a schedule, and refuses this one: the params say which past is meant.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import Metadata, Param, TriggerRule, dag, task

from keeper.orchestration.assets import (
    LOADED_HISTORY,
    PIPELINE_RUNS,
    PRICE_HISTORY,
    RUN_ENDS,
    WATCHED_PRODUCTS,
)
from keeper.orchestration.defaults import Rank, in_queue, ranked
from keeper.orchestration.price_batches import prices
from keeper.orchestration.price_waits import wait_for_history, wait_for_history_index
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
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=24),
    is_paused_upon_creation=False,
    default_args=ranked(Rank.BACKFILL) | in_queue("prices"),
    doc_md=__doc__,
    tags=["prices"],
    **told_to_operator(late_after=timedelta(hours=12)),
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
def backfill_history():
    """Wire the run; the heads above say what it does."""

    @task(inlets=[WATCHED_PRODUCTS], outlets=[PIPELINE_RUNS])
    def plan(dag_run, params) -> list[dict]:
        from keeper.orchestration.price_runs import interval_of, plan_past

        return plan_past(dag_run, interval_of(params), params)

    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[*LOADED_HISTORY, *RUN_ENDS], retries=1)
    def summarise(ti, params):
        from keeper.orchestration.reports import finish_price_run

        skip_in_dry_run(params)
        limit = SETTINGS.runs.max_quarantine_share
        yield Metadata(PRICE_HISTORY, finish_price_run(ti, max_quarantine_share=limit))

    published = prices.expand(planned=plan())
    [wait_for_history(published), wait_for_history_index(published)] >> summarise()


backfill_history()
