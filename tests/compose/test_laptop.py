"""docker-compose.dev.yaml as its readers use it: up, a price run, a restart, down."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from elasticsearch import Elasticsearch
from psycopg.rows import dict_row

from stack.airflow_api import AirflowApi
from stack.docker.composed import LAPTOP, ComposedSystem
from tests.architecture.composition import composition, example_environment
from tests.compose.airflow_runs import PRODUCTS, track_prices, watch_products
from tests.compose.conftest import Bring
from tests.services import free_port

# The first test waits for an engine, images and a start.
pytestmark = pytest.mark.timeout(3600)
PASSWORD = "of-this-test-alone"
ONE_SHOTS = ("check-settings", "migrate")
STORES = ("postgres", "kafka", "elasticsearch")
PORTS = (
    *("AIRFLOW", "POSTGRES", "KAFKA", "ELASTICSEARCH", "SIMULATOR", "CONSOLE"),
    *("SMTP", "MAIL_WEB", "CONNECT"),
)


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    """A free port of this machine for each one the files publish."""
    return {name: free_port() for name in PORTS}


@pytest.fixture(scope="module")
def system(
    bring_up: Bring, ports: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ComposedSystem]:
    """The composed system, healthy; taken down after the tests."""
    changes = {f"KEEPER_{name}_PORT": str(port) for name, port in ports.items()}
    changes["KEEPER_CONNECT_PLUGINS"] = str(tmp_path_factory.mktemp("plugins"))
    changes |= {"KEEPER_AIRFLOW_PASSWORD": PASSWORD, "KEEPER_BATCH_PRODUCTS": "25"}
    changes["KEEPER_PUBLIC_URL"] = f"http://localhost:{ports['CONSOLE']}"
    with bring_up(LAPTOP, changes) as system:
        yield system


@pytest.fixture
def airflow(system: ComposedSystem, ports: dict[str, int]) -> Iterator[AirflowApi]:
    """A session with the composed system's Airflow."""
    with AirflowApi(ports["AIRFLOW"], PASSWORD) as api:
        yield api


def test_every_container_is_healthy_and_the_one_shots_have_ended(system: ComposedSystem) -> None:
    listed = system.output("ps", "--all", "--format", "json").splitlines()
    states = {
        one["Service"]: (one["State"], one["Health"], one["ExitCode"])
        for one in map(json.loads, listed)
    }

    for name in ONE_SHOTS:
        assert states.pop(name) == ("exited", "", 0)
    lasting = system.services().keys() - set(ONE_SHOTS)
    assert states == dict.fromkeys(lasting, ("running", "healthy", 0))


def test_nothing_of_keepers_runs_as_root(system: ComposedSystem) -> None:
    for name, service in system.services().items():
        if service["image"].startswith("keeper") and name not in ONE_SHOTS:
            assert system.output("exec", "--no-TTY", name, "id", "-u").strip() == "50000", name


@pytest.mark.parametrize("service", ["keepa", "postgres", "kafka", "elasticsearch"])
def test_airflow_tests_keepers_connections(system: ComposedSystem, service: str) -> None:
    command = ("airflow", "connections", "test", f"keeper_{service}")

    answered = system.output("exec", "--no-TTY", "airflow-scheduler", *command)

    assert "Connection success!" in answered


def rows(ports: dict[str, int], query: str) -> list[dict[str, Any]]:
    password = example_environment()["KEEPER_POSTGRES_PASSWORD"]
    url = f"postgresql://keeper:{password}@127.0.0.1:{ports['POSTGRES']}/keeper"
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()


