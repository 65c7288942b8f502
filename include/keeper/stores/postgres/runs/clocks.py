"""What was checked by a clock that was ahead, and what Keepa's clock said meanwhile."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "clocks"


@dataclass(frozen=True, slots=True)
class ClockReading:
    """When a key's balance was read last, and how far Keeper's clock was ahead of Keepa's then."""

    read_at: datetime
    ahead: timedelta


@dataclass(frozen=True, slots=True)
class MendedClock:
    """How many rows of each table were set back."""

    series: int
    points: int
    watches: int
    states: int
    products: int
    kinds: int
    deals: int


def clock_readings(connection: Connection, since: datetime) -> list[ClockReading]:
    """Return the latest reading of each key since a moment, the newest first."""
    rows = connection.execute(statements(_SQL)["clock_readings"], {"since": since})
    return [ClockReading(**row) for row in rows]


def series_of_the_future(connection: Connection, after: datetime) -> int:
    """Return how many series were last checked after a moment."""
    row = connection.execute(statements(_SQL)["series_of_the_future"], {"after": after}).fetchone()
    return row["series"] if row else 0


def rows_of_the_future(connection: Connection, after: datetime) -> dict[str, int]:
    """Return how many rows of each table were checked or seen after a moment, where there are any.

    Points are not counted: they are found by their series.
    """
    row = connection.execute(statements(_SQL)["rows_of_the_future"], {"after": after}).fetchone()
    return {name: count for name, count in (row or {}).items() if count}


def set_clocks_back(connection: Connection, at: datetime) -> MendedClock:
    """Give what was checked after a moment that moment as the time of its check.

    Points keep their own times, which are Keepa's. In the caller's transaction.

    Args:
        connection: In a transaction.
        at: Now, by a clock that is right.
    """
    sql = statements(_SQL)
    counts = {
        name: connection.execute(sql[f"set_{name}_back"], {"at": at}).rowcount
        # Points first: they are found by their series.
        for name in ("points", "states", "watches", "products", "kinds", "deals", "series")
    }
    return MendedClock(**counts)
