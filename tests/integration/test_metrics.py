"""What Prometheus reads: of a worker that runs, and of what PostgreSQL and Kafka hold."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from keeper.cli.app import app
from keeper.pipeline.metrics.definitions import OF_STORES, OF_WORKERS
from keeper.pipeline.services.migrate import migrate_part
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.streams.codec import encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from keeper.streams.topics import PRICE_UPDATES
from tests.numbered_work import insert_work
from tests.price_events import price_event
from tests.services import Stack, free_port
from tests.waiting import wait_until

Samples = dict[str, dict[tuple[str, ...], float]]


@pytest.fixture(autouse=True)
def _settings(
    stack: Stack, database: PostgresConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", stack["KAFKA_BOOTSTRAP_SERVERS"])
    monkeypatch.setenv("KEEPER_RUN_DIR", str(tmp_path))
    load_settings.cache_clear()
    migrate_part("kafka")
    yield
    load_settings.cache_clear()


def samples_of(text: str) -> Samples:
    """Return the values of each name, by those of their labels in the order of their names."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def printed() -> Samples:
    done = CliRunner().invoke(app, ["metrics", "--once"])
    assert done.exit_code == 0, done.output
    return samples_of(done.stdout)


def test_a_worker_that_runs_shows_what_it_has_done(
    kafka: KafkaConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"127.0.0.1:{free_port()}"
    event = price_event(900, run_id="test-metrics")
    with EventProducer(kafka) as producer:
        producer.send_all(PRICE_UPDATES, [(event.asin.encode(), encode_price_event(event))])
    keeper = str(Path(sys.executable).with_name("keeper"))
    environment = os.environ | {"KEEPER_METRICS_LISTEN": address}
    with subprocess.Popen([keeper, "consume", "prices"], env=environment) as worker:
        shown: Samples = {}

        def has_stored() -> bool:
            assert worker.poll() is None
            try:
                answer = httpx.get(f"http://{address}/metrics", trust_env=False)
            except httpx.TransportError:
                return False
            shown.update(samples_of(answer.text))
            # Kafka is asked for the lag a little later.
            has_lag = "keeper_worker_unread_messages" in shown
            return has_lag and shown["keeper_worker_batches_total"]["consume-prices",] > 0

        wait_until(has_stored, "it shows a stored batch")
        refused = subprocess.run(
            [keeper, "metrics"], env=environment, capture_output=True, text=True, check=False
        )
        done = subprocess.run(
            [keeper, "deliver", "--once"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        worker.terminate()
    assert shown["keeper_worker_messages_total"]["consume-prices",] >= 1
    assert shown["keeper_worker_seconds_total"]["store", "consume-prices"] > 0
    assert shown["process_resident_memory_bytes"][()] > 0
    assert {metric.name for metric in OF_WORKERS} - set(shown) == {
        # It waits for nothing.
        "keeper_worker_waiting_since_seconds"
    }
    assert refused.returncode == 1
    assert "give each process another port" in refused.stderr
    # Who works besides showing it, works.
    assert done.returncode == 0
    assert "the work goes on" in done.stderr


def test_numbers_are_those_of_the_tables(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(3)
    insert_work(connection)
    found = printed()
    assert found["keeper_source_up"] == {("postgres",): 1, ("kafka",): 1}
    assert found["keeper_outbox_messages"]["email",] == 3
    assert found["keeper_outbox_oldest_due_seconds"]["email",] >= 0
    assert found["keeper_deliveries_last_hour"]["email", "failed"] == 3
    assert found["keeper_delivery_seconds_last_hour"]["email", "failed"] == 1.5
    assert found["keeper_tokens_left"]["keepa",] == 321
    assert found["keeper_tokens_charged_last_hour"]["product", "charged"] == 6
    assert found["keeper_run_is_good"]["track_prices",] == 0
    ended = found["keeper_run_ended_timestamp_seconds"]["track_prices",]
    good = found["keeper_run_last_good_timestamp_seconds"]["track_prices",]
    assert ended - good == pytest.approx(7 * 3600, abs=1)
    assert found["keeper_run_products"]["track_prices", "postponed"] == 2
    assert found["keeper_watched_products"][()] == 3
    assert found["keeper_mirror_wrong_documents"]["prices", "missing"] == 4
    assert found["keeper_open_notices"]["lag",] == 1
    backup = found["keeper_backup_last_good_timestamp_seconds"][()]
    assert good - backup == pytest.approx(-6 * 3600, abs=1)
    connections = found["keeper_postgres_connections"][()]
    assert 1 <= connections < found["keeper_postgres_connections_limit"][()]
    assert 0 < found["keeper_postgres_oldest_transaction_age"][()] < 2.1e9
    assert found["keeper_table_bytes"]["price_points",] > 0
    assert found["keeper_group_unread_messages"]["keeper-consumer-group", "price-updates"] >= 0
    assert {metric.name for metric in OF_STORES} <= set(found)


def test_what_is_away_leaves_out_its_own_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://keeper:x@127.0.0.1:{free_port()}/keeper")
    load_settings.cache_clear()
    found = printed()
    assert found["keeper_source_up"] == {("postgres",): 0, ("kafka",): 1}
    assert "keeper_dead_letters" in found
    assert not [name for name in found if re.match("keeper_(outbox|run|tokens|watched)", name)]


def test_a_locked_table_does_not_hold_the_numbers(
    database: PostgresConfig,
) -> None:
    with psycopg.connect(database.url) as somebody:
        # Ends what would otherwise hang for ever.
        somebody.execute("SET idle_in_transaction_session_timeout = '10s'")
        somebody.execute("LOCK price_points IN ACCESS EXCLUSIVE MODE")
        found = printed()
    assert found["keeper_source_up"] == {("postgres",): 0, ("kafka",): 1}


def test_without_an_address_it_says_which_setting_is_missing() -> None:
    done = CliRunner().invoke(app, ["metrics"])
    assert "KEEPER_METRICS_LISTEN" in str(done.exception)
