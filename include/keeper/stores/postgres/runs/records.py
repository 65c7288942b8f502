"""Rows of `token_ledger` and `pipeline_runs` for the search that mirrors them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from keeper.domain.runs.records import RunRecord, TokenRecord
from keeper.domain.runs.states import RequestState, RunState
from keeper.stores.postgres.connection import Connection, statements

Table = Literal["token_ledger", "pipeline_runs"]
_SQL: Final = "records"
_ROWS: Final = 5_000


class Counted(NamedTuple):
    """How many there are, and when PostgreSQL was read."""

    number: int
    read_at: datetime


def token_records(
    connection: Connection, since: datetime | None = None
) -> Iterator[list[TokenRecord]]:
    """Yield the requests that were made or had their outcome at `since` or later; all if None.

    They come some thousands at a time.
    """
    for rows in _pages(connection, "token_ledger", "request_id", 0, since):
        yield [TokenRecord(**row | {"state": RequestState(row["state"])}) for row in rows]


def run_records(connection: Connection, since: datetime | None = None) -> Iterator[list[RunRecord]]:
    """Yield runs begun or ended at `since` or later, and those that last; all if None."""
    for rows in _pages(connection, "pipeline_runs", "run_id", "", since):
        yield [RunRecord(**row | {"state": RunState(row["state"])}) for row in rows]


def ids_before(connection: Connection, table: Table, before: datetime) -> set[str]:
    """Return the ids of requests made, or runs begun, before a moment."""
    rows = connection.execute(statements(_SQL)[f"ids_of_{table}"], {"before": before})
    return {row["id"] for row in rows}


def number_before(connection: Connection, table: Table, before: datetime) -> Counted:
    """Return how many requests were made, or runs begun, before a moment."""
    statement = statements(_SQL)[f"number_of_{table}"]
    (row,) = connection.execute(statement, {"before": before}).fetchall()
    return Counted(**row)


def _pages(
    connection: Connection, table: Table, key: str, after: int | str, since: datetime | None
) -> Iterator[list[dict[str, Any]]]:
    statement = statements(_SQL)[f"page_of_{table}"]
    while rows := connection.execute(
        statement, {"after": after, "since": since, "rows": _ROWS}
    ).fetchall():
        yield rows
        after = rows[-1][key]
