"""Rows that the numbers for Prometheus are made from."""

from collections.abc import Mapping
from typing import Any, Final

from keeper.stores.postgres.connection import Connection, statements

QUERIES: Final = (
    "waiting_messages",
    "deliveries_of_an_hour",
    "balances",
    "tokens_of_an_hour",
    "last_runs",
    "last_comparisons",
    "open_notices",
)


def metric_rows(connection: Connection) -> Mapping[str, list[dict[str, Any]]]:
    """Return the rows of each query of sql/queries/metrics.sql, by its name."""
    known = statements("metrics")
    return {name: connection.execute(known[name]).fetchall() for name in QUERIES}
