"""How parts are, as `keeper health` and the console say it, on real services and without them."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from keeper.alerts.channels.smtp import SmtpConfig
from keeper.cli.app import app
from keeper.cli.streams.heartbeats import HeartbeatWriter
from keeper.metrics import Waits
from keeper.pipeline.services.migrate import migrate_part
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.streams.config import KafkaConfig
from tests.console_server import console_by_settings
from tests.keepa_simulator import Simulator
from tests.services import Stack, free_port


@pytest.fixture(autouse=True)
def _settings(
    stack: Stack,
    database: PostgresConfig,
    mail_server: SmtpConfig,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[None]:
    """Settings that name real services, of which the chats alone are not configured."""
    monkeypatch.chdir(tmp_path)
    for name in ("TELEGRAM_BOT_TOKEN", "DISCORD_WEBHOOK", "KEEPER_APPRISE_URLS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "DATABASE_URL": database.url,
        "KAFKA_BOOTSTRAP_SERVERS": stack["KAFKA_BOOTSTRAP_SERVERS"],
        "ELASTICSEARCH_URL": stack["ELASTICSEARCH_URL"],
        "KEEPER_LAKE": f"file://{tmp_path}/lake",
        "KEEPER_RUN_DIR": str(tmp_path / "run"),
        "SMTP_HOST": mail_server.host,
        "SMTP_PORT": str(mail_server.port),
        "KEEPER_SMTP_TLS": "none",
    }.items():
        monkeypatch.setenv(name, value)
    load_settings.cache_clear()
    for part in ("kafka", "elasticsearch"):
        migrate_part(part)
    yield
    load_settings.cache_clear()


@pytest.fixture
def keepa(simulate: Callable[..., Simulator], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPER_KEEPA_URL", simulate().url)
    load_settings.cache_clear()


def health(*words: str) -> tuple[Result, dict[str, tuple[str, str]]]:
    said = CliRunner().invoke(app, ["health", "--json", *words])
    return said, {one["part"]: (one["state"], one["says"]) for one in json.loads(said.stdout)}


def away(monkeypatch: pytest.MonkeyPatch, name: str, address: str) -> None:
    monkeypatch.setenv(name, address.format(port=free_port()))
    load_settings.cache_clear()


@pytest.mark.usefixtures("keepa")
def test_all_parts_are_ready_and_the_simulator_is_called_one() -> None:
    waits = Waits()
    HeartbeatWriter("deliver", waits)

    said, parts = health("--ready")

    assert said.exit_code == 0, said.stdout
    assert {name: state for name, (state, _) in parts.items()} == dict.fromkeys(
        ("postgres", "kafka", "elasticsearch", "keepa", "lake", "mail", "deliver"), "ready"
    ) | {"chats": "not configured"}
    assert "the simulator" in parts["keepa"][1]
    table = CliRunner().invoke(app, ["health"])
    assert "deliver" in table.stdout
    assert "not configured" in table.stdout


@pytest.mark.usefixtures("keepa")
def test_what_is_down_or_waits_is_named_and_the_others_are_said_all_the_same(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.execute(
        "DELETE FROM _yoyo_migration WHERE migration_id ="
        " (SELECT max(migration_id) FROM _yoyo_migration)"
    )
    away(monkeypatch, "ELASTICSEARCH_URL", "http://127.0.0.1:{port}")
    waits = Waits()
    waits.record("store", "Elasticsearch does not answer")
    HeartbeatWriter("index-prices", waits)

    said, parts = health()

    assert said.exit_code == 1
    assert parts["postgres"][0] == "degraded"
    assert "keeper migrate" in parts["postgres"][1]
    assert parts["elasticsearch"][0] == "down"
    assert "ELASTICSEARCH_URL" in parts["elasticsearch"][1]
    assert parts["index-prices"][0] == "degraded"
    assert parts["kafka"][0] == parts["lake"][0] == "ready"


def test_the_console_says_the_state_of_each_part_and_no_address(
    database: PostgresConfig, kafka: KafkaConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with console_by_settings(database, kafka) as url:
        ready = httpx.get(f"{url}/health", timeout=30)
    away(monkeypatch, "ELASTICSEARCH_URL", "http://127.0.0.1:{port}")
    with console_by_settings(database, kafka) as url:
        degraded = httpx.get(f"{url}/health", timeout=30)

    parts = dict.fromkeys(("postgres", "kafka", "elasticsearch"), "ready")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "parts": parts})
    assert degraded.status_code == 200
    assert degraded.json() == {"status": "degraded", "parts": parts | {"elasticsearch": "down"}}


def test_without_postgresql_the_console_lives_and_is_not_ready(kafka: KafkaConfig) -> None:
    nowhere = PostgresConfig(f"postgresql://keeper@127.0.0.1:{free_port()}/keeper")
    with console_by_settings(nowhere, kafka) as url:
        answer = httpx.get(f"{url}/health", timeout=30)
        live = httpx.get(f"{url}/health/live", timeout=30)

    assert answer.status_code == 503
    assert answer.json()["parts"]["postgres"] == "down"
    assert (live.status_code, live.json()) == (200, {"status": "live"})


def test_top_shows_workers_runs_and_what_waits_once_where_there_is_no_terminal(
    connection: Connection,
) -> None:
    HeartbeatWriter("consume-prices", Waits())
    connection.execute(
        "INSERT INTO pipeline_runs (run_id, dag_id, source, state, started_at, finished_at, "
        "problem) VALUES ('track_prices/a', 'track_prices', 'simulator', 'FAILED', "
        "now() - interval '90 seconds', now(), 'Keepa \x1b[2J is away')"
    )
    shown = CliRunner().invoke(app, ["top"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    lines = {line.split()[0]: line for line in shown.stdout.splitlines() if line.strip()}
    # Other tests' messages may be on the topic.
    assert re.search(r"consume-prices +ready +[\d,]+ +last heartbeat \d+ s ago", shown.stdout)
    assert "FAILED" in lines["track_prices"]
    assert "90 s" in lines["track_prices"] or "1 min" in lines["track_prices"]
    assert "Tokens: unknown until Keepa has been asked" in shown.stdout
    assert "Messages that wait: none" in shown.stdout
    assert "1 failed runs" in shown.stdout
    assert "Dead letters:" in shown.stdout
    assert "\x1b[2J" not in shown.stdout


def test_top_says_who_does_not_answer_and_shows_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    HeartbeatWriter("consume-prices", Waits())
    away(monkeypatch, "DATABASE_URL", "postgresql://keeper@127.0.0.1:{port}/keeper")
    away(monkeypatch, "KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:{port}")
    shown = CliRunner().invoke(app, ["top", "--once"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    assert "PostgreSQL does not answer:" in shown.stdout
    assert re.search(r"Kafka at \S+ does not answer", shown.stdout)
    assert re.search(r"consume-prices +ready +unknown", shown.stdout)
    assert "Tokens" not in shown.stdout
