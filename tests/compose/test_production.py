"""docker-compose.prod.yaml on a server: one door with TLS, nothing without a password, Celery."""

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from stack.airflow_api import AirflowApi
from stack.docker.composed import PRODUCTION, ComposedSystem
from tests.compose.airflow_runs import PRODUCTS, track_prices, watch_products
from tests.compose.conftest import Bring
from tests.services import ROOT

pytestmark = pytest.mark.timeout(3600)
# An address of loopback of its own: on it nobody else has the ports 80 and 443.
ADDRESS: Final = "127.77.0.1"
URL: Final = f"https://{ADDRESS}"
ONE_SHOTS = {"check-settings", "migrate"}

COUNT: Final = """
import json
import psycopg
from elasticsearch import Elasticsearch
from keeper.settings import load_settings

settings = load_settings()
with psycopg.connect(settings.database.url_with_password.get_secret_value()) as keeper:
    points, = keeper.execute("SELECT count(*) FROM price_history").fetchone()
with psycopg.connect(settings.airflow.database_url_with_password.get_secret_value()) as airflow:
    ran = airflow.execute(
        "SELECT DISTINCT hostname FROM task_instance"
        " WHERE dag_id = 'track_prices' AND hostname > ''"
    ).fetchall()
with Elasticsearch(settings.elasticsearch.url_with_password.get_secret_value()) as search:
    search.indices.refresh(index="keeper-prices")
    found = search.count(index="keeper-prices")["count"]
    of_dag = {"term": {"dag_id": "track_prices"}}
    logged = search.count(index="keeper-task-logs-*", query=of_dag)["count"]
hosts = [host for host, in ran]
print(json.dumps({"points": points, "found": found, "logged": logged, "hosts": hosts}))
"""
ASK_AS_NOBODY: Final = """
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

try:
    build_opener(ProxyHandler({})).open("http://elasticsearch:9200/_cluster/health", timeout=20)
    print("elasticsearch answers")
except HTTPError as error:
    print("elasticsearch", error.code)
try:
    AdminClient({"bootstrap.servers": "kafka:29092", "log_level": 0}).list_topics(timeout=10)
    print("kafka answers")
except KafkaException:
    print("kafka refuses")
wrong = {"bootstrap.servers": "kafka:29092", "log_level": 0, "security.protocol": "SASL_PLAINTEXT"}
wrong |= {"sasl.mechanism": "PLAIN", "sasl.username": "keeper", "sasl.password": "guessed"}
try:
    AdminClient(wrong).list_topics(timeout=10)
    print("kafka answers")
except KafkaException:
    print("kafka refuses")
"""


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The secrets, and a certificate, as the command makes them."""
    folder = tmp_path_factory.mktemp("production") / "secrets"
    command: list[str | Path] = [sys.executable, ROOT / "docker" / "make_secrets.py"]
    subprocess.run([*command, "--folder", folder, "--self-signed", ADDRESS], check=True)
    return folder


@pytest.fixture(scope="module")
def system(bring_up: Bring, secrets: Path) -> Iterator[ComposedSystem]:
    """The composed system, healthy; taken down after the tests."""
    changes = {
        "COMPOSE_PROFILES": "simulator",
        "KEEPER_BATCH_PRODUCTS": "25",
        "KEEPER_BIND_ADDRESS": ADDRESS,
        "KEEPER_PUBLIC_URL": URL,
        "KEEPER_SECRETS": str(secrets),
        "KEEPER_TASK_LOGS": "elasticsearch",
    }
    with bring_up(PRODUCTION, changes) as system:
        yield system


@pytest.fixture(scope="module")
def trusted(secrets: Path) -> ssl.SSLContext:
    """Who trusts the trial's certificate and no other."""
    return ssl.create_default_context(cafile=str(secrets / "tls_certificate"))


@pytest.fixture(scope="module")
def containers(system: ComposedSystem) -> dict[str, dict[str, Any]]:
    """What the engine says of each lasting container, by its service."""
    listed = map(json.loads, system.output("ps", "--all", "--format", "json").splitlines())
    ids = {one["Service"]: one["ID"] for one in listed}
    answered = json.loads(system.engine.output("inspect", *ids.values()))
    return dict(zip(ids, answered, strict=True))


def test_every_container_is_healthy_and_the_one_shots_have_ended(
    system: ComposedSystem, containers: dict[str, dict[str, Any]]
) -> None:
    assert containers.keys() == system.services().keys()
    for name, answered in containers.items():
        state = answered["State"]
        if name in ONE_SHOTS:
            assert (state["Status"], state["ExitCode"]) == ("exited", 0), name
        else:
            assert (state["Status"], state["Health"]["Status"]) == ("running", "healthy"), name


def test_only_nginx_can_be_reached(containers: dict[str, dict[str, Any]]) -> None:
    published = {
        name: sorted(
            (end["HostIp"], end["HostPort"])
            for ends in answered["HostConfig"]["PortBindings"].values()
            for end in ends
        )
        for name, answered in containers.items()
        if answered["HostConfig"]["PortBindings"]
    }

    assert published == {"nginx": [(ADDRESS, "443"), (ADDRESS, "80")]}


def test_no_log_of_nginx_has_the_path_of_a_link(
    system: ComposedSystem, trusted: ssl.SSLContext
) -> None:
    link = f"{URL}/a/whoever-reads-this-could-use-it"
    with httpx.Client(verify=trusted, trust_env=False, timeout=60) as client:
        answers = [client.get(link).status_code for _ in range(60)]
        # Refused before nginx knows its location.
        refused = client.get(link, headers={"X-Long": "x" * 20_000}).status_code

    assert {404, 429} <= set(answers)
    assert refused == 400
    logged = system.output("logs", "nginx")
    assert '"GET /a/" 400' in logged
    assert "whoever-reads-this" not in logged


