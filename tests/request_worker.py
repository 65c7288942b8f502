"""A worker of requests in the test's own process, with the settings of the test's services."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keeper.alerts.channels.smtp import SmtpConfig
from keeper.clock import Clock
from keeper.domain.requests import RequestKind
from keeper.pipeline.requests.carry_out import Options, carry_out_due
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.streams.config import KafkaConfig

CarryOut = Callable[[RequestKind, Clock], int]


@pytest.fixture
def carry_out_requests(
    database: PostgresConfig,
    connection: Connection,
    kafka: KafkaConfig,
    mail_server: SmtpConfig,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[CarryOut]:
    """Does what was asked for of a kind, as the worker with the secrets does."""
    monkeypatch.chdir(tmp_path)
    settings = {
        "DATABASE_URL": database.url,
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "SMTP_HOST": mail_server.host,
        "SMTP_PORT": str(mail_server.port),
        "KEEPER_SMTP_TLS": "none",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    load_settings.cache_clear()

    def carry_out(kind: RequestKind, clock: Clock) -> int:
        options = Options(
            settings=load_settings(),
            config=database,
            stopping=lambda: False,
            wait=lambda seconds: None,
            clock=clock,
        )
        return carry_out_due(connection, [kind], options)

    yield carry_out
    load_settings.cache_clear()
