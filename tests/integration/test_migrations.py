"""Bringing a database to the schema."""

import threading
from collections.abc import Callable

import psycopg
import pytest

from keeper.errors import TransientError
from keeper.stores.postgres.connection import (
    DatabaseRejectedError,
    PostgresConfig,
    SchemaMissingError,
    session,
)
from keeper.stores.postgres.migrations import migrate
from keeper.stores.postgres.watches.watch_list import list_watches
from tests.services import Stack, free_port


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
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(len, applied), reverse=True)[1:] == [0, 0]
    with session(database) as connection:
        assert list_watches(connection, "reader@example.org") == []
