"""Real Airflow runs of the other DAGs, on what the demo left: past intervals and deals."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from stack.airflow_api import AirflowApi
from tests.e2e.conftest import Rows
from tests.e2e.runs import ENDED, run_dag
from tests.keepa_simulator import keeper_command
from tests.services import Stack
from tests.waiting import wait_until

DAY = timedelta(days=1)
INTERVAL = timedelta(hours=6)


def lost(rows: Rows, length: timedelta) -> tuple[datetime, int]:
    """Delete a past day's points, or its first hours', as an accident would.

    Returns:
        When the lost time begins, and the number of points.
    """
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - 2 * DAY
    span = f"observed_at >= '{day}' AND observed_at < '{day + length}'"
    deleted = rows(
        f"WITH gone AS (DELETE FROM price_history WHERE {span} RETURNING 1)"
        " SELECT count(*)::int AS points FROM gone"
    )
    return day, deleted[0]["points"]


COUNTS = (
    "SELECT (SELECT count(*) FROM price_history) AS points,"
    " (SELECT count(*) FROM price_alerts) AS alerts,"
    " (SELECT sum(tokens_charged) FROM token_ledger) AS tokens,"
    " (SELECT max(last_checked_at) FROM current_prices) AS checked"
)


def test_lost_hours_come_back_by_airflow_backfill_create_without_tokens_or_alerts(
    airflow: AirflowApi, rows: Rows
) -> None:
    before = rows(COUNTS)
    since, points = lost(rows, INTERVAL)
    assert points > 0

    backfill = airflow.ask(
        "POST",
        "/api/v2/backfills",
        json={
            "dag_id": "track_prices",
            # Both ends are logical dates: one interval.
            "from_date": since.isoformat(),
            "to_date": since.isoformat(),
            "max_active_runs": 1,
            "dag_run_conf": {},
        },
    )
    states: list[str] = []

    def is_over() -> bool:
        runs = airflow.ask(
            "GET",
            "/api/v2/dags/track_prices/dagRuns",
            params={"run_type": "backfill", "limit": 50},
        )["dag_runs"]
        states[:] = [run["state"] for run in runs]
        return len(states) == 1 and set(states) <= ENDED

    wait_until(is_over, f"backfill {backfill['id']}", every_s=0.5)
    assert states == ["success"]
    assert rows(COUNTS) == before


def test_a_failed_run_is_said_to_the_operator_until_a_good_one_which_brings_a_lost_day_back(
    airflow: AirflowApi, rows: Rows
) -> None:
    def notices() -> list[dict[str, Any]]:
        return rows(
            "SELECT topic, resolved_at IS NULL AS is_open, status FROM operator_notices"
            " JOIN outbox USING (notice_id) WHERE topic = 'run:backfill_history'"
        )

    notice = {"topic": "run:backfill_history", "is_open": True, "status": "SENT"}
    before = rows(COUNTS)
    day, points = lost(rows, DAY)

    run_dag(airflow, "backfill_history", {"since": "2026-01-02", "until": "2026-01-01"}, "failed")
    wait_until(lambda: notices() == [notice], "a notice of the failed run")

    conf = {"since": f"{day:%Y-%m-%d}", "until": f"{day + DAY:%Y-%m-%d}"}
    run = run_dag(airflow, "backfill_history", conf)
    wait_until(lambda: notices() == [notice | {"is_open": False}], "the end of the notice")
    (row,) = rows(f"SELECT * FROM pipeline_runs WHERE run_id = '{run}'")
    assert (row["history_stored"], row["tokens_spent"]) == (points, 0)
    assert rows(COUNTS) == before


def test_a_saved_filter_becomes_scored_deals_in_both_stores(
    stack: Stack, airflow: AirflowApi, rows: Rows
) -> None:
    settings = {name: value for name, value in stack.environment.items() if name.isupper()}
    subprocess.run(
        keeper_command(
            "deals", "filter", "add", "drops", "--drop-percent", "10", "--over", "90-days"
        ),
        env={**os.environ, **settings},
        check=True,
    )

    run = run_dag(airflow, "collect_deals")

    # The first of them may be the schedule's own, made when the DAG was let run.
    *_, last = runs = rows(
        "SELECT * FROM pipeline_runs WHERE dag_id = 'collect_deals' ORDER BY started_at"
    )
    deals = rows("SELECT * FROM collected_deals")
    assert len(deals) == sum(one["deals_stored"] for one in runs) > 0
    assert (last["run_id"], last["events_published"]) == (run, len(deals))
    assert last["tokens_spent"] <= 200
    assert all(deal["reasons"] for deal in deals)
    with Elasticsearch(stack["ELASTICSEARCH_URL"]) as search:
        search.indices.refresh(index="keeper-deals")
        hits = search.search(index="keeper-deals", size=1000)["hits"]["hits"]
    scores = {deal["event_id"]: deal["score"] for deal in deals}
    assert {hit["_id"]: hit["_source"]["score"] for hit in hits} == scores


def test_the_best_of_them_come_as_one_report(stack: Stack, airflow: AirflowApi, rows: Rows) -> None:
    run = run_dag(airflow, "report_deals")

    (report,) = rows("SELECT * FROM deal_reports")
    assert report["run_id"] == run
    assert report["published_at"] is not None
    (message,) = rows("SELECT status FROM outbox WHERE report_id IS NOT NULL")
    assert message == {"status": "SENT"}
    said = rows("SELECT * FROM reported_deals WHERE position IS NOT NULL ORDER BY position")
    assert 0 < len(said) <= 5
    assert all(len(deal["deal"]["points"]) > 1 for deal in said), "a chart for each"
    folder = Path(stack["KEEPER_RUN_DIR"]).parent / "mail"
    mails = [message_from_bytes(file.read_bytes(), policy=SMTP) for file in folder.rglob("*.eml")]
    (mail,) = [one for one in mails if "new deal" in one["Subject"]]
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    # Each has its chart and its product's picture.
    assert len(pictures) == 2 * len(said)


def test_the_stores_are_compared_and_a_lost_document_comes_back(
    stack: Stack, airflow: AirflowApi, rows: Rows
) -> None:
    with Elasticsearch(stack["ELASTICSEARCH_URL"]) as search:
        search.indices.refresh(index="keeper-prices")
        (lost,) = search.search(index="keeper-prices", size=1, version=True)["hits"]["hits"]
        search.delete(
            index="keeper-prices",
            id=lost["_id"],
            version=lost["_version"],
            version_type="external_gte",
        )

        run = run_dag(airflow, "reconcile_stores")

        found = rows(f"SELECT * FROM reconciliations WHERE run_id = '{run}' ORDER BY mirror")
        assert [row["mirror"] for row in found] == ["deals", "prices"]
        # What was checked a moment ago is left to its worker, which has lost it for good here.
        assert [row["missing"] + row["in_motion"] for row in found] == [0, 1], found
        assert not any(row["outdated"] or row["surplus"] for row in found)


def test_the_stores_are_kept_in_order(airflow: AirflowApi, rows: Rows) -> None:
    run = run_dag(airflow, "maintain_storage", {"apply": True})

    states = {
        task.task_id: task.state
        for task in airflow.task_instances("maintain_storage", run.partition("/")[2])
    }
    # It did not find Airflow's own database missing, and cleaned it.
    assert states["clean_airflow"] == "success"
    assert states["drop_old_task_logs"] == "success"
    assert rows("SELECT count(*)::int AS due FROM price_series WHERE due_from IS NOT NULL") == [
        {"due": 0}
    ]
    assert rows(
        "SELECT count(*)::int AS missing FROM price_history h WHERE NOT EXISTS ("
        " SELECT FROM price_days d JOIN price_series s USING (series_id)"
        " WHERE (s.asin, s.domain, s.price_type) = (h.asin, h.domain, h.price_type)"
        " AND d.day = h.observed_at::date) AND NOT h.implausible"
    ) == [{"missing": 0}]
