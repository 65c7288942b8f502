"""Brings the database to the schema this version needs, by `sql/migrations/`."""

from typing import Final
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict
from yoyo import get_backend, read_migrations

from keeper.stores.postgres.access import grant_access
from keeper.stores.postgres.analytics.views import install_analytics
from keeper.stores.postgres.connection import (
    SQL_DIR,
    Connection,
    PostgresConfig,
    SchemaMissingError,
    connect,
    translated_errors,
)
from keeper.stores.postgres.lock_waits import GIVES_UP_AFTER_S, LOCK_TIMEOUT, retried

_LOCK: Final = 0x6B656570
"""Number of the advisory lock; any that nothing else in the database uses."""


def migrate(config: PostgresConfig, *, gives_up_after_s: float = GIVES_UP_AFTER_S) -> list[str]:
    """Apply the migrations that are missing, one transaction each, and return their names.

    The views and functions for analysts are replaced when they have changed. The roles that there
    are beside the owner get their rights.

    Two processes may call it at once: the second waits for the first. A migration that would wait
    for a lock is rolled back and tried again, so that nobody waits behind it.

    Args:
        config: Where the database is.
        gives_up_after_s: For so long is tried what others hold up: migrations, and then the views.

    Raises:
        LockedOutError: Others use the tables all that time; what was applied before stays.
        DatabaseUnavailableError: PostgreSQL does not answer.
        DatabaseRejectedError: The login or the database is wrong.
    """
    # Its errors name the remedy, and PostgreSQL frees its lock when the process dies; the migration
    # library's own lock is a row that a killed process leaves behind.
    with connect(config) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        # Each attempt goes on behind the migrations that are applied.
        before = set(_applied(guard))
        retried(lambda: _migrate(config), "a migration", guard, gives_up_after_s=gives_up_after_s)
        done = [name for name in _applied(guard) if name not in before]
        is_changed = retried(
            lambda: install_analytics(guard, anew=bool(done)),
            "replacing the views for analysts",
            guard,
            gives_up_after_s=gives_up_after_s,
        )
        if is_changed:
            done.append("analytics")
        grant_access(guard)
        return done


def missing_migrations(connection: Connection) -> list[str]:
    """Return the names of the migrations that are still to be applied; changes nothing.

    Raises:
        SchemaMissingError: None has ever been applied.
    """
    applied = set(applied_migrations(connection))
    return [name for name in known_migrations() if name not in applied]


def applied_migrations(connection: Connection) -> list[str]:
    """Return the names of the migrations a database has, in their order.

    Raises:
        SchemaMissingError: None has ever been applied.
    """
    with translated_errors():
        rows = connection.execute("SELECT migration_id FROM _yoyo_migration").fetchall()
    return sorted(row["migration_id"] for row in rows)


def known_migrations() -> list[str]:
    """Return the names of the migrations of this version, in their order."""
    return sorted(one.id for one in read_migrations(str(SQL_DIR / "migrations")))


def _applied(connection: Connection) -> list[str]:
    try:
        return applied_migrations(connection)
    except SchemaMissingError:
        return []


def _migrate(config: PostgresConfig) -> None:
    backend = get_backend(_address(config))
    try:
        backend.apply_migrations(backend.to_apply(read_migrations(str(SQL_DIR / "migrations"))))
    finally:
        backend.connection.close()


def _address(config: PostgresConfig) -> str:
    """Return what yoyo connects by: all of it in the query, for elsewhere it reads one host."""
    given = conninfo_to_dict(config.url)
    options = f"{given.pop('options', '')} -c timezone=UTC -c lock_timeout={LOCK_TIMEOUT}"
    given |= {"options": options.strip(), "application_name": "keeper migrate"}
    given.setdefault("connect_timeout", config.connect_timeout_s)
    return f"postgresql+psycopg:///?{urlencode(given, quote_via=quote)}"
