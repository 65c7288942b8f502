"""Databases for tests: copied from a migrated one, emptied after each test and used again.

Emptying takes a few milliseconds, making and dropping a database a good part of a second. A test
that changes the schema costs a new database, and gets none of another's changes.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.migrations import migrate
from stack.context import load_stack
from stack.layout import Layout
from stack.postgres import keeper_roles
from tests.services import Stack

_SHAPE: Final = r"""
SELECT concat_ws(E'\n',
    (SELECT string_agg(concat_ws(' ', oid::regclass, relkind, relnatts, relchecks, relacl,
        pg_get_expr(relpartbound, oid), reloptions), E'\n' ORDER BY oid::regclass::text)
     FROM pg_class WHERE relnamespace = ANY(spaces)),
    (SELECT string_agg(concat_ws(' ', oid::regprocedure, prosrc, proacl), E'\n'
        ORDER BY oid::regprocedure::text)
     FROM pg_proc WHERE pronamespace = ANY(spaces)),
    (SELECT string_agg(concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)), E'\n'
        ORDER BY conrelid::regclass::text, conname)
     FROM pg_constraint WHERE connamespace = ANY(spaces)),
    (SELECT string_agg(concat_ws(' ', tgrelid::regclass, tgname, tgenabled), E'\n'
        ORDER BY tgrelid::regclass::text, tgname) FROM pg_trigger WHERE NOT tgisinternal))
FROM (SELECT array_agg(oid ORDER BY nspname) AS spaces FROM pg_namespace
      WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema') AS schemas
"""
"""All that migrations make except rows, as text."""
_TABLES: Final = """
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
ORDER BY oid
"""
"""In the order they were made: none refers to a later one."""
_SEQUENCES: Final = """
SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'
"""
_END_OTHERS: Final = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_SET_SEQUENCE: Final = """
SELECT setval(quote_ident(%(name)s)::regclass, coalesce(%(last)s, 1), %(last)s::bigint IS NOT NULL)
"""


class Contents:
    """What is in a migrated database before a test uses it."""

    def __init__(self, config: PostgresConfig) -> None:
        with psycopg.connect(config.url, autocommit=True) as connection:
            self._shape = connection.execute(_SHAPE).fetchone()
            self._tables = [name for (name,) in connection.execute(_TABLES)]
            self._sequences: dict[str, Any] = dict(connection.execute(_SEQUENCES).fetchall())
            self._which_have_rows = sql.SQL(" UNION ALL ").join(
                sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(
                    sql.Literal(name), sql.Identifier(name)
                )
                for name in self._tables
            )
            self._rows = {name: _copy_out(connection, name) for name in self._filled(connection)}

    def restore(self, config: PostgresConfig) -> bool:
        """Bring a database back to them; False if its tables are not these any more.

        Whoever is still connected is disconnected.
        """
        with psycopg.connect(config.url, autocommit=True) as connection:
            connection.execute(_END_OTHERS)
            if connection.execute(_SHAPE).fetchone() != self._shape:
                return False
            stale = [
                name
                for name in self._filled(connection) | self._rows.keys()
                if name not in self._rows or _copy_out(connection, name) != self._rows[name]
            ]
            if stale:
                names = sql.SQL(", ").join(map(sql.Identifier, stale))
                connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
                missing = self._rows.keys() - self._filled(connection)
                for name in filter(missing.__contains__, self._tables):
                    _copy_in(connection, name, self._rows[name])
            for name, last in connection.execute(_SEQUENCES).fetchall():
                if last != self._sequences[name]:
                    values = {"name": name, "last": self._sequences[name]}
                    connection.execute(_SET_SEQUENCE, values)
        return True

    def _filled(self, connection: psycopg.Connection) -> set[str]:
        return {name for (name,) in connection.execute(self._which_have_rows)}


class Databases:
    """Hands out migrated databases and takes them back."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._template = self._create("template1")
        self._made = [self._template]
        self._free: list[PostgresConfig] = []
        migrate(self._template)
        self._contents = Contents(self._template)

    def take(self) -> PostgresConfig:
        """Return a database in which nobody has written yet."""
        if self._free:
            return self._free.pop()
        made = self._create(_name_of(self._template))
        self._made.append(made)
        return made

    def give_back(self, database: PostgresConfig) -> None:
        """Empty a database for the next test; drop one whose tables were changed."""
        if self._contents.restore(database):
            self._free.append(database)
        else:
            self._drop(database)

    def empty(self, database: PostgresConfig) -> None:
        """Empty a database that stays with its taker, and with who is connected to it."""
        assert self._contents.restore(database)

    @contextmanager
    def lent(self) -> Iterator[PostgresConfig]:
        """Lend a database for the block."""
        database = self.take()
        try:
            yield database
        finally:
            self.give_back(database)

    @contextmanager
    def copy_of(self, database: PostgresConfig) -> Iterator[PostgresConfig]:
        """Lend a copy of a database to which nobody is connected, with all its rows."""
        copy = self._create(_name_of(database))
        self._made.append(copy)
        try:
            yield copy
        finally:
            self._drop(copy)

    def close(self) -> None:
        """Drop all that were made."""
        for database in list(self._made):
            self._drop(database)

    def _create(self, template: str) -> PostgresConfig:
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self._stack["DATABASE_URL"], autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return PostgresConfig(self._stack["DATABASE_URL"].rpartition("/")[0] + f"/{name}")

    def _drop(self, database: PostgresConfig) -> None:
        self._made.remove(database)
        name = _name_of(database)
        with psycopg.connect(self._stack["DATABASE_URL"], autocommit=True) as admin:
            try:
                admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            except psycopg.errors.InsufficientPrivilege:
                # An autovacuum worker is at it, which only the plain form ends.
                admin.execute(f'DROP DATABASE "{name}"')


def as_role(stack: Stack, database: PostgresConfig, role: str) -> PostgresConfig:
    """Return a database as one of Keeper's roles beside the owner reaches it."""
    own = load_stack(Layout(Path(stack["KEEPER_RUN_DIR"]).parent), os.environ)
    password = keeper_roles(own)[role]
    return PostgresConfig(
        f"postgresql://{role}:{password}@{database.url.rpartition('@')[2]}",
    )


def _name_of(database: PostgresConfig) -> str:
    return database.url.rpartition("/")[2]


def _copy_out(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor() as cursor, cursor.copy(_copy("COPY {} TO STDOUT", table)) as copy:
        return b"".join(copy)


def _copy_in(connection: psycopg.Connection, table: str, rows: bytes) -> None:
    with connection.cursor() as cursor, cursor.copy(_copy("COPY {} FROM STDIN", table)) as copy:
        copy.write(rows)


def _copy(statement: str, table: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(table))


@pytest.fixture(scope="session")
def databases(stack: Stack) -> Iterator[Databases]:
    """The session's databases."""
    made = Databases(stack)
    yield made
    made.close()


@pytest.fixture
def make_database(databases: Databases) -> Iterator[Callable[[], PostgresConfig]]:
    """Makes migrated databases of the test's own."""
    taken: list[PostgresConfig] = []

    def make() -> PostgresConfig:
        taken.append(databases.take())
        return taken[-1]

    yield make
    for database in taken:
        databases.give_back(database)


@pytest.fixture
def database(make_database: Callable[[], PostgresConfig]) -> PostgresConfig:
    """A migrated database of the test's own."""
    return make_database()


@pytest.fixture
def connection(database: PostgresConfig) -> Iterator[Connection]:
    """A connection to the test's database."""
    with session(database) as connection:
        yield connection
