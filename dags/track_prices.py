"""
### What
Every six hours: asks Keepa for every watched product, checks the prices, publishes them to Kafka,
waits until PostgreSQL has them, and delivers the alerts they raised.

### Reads
The active rows of `watched_products`; Keepa (or its simulator) by connection `keeper_keepa`.

### Writes
Raw replies and task files to the lake (`runs/<run id>/`), Kafka topic `price-updates`,
`quarantined_records`, a row of `pipeline_runs`; through the side workers `price_history`,
`current_prices`, `price_alerts` and the Elasticsearch alias `keeper-prices`.

### Params
None. Batch size, recorded price types and limits are settings (`KEEPER_*`). When tokens do not
reach for all, the products worth most are checked; `keeper keepa plan` shows which.

### If it fails
- `plan`, `fetch`: a wrong key fails at once, no answer is tried again. Without tokens `fetch`
  is deferred until the refill; no worker waits. Replies already paid for are not fetched twice.
- `check`: bad records are in `quarantined_records` with the failed expectation; the others of the
  batch are published all the same.
- `wait_for_postgres`: the loader is behind or down: `keeper health consume-prices`, and its log.
- `summarise`: a batch was lost or too much was quarantined; its row in `pipeline_runs` says which.

### Run it again
Clear the failed tasks: nothing is stored, alerted or paid for twice. A new run pays again.
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

from keeper.orchestration.assets import PRICE_HISTORY, PRICE_UPDATES
from keeper.orchestration.defaults import DEFAULT_ARGS
from keeper.orchestration.keepa_tasks import keepa_task
from keeper.orchestration.price_waits import wait_for_elasticsearch, wait_for_postgres
from keeper.orchestration.run_names import run_name
from keeper.settings import load_settings

SETTINGS = load_settings()
WHICH_PRODUCTS = "{{ task.op_args[0].label }}"


@dag(
    schedule=CronDataIntervalTimetable("0 */6 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    # Tokens may have to be waited for through most of the interval.
    dagrun_timeout=timedelta(hours=5, minutes=45),
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["prices"],
)
def track_prices():
    """Wire the run; the heads above say what it does."""

    @task
    def plan(run_id: str, dag) -> list[dict]:
        from keeper.clock import utc_now
        from keeper.orchestration.connections import database
        from keeper.orchestration.keepa_tasks import keepa_account
        from keeper.orchestration.lake import lake
        from keeper.pipeline.plan_run import plan_run

        run = run_name(dag.dag_id, run_id)
        with database() as connection, keepa_account(run) as account:
            batches = plan_run(
                connection,
                lake(),
                account,
                run=run,
                dag_id=dag.dag_id,
                batch_products=SETTINGS.keeper_batch_products,
                interval=timedelta(hours=SETTINGS.keeper_check_interval_h),
                reserve_share=SETTINGS.keeper_token_reserve,
                started_at=utc_now(),
            )
        return [asdict(batch) for batch in batches]

    @keepa_task(map_index_template=WHICH_PRODUCTS, max_active_tis_per_dagrun=2)
    def fetch(planned: dict) -> dict:
        from keeper.orchestration.keepa_tasks import keepa_client
        from keeper.orchestration.lake import batch_folder
        from keeper.pipeline.fetch_batch import fetch_batch

        with keepa_client(planned["run"]) as client:
            fetched = fetch_batch(
                batch_folder(planned["run"], planned["batch"]),
                client,
                page_products=planned["page_products"],
                may_use_reserve=planned["urgent"],
            )
        return {**planned, **asdict(fetched)}

    @task(map_index_template=WHICH_PRODUCTS)
    def check(fetched: dict) -> dict:
        from keeper.orchestration.connections import database, keepa_config
        from keeper.orchestration.lake import batch_folder, data_docs_folder
        from keeper.pipeline.check_batch import check_batch

        run = fetched["run"]
        with database() as connection:
            checked = check_batch(
                batch_folder(run, fetched["batch"]),
                connection,
                run_id=run,
                batch=fetched["batch"],
                source=keepa_config().source,
                price_types=SETTINGS.keeper_price_types,
                docs_dir=data_docs_folder(run, fetched["batch"]),
            )
        names = ("run", "batch", "label")
        return {name: fetched[name] for name in names} | asdict(checked)

    @task(map_index_template=WHICH_PRODUCTS, outlets=[PRICE_UPDATES])
    def publish(checked: dict) -> dict:
        from keeper.orchestration.connections import kafka_config
        from keeper.orchestration.lake import batch_folder
        from keeper.pipeline.publish_batch import publish_batch

        published = publish_batch(batch_folder(checked["run"], checked["batch"]), kafka_config())
        return {"batch": checked["batch"], **asdict(published)}

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def deliver_alerts() -> dict:
        from keeper.orchestration.connections import database
        from keeper.pipeline.deliver import deliver_due_alerts
        from keeper.pipeline.services import email_channel

        with database() as connection:
            return deliver_due_alerts(connection, email_channel(SETTINGS))

    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[PRICE_HISTORY], retries=1)
    def summarise(ti):
        from keeper.orchestration.reports import finish_price_run

        limit = SETTINGS.keeper_max_quarantine_share
        yield Metadata(PRICE_HISTORY, finish_price_run(ti, max_quarantine_share=limit))

    @task_group
    def prices(planned: dict):
        fetched = fetch(planned)
        checked = check(fetched)
        return publish(checked)

    planned = plan()
    published = prices.expand(planned=planned)

    delivered = wait_for_postgres(published) >> deliver_alerts()
    [delivered, wait_for_elasticsearch(published)] >> summarise()


track_prices()
