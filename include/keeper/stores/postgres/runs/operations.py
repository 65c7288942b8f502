"""What an operator wants to know of prices and tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "operations"


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
    """How many products are watched, how many of them nobody has checked lately, and since when."""

    watched: int
    stale: int
    oldest: datetime | None


def latest_price_run(connection: Connection) -> LatestPriceRun | None:
    """Return the price run that was planned last; None before the first."""
    row = connection.execute(statements(_SQL)["latest_price_run"]).fetchone()
    return LatestPriceRun(**row) if row else None


def staleness(connection: Connection, before: datetime) -> Staleness:
    """Return how many watched products were last checked before a moment."""
    (row,) = connection.execute(statements(_SQL)["stale_products"], {"before": before}).fetchall()
    return Staleness(**row)


@dataclass(frozen=True, slots=True)
class ServerState:
    """PostgreSQL's version, whether it only follows another server, and how many active watches."""

    version: str
    is_standby: bool
    watched: int


def server_state(connection: Connection) -> ServerState:
    """Return what the server says of itself, and the number of active watches."""
    (row,) = connection.execute(statements(_SQL)["server_state"]).fetchall()
    return ServerState(**row)
