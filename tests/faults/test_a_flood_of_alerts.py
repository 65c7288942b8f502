"""A thousand alerts at once: none is lost, none comes twice, and the provider is not pressed."""

from keeper.stores.postgres.connection import Connection, PostgresConfig
from tests.faults.flood import flood


def test_a_thousand_alerts_at_once(connection: Connection, database: PostgresConfig) -> None:
    flood(connection, database, users=50)
