"""What each user may have and do, and how much of it they have used, in PostgreSQL."""

from datetime import datetime, timedelta
from typing import Final

from keeper.domain.users.limits import Limit
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "limits"


def own_limits(connection: Connection, user_id: int) -> dict[Limit, int | None]:
    """Return what an operator has set for a user; None for no limit."""
    rows = connection.execute(statements(_SQL)["own_limits"], {"user_id": user_id})
    known = set(Limit)
    return {Limit(row["name"]): row["most"] for row in rows if row["name"] in known}


def set_own_limit(connection: Connection, user_id: int, limit: Limit, most: int | None) -> None:
    """Set a limit of one user; None for no limit."""
    values = {"user_id": user_id, "name": limit.value, "most": most}
    connection.execute(statements(_SQL)["set_limit"], values)


def unset_own_limit(connection: Connection, user_id: int, limit: Limit) -> None:
    """Give one user the settings' limit again."""
    values = {"user_id": user_id, "name": limit.value}
    connection.execute(statements(_SQL)["unset_limit"], values)


def add_use(
    connection: Connection,
    user_id: int,
    limit: Limit,
    amount: int,
    *,
    at: datetime,
    span: timedelta,
) -> tuple[datetime, int]:
    """Add to what a user has used, and return since when, and how much it is with that.

    Rolled back with its transaction, it has not been used.
    """
    values = {
        "user_id": user_id,
        "name": limit.value,
        "amount": amount,
        "at": at,
        "span": span,
    }
    (row,) = connection.execute(statements(_SQL)["use_limit"], values).fetchall()
    return row["since"], row["used"]


def used_limits(connection: Connection, user_id: int) -> dict[Limit, tuple[datetime, int]]:
    """Return since when a user has used how much of what is limited by the hour or the day."""
    rows = connection.execute(statements(_SQL)["used_limits"], {"user_id": user_id})
    known = set(Limit)
    return {Limit(row["name"]): (row["since"], row["used"]) for row in rows if row["name"] in known}


def count_deal_filters(connection: Connection, user_id: int) -> int:
    """Return how many deal filters a user has, removed ones left out."""
    found = connection.execute(statements(_SQL)["count_deal_filters"], {"user_id": user_id})
    (row,) = found.fetchall()
    return int(row["number"])


def count_watches(connection: Connection, user_id: int) -> int:
    """Return how many watches a user has, removed ones left out."""
    (row,) = connection.execute(statements(_SQL)["count_watches"], {"user_id": user_id}).fetchall()
    return int(row["number"])
