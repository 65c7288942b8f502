"""docker-compose.yaml as its readers use it: up, a price run, a restart, down."""

import json
import time
from typing import Any

import psycopg
import pytest
from elasticsearch import Elasticsearch
from psycopg.rows import dict_row

from stack.airflow_api import AirflowApi
from stack.docker.composed import ComposedSystem

# The first test waits for an engine, images and a start.
pytestmark = pytest.mark.timeout(3600)
PRODUCTS = 60


def test_every_container_is_healthy_and_the_migration_has_ended(system: ComposedSystem) -> None:
    listed = system.output("ps", "--all", "--format", "json").splitlines()
    states = {
        one["Service"]: (one["State"], one["Health"], one["ExitCode"])
        for one in map(json.loads, listed)
    }

    assert states.pop("migrate") == ("exited", "", 0)
    lasting = system.services().keys() - {"migrate"}
    assert states == dict.fromkeys(lasting, ("running", "healthy", 0))


def test_nothing_of_keepers_runs_as_root(system: ComposedSystem) -> None:
    for name, service in system.services().items():
        if service["image"].startswith("keeper") and name != "migrate":
            assert system.output("exec", "--no-TTY", name, "id", "-u").strip() == "50000", name


def rows(ports: dict[str, int], query: str) -> list[dict[str, Any]]:
    url = f"postgresql://keeper:keeper@127.0.0.1:{ports['POSTGRES']}/keeper"
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()


def track_prices(airflow: AirflowApi) -> str:
    run_id = f"compose__{time.time_ns()}"
    airflow.wait_for_dag("track_prices", 120)
    airflow.unpause("track_prices")
    airflow.trigger("track_prices", run_id, None)
    deadline = time.monotonic() + 900
    while (state := airflow.run_state("track_prices", run_id)) not in {"success", "failed"}:
        assert time.monotonic() < deadline, airflow.task_instances("track_prices", run_id)
        time.sleep(2)  # between two looks at Airflow, which tells nobody when a run has ended
    assert state == "success", airflow.task_instances("track_prices", run_id)
    return f"track_prices/{run_id}"


def test_a_price_run_fills_both_stores_with_the_same(
    system: ComposedSystem, airflow: AirflowApi, ports: dict[str, int]
) -> None:
    words = ("--watch-list", str(PRODUCTS), "--locales", "us,de")
    watch_list = system.keeper("simulate-keepa", *words)
    system.keeper("watch", "import", "/dev/stdin", stdin=watch_list)

    run = track_prices(airflow)

    (row,) = rows(ports, f"SELECT * FROM pipeline_runs WHERE run_id = '{run}'")
    assert (row["state"], row["products_fetched"]) == ("SUCCESS", row["products_planned"])
    assert row["products_planned"] >= PRODUCTS
    (stored,) = rows(ports, "SELECT count(*)::int AS points FROM price_history")
    assert stored["points"] > PRODUCTS
    with Elasticsearch(f"http://127.0.0.1:{ports['ELASTICSEARCH']}") as search:
        search.indices.refresh(index="keeper-prices")
        assert search.count(index="keeper-prices")["count"] == stored["points"]
    (alerts,) = rows(
        ports,
        "SELECT count(*)::int AS raised, count(*) FILTER (WHERE status = 'NOT_CONFIGURED')::int"
        " AS not_configured FROM price_alerts",
    )
    assert alerts["raised"] == alerts["not_configured"] > 0


def test_after_a_restart_another_run_stores_nothing_twice(
    system: ComposedSystem, airflow: AirflowApi, ports: dict[str, int]
) -> None:
    counted = (
        "SELECT (SELECT count(*)::int FROM price_history) AS points,"
        " (SELECT count(*)::int FROM price_alerts) AS alerts"
    )
    before = rows(ports, counted)
    system.output("restart", "consume-prices", "postgres", "kafka")
    system.up()

    run = track_prices(airflow)

    (row,) = rows(ports, f"SELECT * FROM pipeline_runs WHERE run_id = '{run}'")
    assert row["state"] == "SUCCESS"
    assert row["events_published"] > 0
    (after,) = rows(ports, counted)
    assert after["alerts"] == before[0]["alerts"]
    assert after["points"] - before[0]["points"] == row["points_stored"]


def test_it_goes_without_a_trace(system: ComposedSystem) -> None:
    system.down()

    assert system.leftovers() == []
