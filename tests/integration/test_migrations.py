"""Bringing a database to the schema."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from keeper.errors import TransientError
from keeper.stores.postgres.connection import (
    SQL_DIR,
    Connection,
    DatabaseRejectedError,
    PostgresConfig,
    SchemaMissingError,
    session,
)
from keeper.stores.postgres.lock_waits import LockedOutError, retried
from keeper.stores.postgres.migrations import migrate
from keeper.stores.postgres.watches.watch_list import list_watches
from stack.schema import schema_of
from tests.services import ROOT, Stack, free_port
from tests.waiting import HUNG_AFTER_S, wait_until

SCHEMA = SQL_DIR / "schema.sql"


def test_migrating_again_changes_nothing(database: PostgresConfig) -> None:
    assert migrate(database) == []


def test_a_database_without_tables_names_the_remedy(stack: Stack) -> None:
    empty = PostgresConfig(stack["DATABASE_URL"].rpartition("/")[0] + "/template1")

    with (
        pytest.raises(SchemaMissingError, match="keeper migrate"),
        session(empty) as connection,
    ):
        list_watches(connection, "reader@example.org")


def test_a_wrong_password_is_final_and_not_shown(stack: Stack) -> None:
    url = stack["DATABASE_URL"]
    password = url.split(":")[2].split("@")[0]
    wrong = PostgresConfig(url.replace(password, "wrong-word"))

    with pytest.raises(DatabaseRejectedError, match="DATABASE_URL") as caught:
        migrate(wrong)

    assert "wrong-word" not in str(caught.value)


def test_a_database_that_is_away_may_come_back() -> None:
    nowhere = PostgresConfig(f"postgresql://keeper@127.0.0.1:{free_port()}/keeper")

    with pytest.raises(TransientError, match="does not answer"):
        migrate(nowhere)


def test_two_processes_may_migrate_at_once(make_database: Callable[[], PostgresConfig]) -> None:
    database = make_database()
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    applied: list[list[str]] = []
    threads = [threading.Thread(target=lambda: applied.append(migrate(database))) for _ in range(3)]
    with (
        psycopg.connect(database.url) as obstacle,
        psycopg.connect(database.url, autocommit=True) as watching,
    ):
        # Until this is undone nobody gets past the first migration, so that all three meet.
        obstacle.execute("CREATE TABLE users (email text)")
        for thread in threads:
            thread.start()
        wait_until(
            lambda: _waiting(watching) == sum(thread.is_alive() for thread in threads),
            "all that go on wait for a lock",
        )
        obstacle.rollback()
    for thread in threads:
        thread.join()

    assert sorted(map(len, applied), reverse=True)[1:] == [0, 0]
    with session(database) as connection:
        assert list_watches(connection, "reader@example.org") == []


def _waiting(connection: psycopg.Connection) -> int:
    """Return how many sessions of the database wait for a lock."""
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_migration_that_needs_the_loaders_tables_ends_none_of_them(
    make_database: Callable[[], PostgresConfig],
) -> None:
    """A loader locks series, adds points, then changes the series: the migration waits for it."""
    config = make_database()
    folder, name = SQL_DIR / "migrations", "0020_change_notifications"
    with session(config) as connection:
        connection.execute((folder / f"{name}.rollback.sql").read_text("utf-8").encode())
    with session(config) as loader, session(config) as watcher:
        loader.execute("BEGIN")
        loader.execute("LOCK TABLE price_series IN ROW SHARE MODE")
        loader.execute("LOCK TABLE price_points IN ROW EXCLUSIVE MODE")
        migration = threading.Thread(target=_run_file, args=(config, folder / f"{name}.sql"))
        migration.start()
        waiting = "SELECT FROM pg_locks WHERE NOT granted AND mode = 'ShareRowExclusiveLock'"
        wait_until(lambda: bool(watcher.execute(waiting).fetchall()), "the migration waits")
        loader.execute("LOCK TABLE price_series IN ROW EXCLUSIVE MODE")
        loader.execute("COMMIT")
        migration.join(HUNG_AFTER_S)
        found = watcher.execute("SELECT FROM pg_trigger WHERE tgname LIKE 'changes%'").fetchall()
    assert len(found) > 20


def test_a_migration_holds_nobody_up_while_it_cannot_have_its_locks(
    make_database: Callable[[], PostgresConfig],
) -> None:
    config, name = make_database(), "0031_room_without_waiting"
    with session(config) as connection:
        file = SQL_DIR / "migrations" / f"{name}.rollback.sql"
        connection.execute(file.read_text("utf-8").encode())
        connection.execute("DELETE FROM _yoyo_migration WHERE migration_id = %s", [name])
    outcomes: list[BaseException | list[str]] = []

    def try_for_a_while() -> None:
        try:
            outcomes.append(migrate(config, gives_up_after_s=3))
        except LockedOutError as error:
            outcomes.append(error)

    writing = "LOCK TABLE outbox IN ROW EXCLUSIVE MODE"
    waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'outbox'::regclass"
    slow = replace(config, application="the night's report")
    with (
        session(slow) as long,
        session(config) as watcher,
        session(replace(config, statement_timeout_s=10)) as deliverer,
    ):
        long.execute("BEGIN")
        long.execute(writing)
        migration = threading.Thread(target=try_for_a_while)
        migration.start()
        wait_until(lambda: watcher.execute(waiting).fetchall(), "the migration waits")
        # Behind a migration that stays there it would wait as long as the report takes.
        with deliverer.transaction():
            deliverer.execute(writing)
        migration.join(HUNG_AFTER_S)
        long.execute("COMMIT")

    (refusal,) = outcomes
    assert isinstance(refusal, TransientError)
    assert "the night's report" in str(refusal)
    assert name in migrate(config)


def test_new_views_hold_nobody_up_while_an_analyst_reads_the_old_ones(
    make_database: Callable[[], PostgresConfig],
) -> None:
    config = make_database()
    analysts = replace(config, application="an analyst's notebook")
    with session(analysts) as analyst:
        analyst.execute("COMMENT ON SCHEMA analytics IS 'those of an earlier version'")
        analyst.execute("BEGIN")
        analyst.execute("SELECT FROM analytics.drops")
        with pytest.raises(LockedOutError, match="an analyst's notebook"):
            migrate(replace(config, statement_timeout_s=10), gives_up_after_s=0)
        analyst.execute("COMMIT")

    assert migrate(config) == ["analytics"]


def test_only_what_waits_for_a_lock_uses_up_its_time(connection: Connection) -> None:
    tries: list[float] = []

    def change() -> str:
        tries.append(time.monotonic())
        if len(tries) > 1:
            return "done"
        # What was not a wait for a lock: a long migration.
        time.sleep(0.1)
        raise psycopg.errors.LockNotAvailable

    done = retried(change, "a migration", connection, gives_up_after_s=0.09, sleep=lambda _: None)

    assert done == "done"


def test_a_migration_finds_the_one_of_several_hosts_that_writes(database: PostgresConfig) -> None:
    login, _, rest = database.url.rpartition("@")
    address = f"{login}@127.0.0.1:{free_port()},{rest}?target_session_attrs=read-write"

    assert migrate(PostgresConfig(address)) == []


def _run_file(config: PostgresConfig, file: Path) -> None:
    with session(config) as connection, connection.transaction():
        connection.execute(file.read_text("utf-8").encode())


def test_the_schema_shown_is_what_they_yield(database: PostgresConfig) -> None:
    assert SCHEMA.read_text("utf-8") == schema_of(database.url), "run: make schema"


def test_a_change_of_the_schema_is_shown(
    database: PostgresConfig, make_database: Callable[[], PostgresConfig]
) -> None:
    changed = make_database()
    with psycopg.connect(changed.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE users ADD COLUMN shoe_size integer")
        connection.execute("SELECT add_price_months(now() + interval '1 year')")

    shown = schema_of(changed.url).splitlines()

    before = schema_of(database.url).splitlines()
    assert [line for line in shown if line not in before] == ["    shoe_size integer,"]


@pytest.mark.nightly
def test_the_command_that_writes_it_needs_no_running_stack(tmp_path: Path) -> None:
    written = tmp_path / "schema.sql"

    subprocess.run([sys.executable, "-m", "stack.schema", written], cwd=ROOT, check=True)

    assert written.read_text("utf-8") == SCHEMA.read_text("utf-8"), "run: make schema"
