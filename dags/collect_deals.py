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
None. `KEEPER_DEAL_TOKENS` is the most a run may spend; the active filters share it.

### If it fails
- `fetch`: a filter Keepa rejects is named with the field at fault; change or disable it. The other
  filters' deals are published all the same. Without tokens it is deferred until the refill; replies
  already paid for are not fetched twice.
- `check`: bad deals are in `quarantined_records`; the others of the filter are published.
- `wait_for_postgres`: the loader is behind or down: `keeper health consume-deals`, and its log.
- `summarise`: a filter was lost or too much was quarantined; its row in `pipeline_runs` says which.

### Run it again
Clear the failed tasks: nothing is stored or paid for twice. A new run pays again; a deal seen again
is the same deal.
"""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from airflow.sdk import (
    CronDataIntervalTimetable,
    Metadata,
    TriggerRule,
    dag,
    task,
    task_group,
)

from keeper.orchestration.assets import COLLECTED_DEALS, DEAL_UPDATES
from keeper.orchestration.deal_waits import wait_for_elasticsearch, wait_for_postgres
from keeper.orchestration.defaults import DEFAULT_ARGS, in_queue
from keeper.orchestration.keepa_tasks import keepa_task
from keeper.orchestration.run_names import run_name
from keeper.orchestration.run_notices import told_to_operator
from keeper.settings import load_settings

SETTINGS = load_settings()
WHICH_FILTER = "{{ task.op_args[0].label }}"


@dag(
    schedule=CronDataIntervalTimetable("0 3-23/6 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    # Tokens may have to be waited for through most of the interval.
    dagrun_timeout=timedelta(hours=5, minutes=45),
    is_paused_upon_creation=False,
    default_args=DEFAULT_ARGS | in_queue("deals"),
    doc_md=__doc__,
    tags=["deals"],
    **told_to_operator(late_after=timedelta(hours=3)),
)
def collect_deals():
    """Wire the run; the heads above say what it does."""

    @task
    def plan(run_id: str, dag) -> list[dict]:
        from keeper.clock import utc_now
        from keeper.orchestration.connections import database, keepa_config
        from keeper.orchestration.lake import lake
        from keeper.pipeline.plan_deals import plan_deals

        with database() as connection:
            filters = plan_deals(
                connection,
                lake(),
                run=run_name(dag.dag_id, run_id),
                dag_id=dag.dag_id,
                source=keepa_config().source,
                max_tokens=SETTINGS.keeper_deal_tokens,
                started_at=utc_now(),
            )
        return [asdict(planned) for planned in filters]

    @keepa_task(map_index_template=WHICH_FILTER, max_active_tis_per_dagrun=2)
    def fetch(planned: dict) -> dict:
        from keeper.orchestration.connections import database
        from keeper.orchestration.keepa_tasks import keepa_client
        from keeper.orchestration.lake import deal_folder
        from keeper.pipeline.fetch_deals import fetch_deals

        folder = deal_folder(planned["run"], planned["batch"])
        with database() as connection, keepa_client(planned["run"]) as client:
            fetched = fetch_deals(folder, connection, client, max_tokens=planned["tokens"])
        return {**planned, **asdict(fetched)}

    @task(map_index_template=WHICH_FILTER)
    def check(fetched: dict) -> dict:
        from keeper.orchestration.connections import database, keepa_config
        from keeper.orchestration.lake import data_docs_folder, deal_folder
        from keeper.pipeline.check_deals import check_deals

        run, batch = fetched["run"], fetched["batch"]
        with database() as connection:
            checked = check_deals(
                deal_folder(run, batch),
                connection,
                run_id=run,
                batch=batch,
                source=keepa_config().source,
                docs_dir=data_docs_folder(run, batch),
            )
        return {name: fetched[name] for name in ("run", "batch", "label")} | asdict(checked)

    @task(map_index_template=WHICH_FILTER, outlets=[DEAL_UPDATES])
    def publish(checked: dict) -> dict:
        from keeper.orchestration.connections import kafka_config
        from keeper.orchestration.lake import deal_folder
        from keeper.pipeline.publish_batch import publish_batch
        from keeper.streams.topics import DEAL_UPDATES as TOPIC

        folder = deal_folder(checked["run"], checked["batch"])
        published = publish_batch(folder, kafka_config(), topic=TOPIC)
        return {"batch": checked["batch"], **asdict(published)}

    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[COLLECTED_DEALS], retries=1)
    def summarise(ti):
        from keeper.orchestration.reports import finish_batch_run

        limit = SETTINGS.keeper_max_quarantine_share
        row = finish_batch_run(ti, "deals", max_quarantine_share=limit)
        yield Metadata(COLLECTED_DEALS, row)

    @task_group
    def deals(planned: dict):
        return publish(check(fetch(planned)))

    published = deals.expand(planned=plan())
    [wait_for_postgres(published), wait_for_elasticsearch(published)] >> summarise()


collect_deals()
