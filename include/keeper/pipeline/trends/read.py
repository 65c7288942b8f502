"""Trends for whoever asks: groups are everybody's, movers only those of products one may see.

A row of a group rests on a number of products, says which, and is not shown below the floor: what
one user watches is theirs, and cannot be read from it.
"""

from datetime import date

from keeper.domain.users.access import Account
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.trends.rows import (
    Group,
    IndexDay,
    Mover,
    PageKey,
    Scope,
    TrendRow,
    index_days,
    movers_of,
    trend_page,
)
from keeper.stores.postgres.trends.windows import LASTING
from keeper.stores.postgres.users.visibility import visible_to

__all__ = [
    "LASTING",
    "Group",
    "IndexDay",
    "Mover",
    "PageKey",
    "Scope",
    "TrendRow",
    "index_days",
    "movers_for",
    "trend_page",
]


def movers_for(
    connection: Connection,
    *,
    account: Account,
    day: date,
    domain: str | None,
    price_type: str,
    least_z: float,
    most: int,
) -> list[Mover]:
    """Return the products a user may see whose price of a day is farthest from their usual one."""
    return movers_of(
        connection,
        visible_to(account),
        day=day,
        domain=domain,
        price_type=price_type,
        least_z=least_z,
        most=most,
    )
