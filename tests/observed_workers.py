"""Workers whose numbers a Prometheus of a test's own reads, and the settings they have."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from keeper.alerts.channels.smtp import SmtpConfig
from keeper.pipeline.services.migrate import migrate_part
from keeper.settings import Settings, load_settings
from keeper.stores.postgres.connection import PostgresConfig
from tests.services import Stack, free_port
from tests.worker_settings import worker_settings

OPERATOR: Final = "operator@example.org"
KEEPER: Final = str(Path(sys.executable).with_name("keeper"))


@pytest.fixture
def observed_settings(
    stack: Stack,
    database: PostgresConfig,
    mail_server: SmtpConfig,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Settings]:
    """Settings of the test's own database, by which Keeper's processes work and mail."""
    own = worker_settings(database.url, mail_server, tmp_path, reader="reader@example.org")
    own["KAFKA_BOOTSTRAP_SERVERS"] = stack["KAFKA_BOOTSTRAP_SERVERS"]
    own |= {"KEEPER_OPERATOR_EMAIL": OPERATOR, "KEEPER_METRICS_EVERY_S": "1"}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    load_settings.cache_clear()
    migrate_part("kafka")
    yield load_settings()
    load_settings.cache_clear()


@contextmanager
def showing(*words: str, **changed: str) -> Iterator[str]:
    """Run a worker for the block, which shows its numbers where the yielded address says.

    Args:
        words: The command of `keeper`.
        changed: Variables that are others for it.
    """
    address = f"127.0.0.1:{free_port()}"
    environment = os.environ | {"KEEPER_METRICS_LISTEN": address} | changed
    with subprocess.Popen([KEEPER, *words], env=environment) as worker:
        try:
            yield address
        finally:
            worker.terminate()
