"""Bringing trends up to the points and deals that have come."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from keeper.domain.intervals import Interval
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.exclusive import exclusive
from keeper.stores.postgres.prices.roll_ups import roll_up
from keeper.stores.postgres.trends.windows import (
    DueWindow,
    count_windows,
    due_windows,
    forget_old,
    mark_between,
    mark_changed,
    reach,
)


@dataclass(frozen=True, slots=True)
class TrendsUpdated:
    """What an update did.

    Attributes:
        series: Series whose points had come or changed, and were rolled up first.
        windows: Windows counted, days' movers included.
        rows: Rows of price_trends that were not as they are now.
    """

    series: int
    windows: int
    rows: int


def update_trends(
    connection: Connection,
    *,
    at: datetime,
    interval: Interval | None = None,
    progress: Callable[[int, int], None] = lambda done, due: None,
) -> TrendsUpdated:
    """Count the windows anew that something has come for or changed in; again does nothing.

    Which they are is known from the changed points and deals, however late these came, and stands
    in a table until they are counted, a day at a time: an interruption loses nothing. Windows are
    counted once they have ended, movers of a day from its beginning on.

    Args:
        connection: Outside a transaction.
        at: Now.
        interval: Also the windows that end in it, changed or not.
        progress: Called with how many windows are done and how many are due.

    Raises:
        AlreadyRunningError: Another process counts now.
    """
    with exclusive(connection, "counting trends"):
        return _update(connection, at, interval, progress)


def _update(
    connection: Connection,
    at: datetime,
    interval: Interval | None,
    progress: Callable[[int, int], None],
) -> TrendsUpdated:
    rolled_up = roll_up(connection, at=at)
    reached = reach(connection)
    mark_changed(connection, at, reached)
    if interval is not None:
        mark_between(connection, interval.since, min(interval.until, at))
    due = due_windows(connection, at, reached)
    done = rows = 0
    for _, day in groupby(due, _day_of):
        windows = list(day)
        rows += count_windows(connection, windows, reached)
        done += len(windows)
        progress(done, len(due))
    forget_old(connection, at, reached)
    return TrendsUpdated(rolled_up.series, done, rows)


def _day_of(window: DueWindow) -> datetime:
    return window.started_at.astimezone(UTC).replace(hour=0)
