"""The tasks that look for trouble, by Airflow's Connections, and what a good run calls."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, cast

import pytest

from keeper.alerts.channels.smtp import SmtpConfig
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.errors import KeeperError, SettingsError
from keeper.orchestration.check_operations import check_database, check_kafka, summarise
from keeper.orchestration.runs import summaries
from keeper.pipeline.runs.consumers import price_consumer
from keeper.pipeline.runs.finish import RunFailedError
from keeper.pipeline.services import monitor as check_operations
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.messages.channels import save_delivery_rules
from keeper.stores.postgres.messages.notices import list_notices
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from tests.chat_server import ChatServer
from tests.dags.conftest import connection_to
from tests.dags.test_summaries import LastTask
from tests.services import Stack
from tests.smtp_server import Mailbox

SECRET = "/ping/4711-a-secret"
WELL: dict[str, list[str]] = {"trouble": [], "notified": [], "over": []}


@pytest.fixture(autouse=True)
def _connections(
    stack: Stack, database: PostgresConfig, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    load_settings.cache_clear()
    servers = {"bootstrap.servers": stack["KAFKA_BOOTSTRAP_SERVERS"]}
    kafka = json.dumps({"conn_type": "kafka", "extra": servers})
    monkeypatch.setenv("AIRFLOW_CONN_KEEPER_KAFKA", kafka)
    monkeypatch.setenv("AIRFLOW_CONN_KEEPER_POSTGRES", connection_to(database.url))
    yield
    load_settings.cache_clear()


def test_what_was_found_before_kafka_failed_is_said(
    database: PostgresConfig,
    connection: Connection,
    kafka: KafkaConfig,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with EventProducer(kafka) as producer:
        producer.send_all(topic, [(b"x", b"rubbish")])
    with closing(PriceWriter(database)) as writer:
        price_consumer(kafka, writer, group=f"g-{topic}", topic=topic, on_cycle=lambda: None).run(
            until_idle=True
        )
    monkeypatch.setattr(check_operations, "DATA_TOPICS", (topic, f"{topic}-that-is-missing"))

    with pytest.raises(KeeperError, match="that-is-missing"):
        check_kafka.function()

    (notice,) = list_notices(connection, with_resolved=False, most=10)
    assert notice.topic == f"dead-letters:{topic}"


@pytest.fixture
def operator(mail_server: SmtpConfig, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {
        "SMTP_HOST": mail_server.host,
        "SMTP_PORT": str(mail_server.port),
        "KEEPER_SMTP_TLS": "none",
        "KEEPER_OPERATOR_EMAIL": "operator@example.org",
    }.items():
        monkeypatch.setenv(name, value)
    load_settings.cache_clear()
    return "operator@example.org"


def end(monkeypatch: pytest.MonkeyPatch, found: dict[str, list[str]], **states: str) -> Any:
    task = LastTask(**states)
    monkeypatch.setattr(summaries, "get_current_context", lambda: {"ti": task})
    load_settings.cache_clear()
    return summarise.function(found, WELL, {"sent": 1}, cast(Any, task))


def test_messages_that_wait_are_mailed_past_the_outbox_once_and_fail_the_run(
    connection: Connection,
    raise_alerts: Callable[..., None],
    operator: str,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raise_alerts(3)
    connection.execute("UPDATE watched_products SET last_checked_at = now()")
    assert check_database.function()["trouble"] == []
    connection.execute("UPDATE outbox SET next_attempt_at = now() - interval '16 minutes'")
    save_delivery_rules(connection, operator, DeliveryRules("Asia/Tokyo"))

    found = check_database.function()
    assert found["notified"] == ["outbox-age"]
    assert check_database.function()["trouble"] == ["outbox-age"]

    (mail,) = mailbox.mails()
    assert mail["To"] == operator
    assert mail["Subject"] == "Keeper: 3 messages by email wait to be delivered"
    assert "keeper health deliver" in mailbox.texts()[0]
    assert " JST." in mailbox.texts()[0]
    (notice,) = list_notices(connection, with_resolved=False, most=10)
    assert notice.channels == "email pending"
    with pytest.raises(RunFailedError, match="were not delivered; in trouble: outbox-age"):
        end(monkeypatch, found)


def test_a_good_run_calls_the_address_that_is_called_while_all_is_well(
    chat: ChatServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    end(monkeypatch, WELL)
    assert chat.requests == []
    monkeypatch.setenv("KEEPER_HEARTBEAT_URL", chat.url + SECRET)

    end(monkeypatch, WELL)
    assert [request.path for request in chat.requests] == [SECRET]
    for found, states in (
        (WELL, {"check_kafka": "failed"}),
        (WELL | {"trouble": ["outbox-age"]}, {}),
    ):
        with pytest.raises(RunFailedError):
            end(monkeypatch, found, **states)
    assert len(chat.requests) == 1

    # It is a service elsewhere: a run is as good without it, and no log has its address.
    caplog.set_level(logging.DEBUG, "keeper")
    caplog.clear()
    chat.answers.append((503, {}))
    assert end(monkeypatch, WELL) == "nothing is in trouble; messages: 1 sent"
    monkeypatch.setenv("KEEPER_HEARTBEAT_URL", f"http://127.0.0.1:9{SECRET}")
    assert end(monkeypatch, WELL) == "nothing is in trouble; messages: 1 sent"
    warnings = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert warnings == [
        "KEEPER_HEARTBEAT_URL answers 503",
        "KEEPER_HEARTBEAT_URL was not reached: ConnectError",
    ]
    assert SECRET not in caplog.text


@pytest.mark.parametrize("url", ["ftp://example.org/x", "file:///etc/passwd", "example.org"])
def test_an_address_of_another_kind_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPER_HEARTBEAT_URL", url)
    load_settings.cache_clear()

    with pytest.raises(SettingsError, match="KEEPER_HEARTBEAT_URL: must look like http") as error:
        load_settings()
    assert url not in str(error.value)
