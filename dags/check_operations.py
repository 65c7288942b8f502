"""
### What
Every half hour, and within seconds of a price run's end, of dead letters and of a shortage of
tokens: looks for trouble before a reader notices it, and notifies the operator once. Trouble is:
products that waited because tokens were short, products not fetched for two intervals, messages
that became dead letters, workers that are behind, that have stopped or that retention overtook,
a clock that is wrong, messages to people that are due and wait, a disk with less than
`KEEPER_LEAST_FREE_PERCENT` free. The operator is notified again once a day while it lasts, and not
when it is over. An event of `keeper-events` only starts the run; the facts come from the stores.
The DAG also copies new requests to Keepa and runs to Elasticsearch, for Kibana.

### Reads
`pipeline_runs`, `watched_products`, `token_ledger`, `token_accounts`, `price_series`; Kafka's
dead-letter topics, `keeper-groups`, the ends of the others and how far their readers have read.

### Writes
`operator_notices`, `outbox`, `alert_deliveries`. Notices go to the channels of
`KEEPER_OPERATOR_EMAIL`, whatever its quiet hours say. At the end of a good run
`KEEPER_HEARTBEAT_URL` is called, if it is set. The Elasticsearch aliases `keeper-tokens` and
`keeper-runs`.

### Params
None.

### If it fails
- `check_database`: PostgreSQL does not answer.
- `summarise`, "messages that are due were not delivered": a message was due for more than 15
  minutes. The operator is mailed directly. See `keeper health deliver` and the deliverer's log.
- `check_kafka`: Kafka does not answer, or lacks a topic: `keeper migrate`.
- `summarise`: one of the others failed; it names them.
- `mirror_records`: Elasticsearch lacks an index: `keeper migrate`. While it is away the task is
  skipped, and the next run copies what is missing.
- The operator is notified of the failed run itself; by mail at once if PostgreSQL is away.

### Run it again
As often as you like. `keeper notices check` does the same from a shell, and
`keeper search update` what `mirror_records` does. `airflow backfill create` is refused: it can
look only at the present.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag

from keeper.orchestration import check_operations as tasks
from keeper.orchestration.airflow.defaults import DEFAULT_ARGS
from keeper.orchestration.airflow.forms import NOT_BACKFILLED
from keeper.orchestration.run_notices import deadline_after, notify_of_failed_run, record_good_run


@dag(
    schedule=AssetOrTimeSchedule(
        # At these times only, not for the half hour before it was first seen.
        timetable=CronTriggerTimetable("*/30 * * * *", timezone="UTC"),
        assets=[tasks.OPERATIONS_EVENTS],
    ),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    allowed_run_types=NOT_BACKFILLED,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=29),
    is_paused_upon_creation=False,
    default_args=DEFAULT_ARGS | {"retries": 2, "execution_timeout": timedelta(minutes=10)},
    doc_md=__doc__,
    tags=["operations"],
    on_failure_callback=notify_of_failed_run,
    on_success_callback=record_good_run,
    deadline=deadline_after(timedelta(minutes=25)),
)
def check_operations() -> None:
    """Wire the run; the heads above say what it does."""
    database, kafka = tasks.check_database(), tasks.check_kafka()
    delivered = tasks.deliver_notices()
    [database, kafka] >> delivered
    # Notices do not wait for Elasticsearch.
    tasks.mirror_records() >> tasks.summarise(database, kafka, delivered)


check_operations()
