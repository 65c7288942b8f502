"""A log that the server gave up before it was received: said, begun anew, and backed up again."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from keeper.cli.app import app
from keeper.clock import utc_now
from keeper.pipeline.backups.choose import reach_of_base
from keeper.pipeline.backups.make import make_backup, programs_of
from keeper.pipeline.backups.place import place_of
from keeper.pipeline.services.monitor_backups import LOG_AGE, monitor_log
from keeper.settings import load_settings
from keeper.stores.postgres.backups.wal import segments_in
from keeper.stores.postgres.connection import PostgresConfig, session
from stack.postgres import binaries
from tests.second_server import superuser_url
from tests.services import Stack
from tests.waiting import HUNG_AFTER_S, wait_until


@pytest.fixture
def server(
    stack: Stack, database: PostgresConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[psycopg.Connection]:
    """The tests' server by the login that may copy it, with an installation of Keeper's on it."""
    url = superuser_url(stack)
    own = {
        "DATABASE_URL": database.url,
        "KEEPER_BACKUPS": str(tmp_path / "backups"),
        "KEEPER_BACKUP_SERVER_URL": url,
        "KEEPER_POSTGRES_PROGRAMS": str(binaries()),
        "KEEPER_LAKE": (tmp_path / "lake").as_uri(),
        "KEEPER_RUN_DIR": str(tmp_path / "run"),
    }
    for name, value in {**stack.environment, **own}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    load_settings.cache_clear()
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
        connection.execute("ALTER SYSTEM RESET max_slot_wal_keep_size")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
    load_settings.cache_clear()


@contextmanager
def receiving(tmp_path: Path) -> Iterator[Path]:
    """Receive the log as the worker does, and yield the file with what it says."""
    said = tmp_path / "said"
    command = [str(Path(sys.executable).with_name("keeper")), "receive-wal"]
    with said.open("w") as file, subprocess.Popen(command, env=os.environ, stderr=file) as worker:
        try:
            yield said
        finally:
            worker.terminate()
            assert worker.wait(HUNG_AFTER_S) == 0


def write_log(server: psycopg.Connection, segments: int) -> None:
    for _ in range(segments):
        server.execute("SELECT pg_logical_emit_message(false, 'test', 'x')")
        server.execute("SELECT pg_switch_wal()")
    server.execute("CHECKPOINT")


@pytest.mark.nightly
def test_a_log_that_was_given_up_is_said_and_begins_anew(
    server: psycopg.Connection, database: PostgresConfig, tmp_path: Path
) -> None:
    settings = load_settings()
    place, programs = place_of(settings), programs_of(settings)
    logs = place.work / "wal"
    with receiving(tmp_path):
        wait_until(lambda: segments_in(logs.glob("*")), "the log is received")
        before = make_backup(settings)
        write_log(server, 1)
        wait_until(lambda: not reach_of_base(place, before, programs).problem, "it has the log")

    # While nobody receives, the server keeps less than it writes.
    server.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
    server.execute("SELECT pg_reload_conf()")
    write_log(server, 4)
    with session(database) as connection:
        found = monitor_log(connection, at=utc_now()).trouble
    assert found is not None
    assert "has a gap" in found.subject

    with receiving(tmp_path) as said:
        wait_until(lambda: len(list(logs.iterdir())) == 2, "the former log is put aside")
        wait_until(lambda: len(list(logs.glob("*-????????/*"))) > 0, "the log begins anew")
        reach = reach_of_base(place, before, programs)
        assert reach.problem is not None
        assert "has a gap after" in reach.problem
        assert reach.segments
        after = make_backup(settings)
        wait_until(lambda: not reach_of_base(place, after, programs).problem, "it has the log")
        done = CliRunner().invoke(app, ["backup", "check"])
        assert done.exit_code == 0, done.output
        with session(database) as connection:
            assert monitor_log(connection, at=utc_now() + 2 * LOG_AGE).trouble is None
    assert "the log has a gap and begins anew" in said.read_text()

    with session(database) as connection:
        assert monitor_log(connection, at=utc_now()).trouble is None
        found = monitor_log(connection, at=utc_now() + 2 * LOG_AGE).trouble
    assert found is not None
    assert found.subject == "nobody receives the write-ahead log"
