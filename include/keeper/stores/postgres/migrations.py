"""Brings the database to the schema this version needs, by `sql/migrations/`."""

from urllib.parse import urlsplit, urlunsplit

from yoyo import get_backend, read_migrations

from keeper.stores.postgres.connection import SQL_DIR, PostgresConfig, connect


def migrate(config: PostgresConfig) -> list[str]:
    """Apply the migrations that are missing, one transaction each, and return their names.

    Two processes may call it at once: the second waits for the first.

    Raises:
        DatabaseUnavailableError: PostgreSQL does not answer.
        DatabaseRejectedError: The login or the database is wrong.
    """
    # Asked first because its errors name the remedy, which the migration library's do not.
    connect(config).close()
    url = urlsplit(config.url)
    backend = get_backend(urlunsplit(url._replace(scheme="postgresql+psycopg")))
    try:
        migrations = read_migrations(str(SQL_DIR / "migrations"))
        with backend.lock():
            missing = backend.to_apply(migrations)
            backend.apply_migrations(missing)
            return [migration.id for migration in missing]
    finally:
        backend.connection.close()
