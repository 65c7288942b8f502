"""Connections to Keeper's database and the SQL kept beside the code."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg.rows import DictRow, dict_row

from keeper.errors import TerminalError, TransientError

SQL_DIR: Final = Path(__file__).resolve().parents[4] / "sql"
Connection = psycopg.Connection[DictRow]


@dataclass(frozen=True, slots=True, repr=False)
class PostgresConfig:
    """Where PostgreSQL is; `url` holds the password and is left out of the repr.

    Attributes:
        url: A libpq connection URI.
        application: What the server calls the session.
        setting: The setting the URL comes from, which errors name.
        connect_timeout_s: How long to wait for a connection, two seconds or more.
        statement_timeout_s: How long a statement may take; None for as long as it does.
    """

    url: str
    application: str = "keeper"
    setting: str = "DATABASE_URL"
    connect_timeout_s: int = 10
    statement_timeout_s: int | None = None

    def __repr__(self) -> str:
        """Name the type only."""
        return "PostgresConfig(…)"


class DatabaseUnavailableError(TransientError):
    """PostgreSQL cannot be reached, is starting, or ended the work for a passing reason."""


class StatementCanceledError(DatabaseUnavailableError):
    """PostgreSQL answers, but a statement took longer, or waited longer for a lock, than it may."""


class SchemaMissingError(TransientError):
    """The database lacks a table or column of this version: it is not migrated yet."""


class DatabaseRejectedError(TerminalError):
    """PostgreSQL refuses the login, or there is no such database."""


_PASSING: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    # A server that has become another's copy, and one that ends sessions which idle.
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
)
_CANCELED: Final = (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)
_UNMIGRATED: Final = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn)
_REFUSED_LOGIN: Final = ("password authentication failed", "does not exist", "no password supplied")


def _is_stale_plan(error: Exception) -> bool:
    """Return whether a migration has changed a table that a prepared statement reads.

    The next session prepares it anew. PostgreSQL's source names it in every language.
    """
    return (
        isinstance(error, psycopg.errors.FeatureNotSupported)
        and error.diag.source_function == "RevalidateCachedQuery"
    )


def connect(config: PostgresConfig, *, options: str = "") -> Connection:
    """Open a connection outside any transaction, in UTC, with rows as dicts.

    A server that has gone without a word is given up after about a minute.

    Args:
        config: Where PostgreSQL is.
        options: Further settings of the session, as `-c name=value …`.

    Raises:
        DatabaseUnavailableError: PostgreSQL does not answer.
        DatabaseRejectedError: The login or the database is wrong.
    """
    if config.statement_timeout_s is not None:
        options = f"-c statement_timeout={config.statement_timeout_s}s {options}"
    try:
        return psycopg.connect(
            config.url,
            row_factory=dict_row,
            autocommit=True,
            connect_timeout=config.connect_timeout_s,
            keepalives_idle=20,
            keepalives_interval=10,
            keepalives_count=3,
            tcp_user_timeout=60_000,
            application_name=config.application,
            options=f"-c timezone=UTC {options}",
        )
    except psycopg.OperationalError as error:
        text = " ".join(str(error).split())
        if any(sign in text for sign in _REFUSED_LOGIN):
            raise DatabaseRejectedError(f"{text}; check {config.setting}") from None
        raise DatabaseUnavailableError(
            f"PostgreSQL does not answer: {text}; check that it runs and {config.setting}"
        ) from None
    except psycopg.ProgrammingError:
        # Its text would quote the part it cannot read, which may be the password.
        raise DatabaseRejectedError(
            f"{config.setting} cannot be read; percent-encode special characters of the password"
        ) from None


def is_of_database(connection: Connection, error: Exception) -> bool:
    """Return whether an error is about the database as a whole, not about what was asked of it.

    A statement that took too long is about what was asked, if the session goes on.
    """
    if connection.closed or isinstance(error, _UNMIGRATED) or _is_stale_plan(error):
        return True
    return isinstance(error, _PASSING) and not isinstance(error, psycopg.errors.QueryCanceled)


def require_writable(connection: Connection) -> None:
    """See that the server takes writes; a standby and a read-only one let everybody in.

    Raises:
        DatabaseUnavailableError: It does not.
    """
    row = connection.execute("SHOW transaction_read_only").fetchone()
    if row and row["transaction_read_only"] == "on":
        raise DatabaseUnavailableError(
            "PostgreSQL takes no writes: it is a standby, or read-only by a setting"
        )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn psycopg's passing errors, and a schema not migrated, into Keeper's."""
    try:
        yield
    except _UNMIGRATED as error:
        raise SchemaMissingError(f"{error.diag.message_primary}; run: keeper migrate") from error
    except psycopg.Error as error:
        if not isinstance(error, _PASSING) and not _is_stale_plan(error):
            raise
        text = str(error).strip() or type(error).__name__
        is_canceled = isinstance(error, _CANCELED)
        kind = StatementCanceledError if is_canceled else DatabaseUnavailableError
        raise kind(text.splitlines()[0]) from error


@contextmanager
def session(config: PostgresConfig, *, options: str = "") -> Iterator[Connection]:
    """Open a connection for the block, close it after, and translate errors into Keeper's.

    Args:
        config: Where PostgreSQL is.
        options: Further settings of the session; see `connect`.
    """
    with translated_errors(), connect(config, options=options) as connection:
        yield connection


@cache
def statements(name: str) -> dict[str, LiteralString]:
    """Return the statements of `sql/queries/<name>.sql`, each headed by a line `-- name: …`.

    Raises:
        FileNotFoundError: There is no such file: the installation is incomplete.
    """
    text = (SQL_DIR / "queries" / f"{name}.sql").read_text(encoding="utf-8")
    blocks = text.split("-- name: ")[1:]
    pairs = (block.partition("\n") for block in blocks)
    return {head.strip(): body.strip() for head, _, body in pairs}
