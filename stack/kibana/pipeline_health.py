"""The dashboard Pipeline health."""

from typing import Final

from keeper.stores.elasticsearch.record_index import RUNS_ALIAS
from stack.kibana.aggregations import by, count, of, over_time
from stack.kibana.charts import bars, lines, note, numbers, pie, table
from stack.kibana.saved_objects import Dashboard, DataView, SavedSearch

RUNS: Final = DataView(RUNS_ALIAS, "Keeper: runs", "started_at")

FAILED_RUNS: Final = SavedSearch(
    "keeper-failed-runs",
    "Keeper: failed runs",
    "Runs that did less than they should, with what they say of it.",
    RUNS,
    (
        *("dag_id", "run_id", "problem", "seconds", "products_planned", "products_fetched"),
        *("records_quarantined", "source"),
    ),
    sort="started_at",
    query="state:FAILED",
)
NEWEST_RUNS: Final = SavedSearch(
    "keeper-newest-runs",
    "Keeper: newest runs",
    "Runs and what they did, the latest first.",
    RUNS,
    (
        *("dag_id", "state", "seconds", "products_fetched", "products_postponed", "tokens_spent"),
        *("events_published", "points_stored", "deals_stored", "alerts_raised", "source"),
    ),
    sort="started_at",
)
DASHBOARD: Final = Dashboard(
    "keeper-pipeline-health-dashboard",
    "Keeper: Pipeline health",
    "Whether runs end well, how long they take, and what they let through.",
    RUNS,
    (
        (
            6,
            (
                note(
                    "keeper-runs-about",
                    "About runs",
                    "A document is a run of a pipeline: a row of `pipeline_runs`, copied every "
                    "half hour. Notices to the operator are in `keeper notices list`.",
                ),
                numbers(
                    "keeper-runs-numbers",
                    "Runs",
                    RUNS,
                    count("Runs"),
                    of("sum", "products_fetched", "Products fetched"),
                    of("sum", "points_stored", "Price points stored"),
                    of("sum", "alerts_raised", "Alerts raised"),
                    of("max", "finished_at", "Latest end"),
                ),
                numbers(
                    "keeper-runs-failed",
                    "Failed runs",
                    RUNS,
                    count("Failed"),
                    query="state:FAILED",
                ),
            ),
        ),
        (
            12,
            (
                bars(
                    "keeper-runs-states",
                    "Runs by day and how they ended",
                    RUNS,
                    count("Runs"),
                    over_time("started_at"),
                    by("state", "State"),
                ),
                lines(
                    "keeper-runs-durations",
                    "Longest run by day and pipeline, in seconds",
                    RUNS,
                    of("max", "seconds", "Seconds"),
                    over_time("started_at"),
                    by("dag_id", "Pipeline"),
                ),
            ),
        ),
        (
            12,
            (
                lines(
                    "keeper-runs-products",
                    "Products fetched, missing and postponed",
                    RUNS,
                    of("sum", "products_fetched", "Fetched"),
                    of("sum", "products_missing", "Missing"),
                    of("sum", "products_postponed", "Postponed"),
                    over_time("started_at"),
                ),
                lines(
                    "keeper-runs-records",
                    "Records checked and quarantined",
                    RUNS,
                    of("sum", "records_checked", "Checked"),
                    of("sum", "records_quarantined", "Quarantined"),
                    over_time("started_at"),
                ),
            ),
        ),
        (
            12,
            (
                lines(
                    "keeper-runs-stored",
                    "Events published, points and deals stored",
                    RUNS,
                    of("sum", "events_published", "Events published"),
                    of("sum", "points_stored", "Points stored"),
                    of("sum", "history_stored", "Older points stored"),
                    of("sum", "deals_stored", "Deals stored"),
                    over_time("started_at"),
                ),
                bars(
                    "keeper-runs-alerts",
                    "Alerts raised and sent",
                    RUNS,
                    of("sum", "alerts_raised", "Raised"),
                    of("sum", "alerts_sent", "Sent"),
                    over_time("started_at"),
                ),
                pie(
                    "keeper-runs-sources",
                    "Source of the runs",
                    RUNS,
                    count("Runs"),
                    by("source", "Source", schema="segment"),
                ),
            ),
        ),
        (
            12,
            (
                table(
                    "keeper-runs-dags",
                    "Each pipeline",
                    RUNS,
                    count("Runs"),
                    of("avg", "seconds", "Average seconds"),
                    of("max", "seconds", "Longest"),
                    of("sum", "tokens_spent", "Tokens"),
                    of("sum", "products_fetched", "Products"),
                    of("sum", "records_quarantined", "Quarantined"),
                    of("max", "finished_at", "Latest end"),
                    by("dag_id", "Pipeline", schema="bucket", size=20),
                    by("state", "State", schema="bucket", size=3),
                ),
            ),
        ),
        (14, (FAILED_RUNS,)),
        (14, (NEWEST_RUNS,)),
    ),
    controls={"dag_id": "Pipeline", "state": "State", "source": "Source"},
)
