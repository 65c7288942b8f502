"""Ten thousand alerts at once: none is lost, none comes twice, and the provider is not pressed."""

import pytest

from keeper.stores.postgres.connection import Connection, PostgresConfig
from tests.faults.flood import flood


@pytest.mark.timeout(600)
def test_ten_thousand_alerts_at_once(connection: Connection, database: PostgresConfig) -> None:
    flood(connection, database, users=500)
