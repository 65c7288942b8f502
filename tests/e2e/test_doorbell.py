"""Events of Keeper's own run a DAG within seconds, however many have gathered meanwhile."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from keeper.clock import utc_now
from keeper.streams.config import KafkaConfig
from keeper.streams.doorbell import encode_keeper_event, ring_once
from keeper.streams.producer import EventProducer
from keeper.streams.topics import KEEPER_EVENTS
from stack.airflow_api import AirflowApi
from tests.e2e.conftest import Rows
from tests.e2e.test_more_dags import wait_until
from tests.keeper_events import keeper_event
from tests.services import Stack

pytestmark = pytest.mark.timeout(600)
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


def has_ended(airflow: AirflowApi, since: datetime) -> Callable[[], bool]:
    def is_over() -> bool:
        runs = rung_runs(airflow, since)
        return bool(runs) and all(run["state"] in {"success", "failed"} for run in runs)

    return is_over


def test_an_event_runs_the_checks_within_seconds(
    airflow: AirflowApi, kafka: KafkaConfig, rows: Rows, record_property: Callable[..., None]
) -> None:
    rows("UPDATE pipeline_runs SET products_postponed = 7 WHERE dag_id = 'track_prices'")
    since = utc_now()

    ring_once(kafka, keeper_event("tokens_short", 7))

    wait_until(has_ended(airflow, since), "no event has run the checks", 120)
    (run,) = rung_runs(airflow, since)
    assert run["state"] == "success"
    (notice,) = rows("SELECT count(*) FROM operator_notices WHERE topic = 'tokens'")
    assert notice["count"] == 1
    after = datetime.fromisoformat(run["start_date"]) - since
    record_property("seconds from event to run", after.total_seconds())
    assert after.total_seconds() < 60


def test_events_of_no_concern_run_nothing(airflow: AirflowApi, kafka: KafkaConfig) -> None:
    since = utc_now()

    ring_once(kafka, keeper_event("deals_found"))
    ring_once(kafka, keeper_event("run_loaded"))

    wait_until(has_ended(airflow, since), "no event has run the checks", 120)
    (run,) = rung_runs(airflow, since)
    assert run["state"] == "success"


def test_thousands_of_events_that_wait_for_the_triggerer_are_one_run(
    airflow: AirflowApi, kafka: KafkaConfig, stack: Stack
) -> None:
    message = encode_keeper_event(keeper_event("run_loaded"))
    since = utc_now()
    with stack.without("airflow-triggerer"), EventProducer(kafka) as producer:
        producer.send_all(KEEPER_EVENTS, [(b"run_loaded", message)] * 3_000)

    wait_until(has_ended(airflow, since), "no event has run the checks", 180)
    assert len(rung_runs(airflow, since)) == 1

    # The watch has outlived them.
    since = utc_now()
    ring_once(kafka, keeper_event("dead_letters_grew", 3, topic="price-updates"))
    wait_until(has_ended(airflow, since), "the watch is dead", 120)
