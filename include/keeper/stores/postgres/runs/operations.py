"""What an operator wants to know of prices and tokens."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.domain.prices.detail import Detail
from keeper.domain.prices.types import PRICE_TYPES
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "operations"
_OF_OFFERS: Final = [p.name for p in PRICE_TYPES if p.detail is Detail.OFFERS]


@dataclass(frozen=True, slots=True)
class LatestPriceRun:
    """The price run planned last, and how many products it leaves for want of tokens."""

    run_id: str
    products_planned: int
    products_postponed: int
    tokens_left: int | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Staleness:
    """How many products are watched, and how many of them nobody has looked at lately.

    Attributes:
        watched: All of them.
        unchecked: Those that Keeper has not checked lately.
        oldest_check: The oldest of their checks; None without one.
        unseen: Of the others those that Keepa itself had not looked at for long when it was asked.
        oldest_look: The oldest of its looks at them; None without one.
    """

    watched: int
    unchecked: int
    oldest_check: datetime | None
    unseen: int
    oldest_look: datetime | None


def latest_price_run(connection: Connection) -> LatestPriceRun | None:
    """Return the price run that was planned last; None before the first."""
    row = connection.execute(statements(_SQL)["latest_price_run"]).fetchone()
    return LatestPriceRun(**row) if row else None


def staleness(
    connection: Connection, before: datetime, offers_before: datetime, old_after: timedelta
) -> Staleness:
    """Return how many watched products are stale; those Keepa does not know are none of them.

    Args:
        connection: Where the watch list is.
        before: What was last checked before this moment is stale.
        offers_before: The same for price types that come with the offers.
        old_after: So is what Keepa had not looked at for so long when it was asked.
    """
    asked = {
        "before": before,
        "offers_before": offers_before,
        "of_offers": _OF_OFFERS,
        "old_after": old_after,
    }
    (row,) = connection.execute(statements(_SQL)["stale_products"], asked).fetchall()
    return Staleness(**row)


@dataclass(frozen=True, slots=True)
class ServerState:
    """PostgreSQL's version, whether it takes no writes, and how many active watches."""

    version: str
    is_read_only: bool
    watched: int


def server_state(connection: Connection) -> ServerState:
    """Return what the server says of itself, and the number of active watches."""
    (row,) = connection.execute(statements(_SQL)["server_state"]).fetchall()
    return ServerState(**row)
