"""Backups of a database whose server is somebody else's: pg_dump and pg_restore."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from psycopg import sql

from keeper.stores.postgres.backups.programs import Programs, run, without_password
from keeper.stores.postgres.connection import Connection, PostgresConfig, session

_TABLES: Final = """
SELECT c.relname AS name FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment of a database that several sessions see.

    Attributes:
        moment: When it was, by the server's clock.
        name: What PostgreSQL calls it.
        rows: How many rows each table had.
    """

    moment: datetime
    name: str
    rows: dict[str, int]


@contextmanager
def snapshot(config: PostgresConfig) -> Iterator[Snapshot]:
    """Hold a moment of a database for the block."""
    with session(config) as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = connection.execute("SELECT now() AS moment, pg_export_snapshot() AS name").fetchone()
        if row is None:
            raise AssertionError("a SELECT without FROM has a row")
        yield Snapshot(row["moment"], row["name"], rows_of(connection))


def rows_of(connection: Connection) -> dict[str, int]:
    """Count the rows of every table of Keeper's, a partitioned one as a whole."""
    counted = {}
    for table in [row["name"] for row in connection.execute(_TABLES)]:
        query = sql.SQL("SELECT count(*) AS rows FROM {}").format(sql.Identifier("public", table))
        row = connection.execute(query).fetchone()
        counted[table] = row["rows"] if row else 0
    return counted


def dump(
    programs: Programs, config: PostgresConfig, file: Path, *, seen: Snapshot | None = None
) -> None:
    """Write a database to a file of PostgreSQL's custom format, compressed.

    Args:
        programs: PostgreSQL's, as new as the server or newer.
        config: The database.
        file: Where to.
        seen: The moment to write; that of the program's start without one.

    Raises:
        ProgramFailedError: pg_dump failed.
    """
    conninfo, environment = without_password(config.url)
    moment = [] if seen is None else [f"--snapshot={seen.name}"]
    run(
        [
            programs.path_of("pg_dump"),
            f"--dbname={conninfo}",
            *("--format=custom", "--no-password", "--lock-wait-timeout=60s", *moment),
            f"--file={file}",
        ],
        environment,
    )


def restore(programs: Programs, config: PostgresConfig, file: Path) -> None:
    """Read a database from a file, whole or not at all; it must hold none of its tables.

    Everything belongs to the login that restores it: owners of another server may not exist here.

    Raises:
        ProgramFailedError: pg_restore failed, and changed nothing.
    """
    conninfo, environment = without_password(config.url)
    run(
        [
            programs.path_of("pg_restore"),
            f"--dbname={conninfo}",
            *("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"),
            *("--no-password", str(file)),
        ],
        environment,
    )
