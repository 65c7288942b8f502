"""Whether Airflow's own database is there for Airflow's processes."""

from typing import Final

import psycopg

from keeper.errors import TransientError
from keeper.stores.postgres.connection import PostgresConfig, session

# The table is Alembic's. Airflow fills a new database's last, when all others are there.
_REVISION: Final = "SELECT version_num FROM alembic_version"


class AirflowTablesMissingError(TransientError):
    """The database has no tables of Airflow's yet."""


def require_airflow_tables(database: PostgresConfig) -> None:
    """Return if Airflow's tables are there; Airflow itself checks their version.

    Raises:
        AirflowTablesMissingError: They are not.
        DatabaseUnavailableError: PostgreSQL does not answer.
        DatabaseRejectedError: The login or the database is wrong.
    """
    with session(database) as connection:
        try:
            row = connection.execute(_REVISION).fetchone()
        except psycopg.errors.UndefinedTable:
            row = None
    if row is None:
        raise AirflowTablesMissingError(
            "it has no tables of Airflow's yet; run: airflow db migrate"
        )
