"""
### What
Every six hours, between the price runs: asks Keepa for the deals of each saved filter, fetches what
their products have cost before, scores and checks the deals, publishes them to Kafka and waits
until PostgreSQL and Elasticsearch have them.

### Reads
The active rows of `deal_filters`, see `keeper deals`; `published_histories` and `price_history`;
Keepa (or its simulator) by connection `keeper_keepa`: 5 tokens a page of 150 deals, 1 for each
product whose history Keeper does not have yet.

### Writes
Raw replies and task files to the lake (`runs/<run id>/`), Kafka topic `deal-updates`,
`quarantined_records`, a row of `pipeline_runs`; through the side workers `collected_deals`,
`price_history`, `watched_products` and the Elasticsearch alias `keeper-deals`.

### Params
- `filters`: only these of the active filters, by name; all if empty.
- `dry_run`: only say which filters would be searched for and for how many tokens; nothing is asked
  or published.

`KEEPER_DEAL_TOKENS` is the most a run may spend; its filters share it.

### If it fails
- `plan`: a filter that was asked for is not there or not active; the message names those that are.
- `fetch`: a filter Keepa rejects is named with the field at fault; change or disable it. The other
  filters' deals are published all the same. Without tokens it is deferred until the refill; replies
  already paid for are not fetched twice.
- `check`: bad deals are in `quarantined_records`; the others of the filter are published.
- `wait_for_postgres`: the loader is behind or down: `keeper health consume-deals`, and its log.
- `summarise`: a filter was lost or too much was quarantined; its row in `pipeline_runs` says which.

### Run it again
Clear the failed tasks: nothing is stored or paid for twice. A new run pays again; a deal seen again
is the same deal. `airflow backfill create` is refused: Keepa tells today's deals only.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, Metadata, TriggerRule, dag, task

from keeper.orchestration.assets import (
    COLLECTED_DEALS,
    DEAL_FILTERS,
    LOADED_DEALS,
    PIPELINE_RUNS,
    RUN_ENDS,
)
from keeper.orchestration.deal_batches import deals, plan_filters
from keeper.orchestration.deal_waits import wait_for_elasticsearch, wait_for_postgres
from keeper.orchestration.defaults import Rank, in_queue, ranked
from keeper.orchestration.run_notices import told_to_operator
from keeper.orchestration.trigger_forms import (
    NOT_BACKFILLED,
    dry_run_param,
    filters_param,
    skip_in_dry_run,
)
from keeper.settings import load_settings

SETTINGS = load_settings()


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
    **told_to_operator(late_after=timedelta(hours=3)),
    params={"filters": filters_param(), "dry_run": dry_run_param()},
)
def collect_deals():
    """Wire the run; the heads above say what it does."""

    @task(inlets=[DEAL_FILTERS], outlets=[PIPELINE_RUNS])
    def plan(dag_run, params) -> list[dict]:
        return plan_filters(dag_run, params)

    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[*LOADED_DEALS, *RUN_ENDS], retries=1)
    def summarise(ti, params):
        from keeper.orchestration.reports import finish_batch_run

        skip_in_dry_run(params)
        limit = SETTINGS.runs.max_quarantine_share
        row = finish_batch_run(ti, "deals", max_quarantine_share=limit)
        yield Metadata(COLLECTED_DEALS, row)

    published = deals.expand(planned=plan())
    [wait_for_postgres(published), wait_for_elasticsearch(published)] >> summarise()


collect_deals()
