"""Backups of real services, and what they restore: the moment, and nothing twice."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.clock import utc_now
from keeper.domain.requests import RequestState
from keeper.domain.watches.watch import Watch
from keeper.pipeline.backups.choose import choose, moment_text
from keeper.pipeline.backups.make import programs_of
from keeper.pipeline.backups.manifest import backups_in
from keeper.pipeline.backups.place import place_of
from keeper.pipeline.requests.ask_backup import ask_for_backup
from keeper.pipeline.requests.backups import BackUpResult
from keeper.pipeline.restores import restore as restoring
from keeper.pipeline.restores.progress import Progress, save_progress
from keeper.pipeline.services import monitor_backups
from keeper.pipeline.services.configuration import postgres_config
from keeper.pipeline.storage.disks import Disk
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.requests.queue import standing_of
from keeper.stores.postgres.watches.watch_list import save_watches
from keeper.streams.codec import encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from keeper.streams.topics import PRICE_UPDATES
from stack.postgres import binaries
from tests.object_storage import BUCKET, s3_server
from tests.price_events import price_event
from tests.second_server import SecondServer, superuser_url
from tests.services import Stack
from tests.waiting import HUNG_AFTER_S, wait_until

__all__ = ["s3_server"]
READER = "reader@example.org"
ASINS = ("B000000001", "B000000002")
EQUAL_TO_THE_MOMENT = {
    "history": "SELECT * FROM price_history ORDER BY asin, observed_at",
    "watches": "SELECT * FROM watched_products ORDER BY watch_id",
    "alert states": "SELECT * FROM alert_states ORDER BY watch_id, rule",
    "alerts": "SELECT alert_id, watch_id, price_minor, checked_at FROM price_alerts ORDER BY 1",
    "messages": "SELECT message_id, channel_id, alert_id, queued_at FROM outbox ORDER BY 1",
}
STEPS = (
    *("tables", "numbers", "access", "runs", "messages", "replies", "kafka", "load"),
    *("messages of the replay", "search", "compare"),
)
STEPS_OF_A_MOMENT = (
    *("tables", "numbers", "access", "runs", "messages", "replies"),
    *("kafka at its end", "search of the moment"),
)
EVERYBODY_MAY_CHANGE_THE_SCHEMA = (
    "SELECT bool_or(has_function_privilege('public', oid, 'EXECUTE')) FROM pg_proc "
    "WHERE proname IN ('add_price_months', 'add_price_partition', 'drop_price_partition')"
)
Contents = dict[str, list[tuple[object, ...]]]


@pytest.fixture
def installation(
    stack: Stack,
    database: PostgresConfig,
    empty_stores: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[PostgresConfig]:
    """An installation of the environment's, whose reader watches two products."""
    own = {
        "DATABASE_URL": database.url,
        "KEEPER_BACKUPS": str(tmp_path / "backups"),
        "KEEPER_POSTGRES_PROGRAMS": str(binaries()),
        "KEEPER_LAKE": (tmp_path / "lake").as_uri(),
        "KEEPER_RUN_DIR": str(tmp_path / "run"),
        "KEEPER_USER_EMAIL": READER,
    }
    for name, value in {**stack.environment, **own}.items():
        monkeypatch.setenv(name, value)
    for name in ("KEEPER_AIRFLOW_DATABASE_URL", "KEEPER_BACKUP_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    load_settings.cache_clear()
    done("migrate")
    with session(database) as connection:
        save_watches(connection, READER, [Watch(asin, "us", "NEW", 1000) for asin in ASINS])
        connection.execute(
            "INSERT INTO sessions (user_id, digest, created_at, expires_at, last_used_at) "
            "SELECT user_id, 'a', now(), now() + interval '1 day', now() FROM users LIMIT 1"
        )
        connection.execute(
            "INSERT INTO api_tokens (user_id, name, digest, scopes, created_at, expires_at) "
            "SELECT user_id, 'mine', 'b', '{}', now(), now() + interval '1 day' FROM users LIMIT 1"
        )
        connection.execute(
            "INSERT INTO telegram_links (user_id, telegram_id, linked_at) "
            "SELECT user_id, 1, now() FROM users LIMIT 1"
        )
        connection.execute(
            "INSERT INTO telegram_codes (user_id, digest, expires_at) "
            "SELECT user_id, 'c', now() + interval '1 day' FROM users LIMIT 1"
        )
        connection.execute(
            "INSERT INTO feed_tickets (user_id, digest, expires_at) "
            "SELECT user_id, 'd', now() + interval '1 day' FROM users LIMIT 1"
        )
    yield database
    load_settings.cache_clear()


@pytest.fixture
def own_server(stack: Stack) -> Iterator[str]:
    """The login that may copy the tests' server, which keeps no log for it afterwards."""
    url = superuser_url(stack)
    yield url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")


def keeper(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=True)


def done(*words: str) -> str:
    result = keeper(*words)
    assert result.exit_code == 0, f"{result.output}\n{result.exception}"
    return result.output


def check_prices(kafka: KafkaConfig, price: int, hour: int) -> None:
    """Publish a price of each product, and store it as the loader does."""
    events = [price_event(price, hour=hour, asin=asin) for asin in ASINS]
    with EventProducer(kafka) as producer:
        producer.send_all(
            PRICE_UPDATES, ((event.asin.encode(), encode_price_event(event)) for event in events)
        )
    with closing(PriceWriter(postgres_config(load_settings()))) as writer:
        writer.store(events)


def contents(database: PostgresConfig) -> Contents:
    with psycopg.connect(database.url) as connection:
        return {
            name: connection.execute(query).fetchall()
            for name, query in EQUAL_TO_THE_MOMENT.items()
        }


def one(database: PostgresConfig, query: str) -> object:
    with psycopg.connect(database.url) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def server_now(database: PostgresConfig) -> datetime:
    at = one(database, "SELECT clock_timestamp()")
    assert isinstance(at, datetime)
    return at


def reached() -> datetime:
    """Return up to which moment the newest backup restores."""
    settings = load_settings()
    return choose(place_of(settings), None, programs_of(settings)).moment


@contextmanager
def receiving(folder: Path) -> Iterator[None]:
    """Receive the write-ahead log as the worker does."""
    command = [str(Path(sys.executable).with_name("keeper")), "receive-wal"]
    with subprocess.Popen(command, env=os.environ) as worker:
        try:
            wait_until(lambda: list(folder.glob("wal/*/*")), "the log is received")
            yield
        finally:
            worker.terminate()
            assert worker.wait(HUNG_AFTER_S) == 0


def wait_for_log(server: str) -> None:
    """Wait until what has been committed is received."""
    config = PostgresConfig(server)
    written = one(config, "SELECT pg_current_wal_lsn()::text")
    there = f"SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= '{written}'"
    wait_until(lambda: one(config, there), "the log has what was committed since")


def require_nothing_twice(database: PostgresConfig, raised: int) -> None:
    assert one(database, "SELECT count(*) FROM outbox WHERE status = 'PENDING'") == 0
    assert one(database, "SELECT count(*) FROM sessions") == 0
    assert one(database, "SELECT count(*) FROM api_tokens WHERE revoked_at IS NULL") == 0
    for table in ("telegram_links", "telegram_codes", "feed_tickets"):
        assert one(database, f"SELECT count(*) FROM {table}") == 0
    number = one(database, "SELECT nextval('price_alerts_alert_id_seq')")
    assert isinstance(number, int)
    assert number > raised + 500_000


@pytest.mark.parametrize(
    "where", ["folder", pytest.param("s3", marks=pytest.mark.nightly, id="s3")]
)
def test_any_moment_since_a_base_backup_comes_back(
    where: str,
    installation: PostgresConfig,
    kafka: KafkaConfig,
    own_server: str,
    second_server: SecondServer,
    s3_server: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("KEEPER_BACKUP_SERVER_URL", own_server)
    received = folder = str(tmp_path / "backups")
    if where == "s3":
        folder, received = f"s3://{BUCKET}/{uuid.uuid4().hex}", str(tmp_path / "staging")
        monkeypatch.setenv("KEEPER_BACKUPS", folder)
        monkeypatch.setenv("KEEPER_BACKUP_STAGING", received)
    load_settings.cache_clear()
    check_prices(kafka, 1500, 0)
    made = done("backup", "make")
    with receiving(Path(received)):
        check_prices(kafka, 900, 1)
        at, then = server_now(installation), contents(installation)
        assert then["messages"]
        check_prices(kafka, 700, 2)
        last = contents(installation)
        assert last != then
        wait_for_log(own_server)
    # What is sent to S3 once a minute is sent at the end too.
    assert reached() > at
    said = done("backup", "check")
    assert "base backup" in made
    assert "The newest backup is whole" in said

    later = (at + timedelta(hours=1)).isoformat()
    refused = keeper("restore", folder, "--at", later)
    assert refused.exit_code == 1
    assert "the nearest is" in str(refused.exception)

    second = PostgresConfig(second_server.url_of(installation.url))
    monkeypatch.setenv("DATABASE_URL", second.url)
    monkeypatch.setenv("KEEPER_BACKUP_SERVER_URL", second_server.url_of(own_server))
    load_settings.cache_clear()
    command = ("restore", folder, "--at", at.isoformat(), "--wait", "60")
    place = ("--data", str(second_server.data), "--start", second_server.start)
    with monkeypatch.context() as patch:
        patch.setattr(restoring.Restore, "_move_identities", interrupt)
        assert keeper(*command, *place, "--no-replay").exit_code == 130
    # As it would be typed again: this many seconds ago is another moment by now.
    ago = f"{int((utc_now() - at).total_seconds())}s"
    said = done("restore", folder, "--at", ago, *place, "--no-replay")
    assert "goes on, to the moment it began with" in said
    assert moment_text(at) in said
    assert contents(second) == then
    require_nothing_twice(second, len(last["alerts"]))

    again = keeper(*command, "--no-replay")
    assert again.exit_code == 1
    assert "was finished at" in str(again.exception)


@pytest.mark.nightly
@pytest.mark.parametrize("which", ["first", "last"])
def test_the_first_and_the_last_moment_come_back_however_often_it_is_interrupted(
    which: str,
    installation: PostgresConfig,
    kafka: KafkaConfig,
    own_server: str,
    second_server: SecondServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("KEEPER_BACKUP_SERVER_URL", own_server)
    load_settings.cache_clear()
    folder = tmp_path / "backups"
    check_prices(kafka, 1500, 0)
    first = contents(installation)
    done("backup", "make")
    with receiving(folder):
        check_prices(kafka, 900, 1)
        last = contents(installation)
        wait_for_log(own_server)
    (made,) = backups_in(folder)
    # Without --at it is the latest there is.
    at = ("--at", moment_text(made.moment)) if which == "first" else ()

    second = PostgresConfig(second_server.url_of(installation.url))
    monkeypatch.setenv("DATABASE_URL", second.url)
    monkeypatch.setenv("KEEPER_BACKUP_SERVER_URL", second_server.url_of(own_server))
    load_settings.cache_clear()
    place = ("--data", str(second_server.data), "--start", second_server.start)
    command = ("restore", str(folder), *at, *place, "--wait", "60", "--no-replay")
    assert interrupted_after(STEPS_OF_A_MOMENT, command) == list(STEPS_OF_A_MOMENT)
    assert contents(second) == (first if which == "first" else last)
    require_nothing_twice(second, len(last["alerts"]))


@pytest.mark.parametrize(
    "ends_after",
    [
        pytest.param(("numbers", "messages", "kafka"), id="some"),
        pytest.param(STEPS, id="every step", marks=pytest.mark.nightly),
    ],
)
def test_a_dump_restores_its_own_moment_however_often_it_is_interrupted(
    ends_after: tuple[str, ...],
    installation: PostgresConfig,
    make_database: Callable[[], PostgresConfig],
    kafka: KafkaConfig,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    folder = str(tmp_path / "backups")
    check_prices(kafka, 900, 0)
    then = contents(installation)
    assert then["messages"]
    made = done("backup", "make")
    assert "a dump of Keeper" in made
    check_prices(kafka, 700, 1)
    last = contents(installation)
    (first,) = backups_in(Path(folder))
    monkeypatch.setenv("KEEPER_LEAST_FREE_PERCENT", "10")
    load_settings.cache_clear()
    nearly_full = [Disk((folder,), bytes=100, free=5)]
    monkeypatch.setattr(monitor_backups, "disks_of", lambda _: nearly_full)
    with session(installation) as connection:
        asked = ask_for_backup(connection, operator=READER, origin="test", at=utc_now())
        assert "1 attempts made" in done("backup", "on-request", "--once")
        standing = standing_of(connection, asked)
    assert standing is not None
    assert standing.state is RequestState.DONE, standing.problem
    found = BackUpResult.model_validate(standing.result)
    assert (found.name, found.problems) == (backups_in(Path(folder))[1].name, [])
    # Whoever makes backups may be the only one to have their disk.
    noticed = "SELECT count(*) FROM operator_notices WHERE topic = 'room-for-backups'"
    assert one(installation, noticed) == 1

    between = keeper(
        "restore", folder, "--at", (first.moment + timedelta(milliseconds=1)).isoformat()
    )
    assert between.exit_code == 1
    said = str(between.exception)
    assert "a dump restores only its own moment" in said
    assert moment_text(first.moment) in said

    empty = make_database()
    monkeypatch.setenv("DATABASE_URL", empty.url)
    load_settings.cache_clear()
    command = ("restore", folder, "--at", first.moment.isoformat())
    full = keeper(*command)
    assert "holds tables already" in str(full.exception)
    assert interrupted_after(ends_after, command) == list(ends_after)
    restored = contents(empty)
    assert restored["history"] == last["history"]
    assert restored["watches"] == last["watches"]
    # PostgreSQL lets everybody call what a restore makes, until that is taken back.
    assert one(empty, EVERYBODY_MAY_CHANGE_THE_SCHEMA) is False
    require_nothing_twice(empty, len(last["alerts"]))

    again = keeper(*command)
    assert again.exit_code == 1
    assert "empty the database first" in str(again.exception)
    with psycopg.connect(empty.url) as connection:
        connection.execute("DELETE FROM outbox")
    assert "keeper.dump is restored" in done(*command, "--replace")
    assert contents(empty)["messages"]


def interrupt(restore: restoring.Restore) -> str:
    raise KeyboardInterrupt


def interrupted_after(steps: tuple[str, ...], command: tuple[str, ...]) -> list[str]:
    """Restore, ended after some steps before that is remembered; return after which it was."""
    interrupted: list[str] = []

    def save(connection: Connection, progress: Progress) -> None:
        if progress.done and progress.done[-1] in set(steps).difference(interrupted):
            interrupted.append(progress.done[-1])
            raise KeyboardInterrupt
        save_progress(connection, progress)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(restoring, "save_progress", save)
        while (result := keeper(*command, "--replace")).exit_code != 0:
            assert result.exit_code == 130, f"{result.output}\n{result.exception}"
    return interrupted