def test_a_price_run_fills_both_stores_with_the_same(
    system: ComposedSystem, airflow: AirflowApi, ports: dict[str, int]
) -> None:
    watch_products(system)

    run = track_prices(airflow)

    (row,) = rows(ports, f"SELECT * FROM pipeline_runs WHERE run_id = '{run}'")
    assert (row["state"], row["products_fetched"]) == ("SUCCESS", row["products_planned"])
    assert row["products_planned"] >= PRODUCTS
    (stored,) = rows(ports, "SELECT count(*)::int AS points FROM price_history")
    assert stored["points"] > PRODUCTS
    with Elasticsearch(f"http://127.0.0.1:{ports['ELASTICSEARCH']}") as search:
        search.indices.refresh(index="keeper-prices")
        assert search.count(index="keeper-prices")["count"] == stored["points"]


def test_alerts_are_caught_and_their_links_are_served(
    system: ComposedSystem, ports: dict[str, int]
) -> None:
    query = (
        "SELECT count(*)::int AS raised, count(*) FILTER (WHERE status = 'SENT')::int AS sent"
        " FROM price_alerts"
    )
    deadline = time.monotonic() + 300
    (alerts,) = rows(ports, query)
    while alerts["sent"] < alerts["raised"]:
        # An alert of a first check waits for the product's past before it is sent.
        assert time.monotonic() < deadline, alerts
        time.sleep(2)  # between two looks at the table
        (alerts,) = rows(ports, query)

    caught = httpx.get(f"http://127.0.0.1:{ports['MAIL_WEB']}/api/v1/messages").json()
    assert alerts["raised"] == alerts["sent"] > 0
    assert caught["total"] > 0
    health = httpx.get(f"http://127.0.0.1:{ports['CONSOLE']}/health")
    assert (health.status_code, health.json()["status"]) == (200, "ready")


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


def test_containers_that_start_all_at_once_wait_for_what_they_need(system: ComposedSystem) -> None:
    # As when the host boots, where the engine heeds no order. The stores are last.
    listed = map(json.loads, system.output("ps", "--format", "json").splitlines())
    ids = {one["Service"]: one["ID"] for one in listed}
    stores = {name: ids.pop(name) for name in STORES}
    system.engine.run("docker kill", "kill", *ids.values(), *stores.values())

    system.engine.run("docker start", "start", *ids.values())
    deadline = time.monotonic() + 120
    for name in (name for name in ids if name.startswith("airflow")):
        while "waiting for Airflow's database" not in system.output("logs", name):
            assert time.monotonic() < deadline, name
            time.sleep(1)  # between two looks at its log
    system.engine.run("docker start", "start", *stores.values())

    system.up()


def test_a_mistake_in_the_settings_is_said_before_anything_starts(system: ComposedSystem) -> None:
    done = system.output(
        *("run", "--rm", "--no-TTY", "--no-deps"),
        *("--env", "SMTP_PORT=0", "--env", "KEEPER_SMTP_TLS=ssl"),
        *("check-settings", "sh", "-c", "python /opt/keeper/docker/check_settings.py 2>&1; true"),
    )

    said = done.splitlines()
    assert [line.partition(":")[0] for line in said[:-1]] == ["SMTP_PORT", "KEEPER_SMTP_TLS"]
    assert said[-1] == "2 mistake(s); nothing starts."


def test_a_connect_worker_without_a_plugin_is_healthy_and_says_what_is_missing(
    system: ComposedSystem, ports: dict[str, int]
) -> None:
    connect = ("--profile", "connect")
    system.output(*connect, "up", "--detach", "--wait", "connect", timeout=600)

    worker = httpx.get(f"http://127.0.0.1:{ports['CONNECT']}/health").json()
    said = system.output(*connect, "logs", "--no-log-prefix", "connect")
    setup = composition()["services"]["connect-setup"]["command"][2].partition(" && ")[0]
    asked = system.output(
        *(*connect, "run", "--rm", "--no-TTY", "--no-deps", "connect-setup", "sh", "-c"),
        f"{setup} --wait 0 2>&1; true",
    )

    assert worker["status"] == "healthy"
    assert "No connector is in /opt/connect/plugins" in said
    assert "it has no plugin with io.aiven.connect.elasticsearch" in asked


def test_it_goes_without_a_trace(system: ComposedSystem) -> None:
    system.down()

    assert system.leftovers() == []