def test_containers_can_do_little(
    system: ComposedSystem, containers: dict[str, dict[str, Any]]
) -> None:
    for name, answered in containers.items():
        check_confined(system, name, answered)


def check_confined(system: ComposedSystem, name: str, answered: dict[str, Any]) -> None:
    """Check what the engine says of a container, and what can be done in it."""
    host = answered["HostConfig"]
    assert host["ReadonlyRootfs"] is True, name
    assert host["CapDrop"] == ["ALL"], name
    assert host["SecurityOpt"] == ["no-new-privileges:true"], name
    assert host["Memory"] > 0, name
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "5"}, name
    if name not in ONE_SHOTS:
        tried = "id -u; touch /probe 2>&1 || true"
        user, said = system.output("exec", "--no-TTY", name, "sh", "-c", tried).splitlines()
        assert user != "0", name
        assert "Read-only file system" in said, name


def test_no_secret_is_in_a_containers_description(
    secrets: Path, containers: dict[str, dict[str, Any]]
) -> None:
    texts = [file.read_text("utf-8").strip() for file in secrets.iterdir()]
    known = [text for text in texts if text]
    assert len(known) >= 16
    for name, answered in containers.items():
        described = json.dumps(answered)
        assert not [text for text in known if text in described], name


def test_http_is_sent_to_https(system: ComposedSystem) -> None:
    answer = httpx.get(f"http://{ADDRESS}/dags?state=failed", trust_env=False)

    assert answer.status_code == 308
    assert answer.headers["location"] == f"{URL}/dags?state=failed"


def test_pages_come_by_tls(system: ComposedSystem, trusted: ssl.SSLContext) -> None:
    with httpx.Client(base_url=URL, verify=trusted, trust_env=False) as client:
        page = client.get("/")
        assert page.status_code == 200
        assert "max-age" in page.headers["strict-transport-security"]
        assert client.get("/api/v2/monitor/health").json()["scheduler"]["status"] == "healthy"
        assert client.get("/api/v2/dags").status_code == 401
        assert client.get("/execution/health").status_code == 404
        # The console's page of a link that is none.
        link = client.get("/a/no-token")
        assert (link.status_code, link.headers["referrer-policy"]) == (404, "no-referrer")


def test_a_program_uses_the_api_through_nginx(
    system: ComposedSystem, trusted: ssl.SSLContext
) -> None:
    scopes = ("--scope", "watches:read", "--scope", "watches:write")
    token = system.keeper("api-tokens", "make", "trial", *scopes).split()[-1]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=URL, verify=trusted, trust_env=False, headers=headers) as client:
        new, key = {"product": "B00NGINX00"}, {"Idempotency-Key": "trial"}
        made = client.post("/api/v1/watches", json=new, headers=key)
        assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
        again = client.post("/api/v1/watches", json=new, headers=key)
        assert again.headers["idempotent-replayed"] == "true"
        url = made.headers["location"]
        assert client.get(url).json()["asin"] == "B00NGINX00"
        assert client.delete(url).status_code == 204
        # What a proxy says of its users, nobody else may say.
        forged = {"Authorization": "", "Remote-Email": "you@keeper.localhost"}
        assert client.get("/api/v1/me", headers=forged).status_code == 401
        too_large = client.post("/api/v1/watches/import", content=b"x" * 10_000_000)
        assert (too_large.status_code, too_large.json()["status"]) == (413, 413)
        for path in ("/metrics", "/docs", "/openapi.json"):
            assert "keeper_console" not in client.get(path).text, path
            assert "Keeper's API" not in client.get(path).text, path


def test_nothing_answers_without_a_password(system: ComposedSystem) -> None:
    said = system.output("exec", "--no-TTY", "consume-prices", "python", "-c", ASK_AS_NOBODY)
    redis, cache = (
        system.output("exec", "--no-TTY", name, "sh", "-c", "redis-cli ping 2>&1 || true")
        for name in ("redis", "cache")
    )

    assert said.splitlines() == ["elasticsearch 401", "kafka refuses", "kafka refuses"]
    assert "NOAUTH" in redis
    assert "NOAUTH" in cache
    assert "price-updates" in system.keeper("topics", "list")


def test_a_price_run_on_celery_fills_both_stores_with_the_same(
    system: ComposedSystem,
    secrets: Path,
    trusted: ssl.SSLContext,
    containers: dict[str, dict[str, Any]],
) -> None:
    watch_products(system)

    with AirflowApi.behind(URL, (secrets / "airflow_password").read_text(), trusted) as airflow:
        track_prices(airflow)

    answered = json.loads(
        system.output("exec", "--no-TTY", "airflow-scheduler", "python", "-c", COUNT).splitlines()[
            -1
        ]
    )
    assert answered["points"] == answered["found"] > PRODUCTS
    assert answered["logged"]
    workers = {
        containers[name]["Config"]["Hostname"]
        for name in ("airflow-worker-prices", "airflow-worker-others")
    }
    assert answered["hosts"]
    assert set(answered["hosts"]) <= workers


def test_a_connect_worker_logs_in_at_kafka_and_can_do_little(system: ComposedSystem) -> None:
    connect = ("--profile", "connect")
    system.output(*connect, "up", "--detach", "--wait", "connect", timeout=600)

    found = system.output(*connect, "ps", "--quiet", "connect").strip()
    (answered,) = json.loads(system.engine.output("inspect", found))
    check_confined(system, "connect", answered)
    assert answered["HostConfig"]["PortBindings"] == {}
    assert "keeper-connect-status" in system.keeper("topics", "list")


def test_it_goes_without_a_trace(system: ComposedSystem) -> None:
    system.down()

    assert system.leftovers() == []
