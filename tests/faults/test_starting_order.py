"""Workers that are started before what they need, each service being the last one once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from typer.testing import CliRunner

from keeper.alerts.channels.smtp import SmtpConfig
from keeper.cli.app import app
from keeper.domain.watches.watch import Watch
from keeper.settings import load_settings
from keeper.stores.elasticsearch import price_index
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.watches.watch_list import save_watches
from keeper.streams.codec import encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from keeper.streams.topics import PRICE_UPDATES
from tests.faults.loading import points
from tests.faults.processes import Processes, running
from tests.price_events import price_event
from tests.services import Stack
from tests.smtp_server import Mailbox
from tests.waiting import wait_until
from tests.worker_settings import worker_settings

READER = "reader@example.org"
WORKERS = {
    "consume-prices": ("consume", "prices"),
    "index-prices": ("index", "prices"),
    "deliver": ("deliver", "--interval", "1"),
}
WAITING = {
    "postgres": {"consume-prices": "PostgreSQL", "deliver": "PostgreSQL"},
    "kafka": {"consume-prices": "Kafka", "index-prices": "Kafka"},
    # That it is away shows when there is something to index.
    "elasticsearch": {},
    "migrate": {"consume-prices": "keeper migrate", "deliver": "keeper migrate"},
}
AT_EVERY_COMMIT = ("postgres",)


@pytest.fixture
def settings(
    stack: Stack,
    make_database: Callable[[], PostgresConfig],
    mail_server: SmtpConfig,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    empty_stores: None,
) -> Iterator[PostgresConfig]:
    """Settings of the environment: the stack's services and a database that is not migrated."""
    database = make_database()
    with session(database) as connection:
        connection.execute("DROP SCHEMA public, analytics CASCADE")
        connection.execute("CREATE SCHEMA public")
    own = worker_settings(database.url, mail_server, tmp_path, reader=READER)
    for name, value in {**stack.environment, **own}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    load_settings.cache_clear()
    yield database
    load_settings.cache_clear()


def migrate(*words: str) -> None:
    done = CliRunner().invoke(app, ["migrate", *words])
    assert done.exit_code == 0, done.output


def publish(kafka: KafkaConfig) -> None:
    """Publish a price above the reader's target, and one below."""
    with EventProducer(kafka) as producer:
        events = [price_event(1500), price_event(900, hour=1, previous=1500)]
        producer.send_all(
            PRICE_UPDATES, ((event.asin.encode(), encode_price_event(event)) for event in events)
        )


@pytest.mark.parametrize(
    "last",
    [
        pytest.param(name, marks=() if name in AT_EVERY_COMMIT else [pytest.mark.nightly])
        for name in sorted(WAITING)
    ],
)
def test_workers_wait_for_the_last_service_and_then_do_all_of_their_work(
    last: str,
    stack: Stack,
    settings: PostgresConfig,
    kafka: KafkaConfig,
    search: Elasticsearch,
    mailbox: Mailbox,
) -> None:
    if last != "migrate":
        migrate()
        watch(settings)
    with running(WORKERS) as workers:
        if last == "migrate":
            see_what_is_waited_for(workers, last)
            migrate()
            watch(settings)
            publish(kafka)
        else:
            with stack.without(last):
                if last != "kafka":
                    # What comes in meanwhile is not lost.
                    publish(kafka)
                see_what_is_waited_for(workers, last)
            if last == "kafka":
                publish(kafka)

        wait_until(lambda: points(settings) == 2, "both prices are in PostgreSQL")
        wait_until(lambda: indexed(search) == 2, "both prices are in Elasticsearch")
        wait_until(lambda: len(mailbox.mails()) == 1, "the alert is mailed")
        wait_until(workers.are_ready, "all workers are ready")
        wait_until(lambda: workers.console_answers() == 200, "the console is ready")
        assert workers.run_on()


def see_what_is_waited_for(workers: Processes, last: str) -> None:
    for name, service in WAITING[last].items():
        wait_until(
            lambda name=name, service=service: (  # type: ignore[misc]  # bound now
                "degraded" in (said := workers.says(name)) and service in said
            ),
            f"{name} waits for {service}",
        )
    if last == "elasticsearch":
        wait_until(
            lambda: "Elasticsearch" in workers.says("index-prices"),
            "the indexer waits for Elasticsearch",
        )
    others = WORKERS.keys() - WAITING[last].keys() - {"index-prices"}
    assert not [name for name in others if "degraded" in workers.says(name)]
    if last in ("postgres", "migrate"):
        wait_until(lambda: workers.console_answers() in (200, 503), "the console answers")


def watch(database: PostgresConfig) -> None:
    with session(database) as connection:
        save_watches(connection, READER, [Watch("B000000001", "us", "NEW", 1000)])


def indexed(search: Elasticsearch) -> int:
    if not search.indices.exists_alias(name=price_index.PRICES_ALIAS):
        return 0
    search.indices.refresh(index=price_index.PRICES_ALIAS)
    return int(search.count(index=price_index.PRICES_ALIAS)["count"])
