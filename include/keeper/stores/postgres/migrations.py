"""Brings the database to the schema this version needs, by `sql/migrations/`."""

from typing import Final
from urllib.parse import urlsplit, urlunsplit

from yoyo import get_backend, read_migrations

from keeper.stores.postgres.analytics.views import install_analytics
from keeper.stores.postgres.connection import (
    SQL_DIR,
    Connection,
    PostgresConfig,
    connect,
    translated_errors,
)

_LOCK: Final = 0x6B656570
"""Number of the advisory lock; any that nothing else in the database uses."""


def migrate(config: PostgresConfig) -> list[str]:
    """Apply the migrations that are missing, one transaction each, and return their names.

    The views and functions for analysts are replaced when they have changed.

    Two processes may call it at once: the second waits for the first.

    Raises:
        DatabaseUnavailableError: PostgreSQL does not answer.
        DatabaseRejectedError: The login or the database is wrong.
    """
    # Its errors name the remedy, and PostgreSQL frees its lock when the process dies; the migration
    # library's own lock is a row that a killed process leaves behind.
    with connect(config) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        done = _migrate(config)
        if install_analytics(guard, anew=bool(done)):
            done.append("analytics")
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


def _migrate(config: PostgresConfig) -> list[str]:
    url = urlsplit(config.url)
    backend = get_backend(urlunsplit(url._replace(scheme="postgresql+psycopg")))
    try:
        migrations = read_migrations(str(SQL_DIR / "migrations"))
        missing = backend.to_apply(migrations)
        backend.apply_migrations(missing)
        return [migration.id for migration in missing]
    finally:
        backend.connection.close()
