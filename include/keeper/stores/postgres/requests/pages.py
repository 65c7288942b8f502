"""Requests for the console: only those its user may see."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from keeper.domain.requests import ListedRequest, RequestKind, RequestState
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.row_counts import count_rows
from keeper.stores.postgres.users.visibility import Visibility

_SQL: Final = "requests"


def request_page(
    connection: Connection,
    visibility: Visibility,
    kinds: Collection[RequestKind],
    *,
    states: Collection[RequestState] | None = None,
    before: int | None = None,
    most: int,
) -> list[ListedRequest]:
    """Return requests, the newest first.

    Args:
        connection: Where they are.
        visibility: Whose.
        kinds: Of which kinds.
        states: In which states; None for all.
        before: Only those with a smaller number; None for the newest.
        most: How many at most.
    """
    values = {**_wanted(visibility, kinds, states), "before": before, "most": most}
    return [_listed(row) for row in connection.execute(statements(_SQL)["page"], values)]


def count_requests(
    connection: Connection,
    visibility: Visibility,
    kinds: Collection[RequestKind],
    *,
    states: Collection[RequestState] | None,
) -> int:
    """Return how many requests there are; see count_rows."""
    values = {**_wanted(visibility, kinds, states), "before": None}
    return count_rows(connection, statements(_SQL)["page"], values)


def find_request(
    connection: Connection,
    visibility: Visibility,
    kinds: Collection[RequestKind],
    request_id: int,
) -> ListedRequest | None:
    """Return a request; None if there is none, or none of these kinds that may be seen."""
    values = {
        "owner": visibility.owner_id,
        "kinds": [kind.value for kind in kinds],
        "states": None,
        "request_id": request_id,
        "before": None,
        "most": 1,
    }
    row = connection.execute(statements(_SQL)["page"], values).fetchone()
    return None if row is None else _listed(row)


def cancel_request(
    connection: Connection,
    visibility: Visibility,
    kinds: Collection[RequestKind],
    request_id: int,
    at: datetime,
) -> bool:
    """Cancel a request that waits, ask the worker of one that runs to break it off.

    Returns:
        False if it has ended already, or may not be seen.
    """
    values = {
        "owner": visibility.owner_id,
        "kinds": [kind.value for kind in kinds],
        "request_id": request_id,
        "now": at,
    }
    return connection.execute(statements(_SQL)["cancel"], values).fetchone() is not None


def _wanted(
    visibility: Visibility,
    kinds: Collection[RequestKind],
    states: Collection[RequestState] | None,
) -> dict[str, Any]:
    return {
        "owner": visibility.owner_id,
        "kinds": [kind.value for kind in kinds],
        "states": None if states is None else [state.value for state in states],
        "request_id": None,
    }


def _listed(row: dict[str, Any]) -> ListedRequest:
    return ListedRequest(
        **row | {"kind": RequestKind(row["kind"]), "state": RequestState(row["state"])}
    )
