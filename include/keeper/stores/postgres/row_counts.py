"""How many rows a list has in all: its page's own statement, counted up to a limit."""

from collections.abc import Mapping
from typing import Any, Final, LiteralString

from psycopg import sql

from keeper.stores.postgres.connection import Connection, statements

MOST_COUNTED: Final = 10_001
"""More are not counted: one more than 10,000 says that there are more."""


def count_rows(
    connection: Connection,
    page: LiteralString,
    values: Mapping[str, Any],
    *,
    most: int = MOST_COUNTED,
) -> int:
    """Return how many rows a list has, `most` at most.

    Args:
        connection: Where they are.
        page: The statement that returns a page of them, as many as its value `most` says. What it
            selects is not computed, as nothing reads it.
        values: Those of its first page.
        most: More are not counted.
    """
    statement = sql.SQL(statements("row_counts")["count_rows"]).format(page=sql.SQL(page))
    (row,) = connection.execute(statement, {**values, "most": most}).fetchall()
    rows: int = row["rows"]
    return rows
