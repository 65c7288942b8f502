"""Events of Keeper's own run a DAG, however many have gathered meanwhile."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from keeper.clock import utc_now
from keeper.streams.config import KafkaConfig
from keeper.streams.events.publisher import encode_keeper_event, publish_once
from keeper.streams.producer import EventProducer
from keeper.streams.topics import KEEPER_EVENTS
from stack.airflow_api import AirflowApi
from tests.e2e.conftest import Rows
from tests.e2e.runs import ENDED
from tests.keeper_events import keeper_event
from tests.services import Stack
from tests.waiting import wait_until

DAG = "check_operations"


@pytest.fixture
def kafka(stack: Stack) -> KafkaConfig:
    return KafkaConfig(stack["KAFKA_BOOTSTRAP_SERVERS"])


def rung_runs(airflow: AirflowApi, since: datetime) -> list[dict[str, Any]]:
    """Return the runs an event made since then, each once it has ended."""
    runs = airflow.ask(
        "GET", f"/api/v2/dags/{DAG}/dagRuns", params={"run_after_gte": since.isoformat()}
    )["dag_runs"]
    return [run for run in runs if run["run_type"] == "asset_triggered"]


def rung_by(airflow: AirflowApi, run: dict[str, Any]) -> dict[str, int]:
    """Return the events that made a run, by type."""
    path = f"/api/v2/dags/{DAG}/dagRuns/{run['dag_run_id']}/upstreamAssetEvents"
    (event,) = airflow.ask("GET", path)["asset_events"]
    counts: dict[str, int] = event["extra"]["payload"]["counts"]
    return counts


def wait_for_run(airflow: AirflowApi, since: datetime) -> dict[str, Any]:
    """Wait until the one run that events have made since then has ended, and return it."""

    def is_over() -> bool:
        runs = rung_runs(airflow, since)
        return bool(runs) and all(run["state"] in ENDED for run in runs)

    wait_until(is_over, "an event that runs the checks", every_s=0.5)
    (run,) = rung_runs(airflow, since)
    return run


@pytest.fixture
def short_of_tokens(rows: Rows) -> Iterator[Callable[[int], None]]:
    """Says of the price runs there were that products had to wait."""

    def postpone(products: int) -> None:
        rows(
            f"UPDATE pipeline_runs SET products_postponed = {products}"
            " WHERE dag_id = 'track_prices' RETURNING run_id"
        )

    yield postpone
    postpone(0)
    rows("DELETE FROM operator_notices WHERE topic = 'tokens' RETURNING topic")


def test_an_event_runs_the_checks_and_one_of_no_concern_does_not(
    airflow: AirflowApi,
    kafka: KafkaConfig,
    rows: Rows,
    stack: Stack,
    short_of_tokens: Callable[[int], None],
) -> None:
    short_of_tokens(7)
    tables = {"keeper-tokens": "token_ledger", "keeper-runs": "pipeline_runs"}
    recorded = {
        alias: rows(f"SELECT count(*)::int AS number FROM {table}")[0]["number"]
        for alias, table in tables.items()
    }
    since = utc_now()

    publish_once(kafka, keeper_event("deals_found"))
    publish_once(kafka, keeper_event("tokens_short", 7))

    run = wait_for_run(airflow, since)
    assert run["state"] == "success"
    assert rung_by(airflow, run) == {"tokens_short": 1}
    (notice,) = rows("SELECT subject FROM operator_notices WHERE topic = 'tokens'")
    assert "7 have to wait" in notice["subject"]
    lags = rows("SELECT * FROM operator_notices WHERE topic LIKE 'lag:%' AND resolved_at IS NULL")
    assert lags == []
    with Elasticsearch(stack["ELASTICSEARCH_URL"]) as search:
        for alias, number in recorded.items():
            search.indices.refresh(index=alias)
            assert search.count(index=alias)["count"] >= number > 0


def test_thousands_of_events_that_wait_for_the_triggerer_are_one_run(
    airflow: AirflowApi, kafka: KafkaConfig, stack: Stack
) -> None:
    message = encode_keeper_event(keeper_event("run_loaded"))
    since = utc_now()
    with stack.without("airflow-triggerer"), EventProducer(kafka) as producer:
        producer.send_all(KEEPER_EVENTS, [(b"run_loaded", message)] * 3_000)

    run = wait_for_run(airflow, since)
    assert rung_by(airflow, run) == {"run_loaded": 3_000}

    # The watch has outlived them.
    since = utc_now()
    publish_once(kafka, keeper_event("dead_letters_grew", 3, topic="price-updates"))
    wait_for_run(airflow, since)
