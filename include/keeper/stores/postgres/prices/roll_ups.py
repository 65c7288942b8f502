"""Keeping daily roll-ups and statistics of prices up to the points that have come."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from keeper.domain.prices.landed import CONFIRMED_AFTER, LANDED_SINCE, LANDED_TYPES
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "roll_ups"
_SERIES: Final = 50
"""Loaders that meet one of them wait meanwhile."""
_SETTINGS: Final = """
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off;
SET LOCAL jit = off; SET LOCAL work_mem = '64MB'
"""
"""Some series' points by their index, also while nobody has counted how many points there are."""
_STALE_AFTER: Final = timedelta(hours=20)
_LANDED: Final = {
    "landed_since": LANDED_SINCE,
    "landed_types": list(LANDED_TYPES),
    "confirmed_after": CONFIRMED_AFTER,
}
"""Which series' prices began to include shipping, and when."""


@dataclass(frozen=True, slots=True)
class RolledUp:
    """What was brought up to date.

    Attributes:
        series: Series with points that had come or changed.
        days: Rows of price_days made for them.
        statistics: Further series whose averages had moved with time.
    """

    series: int
    days: int
    statistics: int


def roll_up(
    connection: Connection,
    *,
    at: datetime,
    progress: Callable[[int, int], None] = lambda done, due: None,
) -> RolledUp:
    """Bring `price_days` and `price_statistics` up to what has come or changed since the last time.

    Some series at a time, each in a transaction of its own, so that loaders wait for a moment only
    and an interruption loses nothing. Running it again does nothing. Of points that came by other
    means than the loaders, those later than a series' newest one are found too.

    Args:
        connection: Outside a transaction.
        at: Now: averages reach up to it.
        progress: Called with how many series are done and how many are due.
    """
    sql = statements(_SQL)
    since = _one(connection, "points_since")["since"]
    connection.execute(sql["mend_series"])
    due = _one(connection, "count_due")["due"]
    series, days = 0, 0
    while True:
        with connection.transaction():
            connection.execute(_SETTINGS)
            rows = connection.execute(sql["due_series"], {"series": _SERIES}).fetchall()
            if not rows:
                break
            ids = [row["series_id"] for row in rows]
            which = {
                "series_ids": ids,
                "days": [_first_day(row["due_from"], since) for row in rows],
            }
            connection.execute(sql["remove_days"], which)
            days += connection.execute(sql["add_days"], which).rowcount
            _reckon(connection, ids, at, since)
            connection.execute(sql["keep_changes"], which)
            connection.execute(sql["mark_rolled_up"], which)
        series += len(rows)
        progress(series, max(due, series))
    return RolledUp(series, days, _refresh_statistics(connection, at, since))


def _refresh_statistics(connection: Connection, at: datetime, since: datetime) -> int:
    """Reckon anew what has moved with time alone."""
    after, refreshed = 0, 0
    while rows := connection.execute(
        statements(_SQL)["stale_series"],
        {"before": at - _STALE_AFTER, "at": at, "after": after, "series": _SERIES, **_LANDED},
    ).fetchall():
        ids = [row["series_id"] for row in rows]
        with connection.transaction():
            connection.execute(_SETTINGS)
            _reckon(connection, ids, at, since)
        after, refreshed = ids[-1], refreshed + len(ids)
    return refreshed


def _reckon(connection: Connection, ids: list[int], at: datetime, since: datetime) -> None:
    connection.execute(
        statements(_SQL)["reckon_statistics"],
        {"series_ids": ids, "at": at, "points_since": since, **_LANDED},
    )


def _first_day(due_from: datetime, since: datetime) -> date:
    """Return the day to begin with: days whose points have been dropped stay as they are."""
    return max(due_from, since).astimezone(UTC).date()


def _one(connection: Connection, statement: str) -> dict[str, Any]:
    (row,) = connection.execute(statements(_SQL)[statement]).fetchall()
    return row
