"""Rows that the numbers for Prometheus are made from."""

from collections.abc import Mapping
from typing import Any

from keeper.stores.postgres.connection import Connection, statements


def metric_rows(connection: Connection) -> Mapping[str, list[dict[str, Any]]]:
    """Return the rows of each query of sql/queries/metrics.sql, by its name."""
    return {
        name: connection.execute(query).fetchall() for name, query in statements("metrics").items()
    }
