"""Notices to the operator, page by page."""

from typing import Final

from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.messages.notices import KnownNotice
from keeper.stores.postgres.row_counts import count_rows

_SQL: Final = "operation_pages"


def notice_page(
    connection: Connection,
    *,
    with_resolved: bool,
    topic: str | None = None,
    before: int | None = None,
    most: int,
) -> list[KnownNotice]:
    """Return notices, the newest first.

    Args:
        connection: Where they are.
        with_resolved: Those that are over too.
        topic: Only about this.
        before: Only those with a smaller number; None for the newest.
        most: How many at most.
    """
    values = {"all": with_resolved, "topic": topic, "before": before, "most": most}
    rows = connection.execute(statements(_SQL)["notice_page"], values)
    return [KnownNotice(**row) for row in rows]


def count_notices(connection: Connection, *, with_resolved: bool, topic: str | None) -> int:
    """Return how many notices there are; see count_rows."""
    values = {"all": with_resolved, "topic": topic, "before": None}
    return count_rows(connection, statements(_SQL)["notice_page"], values)
