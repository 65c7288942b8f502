"""Rows that the numbers for Prometheus are made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "metrics"


@dataclass(frozen=True, slots=True)
class WaitingMessages:
    """Messages that wait for one kind of channel.

    Attributes:
        kind: The kind.
        messages: How many.
        held: How many of them their readers hold back still.
        due_at: Since when the first of them is due; None if none is.
    """

    kind: str
    messages: int
    held: int
    due_at: datetime | None


def waiting_messages(connection: Connection) -> list[WaitingMessages]:
    """Return what waits, by kind of channel; nothing of a kind for which none waits."""
    rows = connection.execute(statements(_SQL)["waiting_messages"])
    return [WaitingMessages(**row) for row in rows]


def metric_rows(connection: Connection) -> Mapping[str, list[dict[str, Any]]]:
    """Return the rows of each query of sql/queries/metrics.sql, by its name."""
    return {name: connection.execute(query).fetchall() for name, query in statements(_SQL).items()}
