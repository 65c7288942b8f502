"""Counting trends from the points that are stored; docs/TRENDS.md defines every figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from keeper.domain.prices.landed import LANDED_SINCE, LANDED_TYPES
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "trends"
Span = Literal["6h", "day", "movers"]
LASTING: Final = {"6h": timedelta(hours=6), "day": timedelta(days=1)}
"""How long a window of a span is."""
HOURS_KEPT: Final = timedelta(days=400)
"""For how long windows of six hours and movers are kept; days stay."""
_LATE_HOURS: Final = timedelta(days=35)
"""Windows of six hours, and movers, are not counted again for points older than that."""
_LATE_DAYS: Final = timedelta(days=400)
_EARLY: Final = timedelta(days=2)
"""No point that loaders store lies further in the future."""
_DEALS_SEEN: Final = timedelta(days=8)
"""A day longer than Kafka keeps a deal that is not stored yet."""
_SETTINGS: Final = """
SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL enable_seqscan = off
"""
"""Few series' points and days by their index, also while nobody has counted how many there are."""
_LANDED: Final = {
    "landed_types": list(LANDED_TYPES),
    "landed_since": LANDED_SINCE,
    "landed_day": LANDED_SINCE.date(),
}


@dataclass(frozen=True, slots=True)
class DueWindow:
    """A window that is to be counted.

    Attributes:
        span: Which sort of window; `movers` is a day's movers.
        started_at: When it begins.
    """

    span: Span
    started_at: datetime


def mark_changed(connection: Connection, at: datetime) -> None:
    """Mark the windows of points and deals that have come or changed since the last time."""
    values = {
        "since": at - _LATE_DAYS,
        "hours_since": at - _LATE_HOURS,
        "latest": at + _EARLY,
        "seen_since": at - _DEALS_SEEN,
    }
    with connection.transaction():
        connection.execute(_SETTINGS)
        for statement in ("due_from_changes", "due_from_deals"):
            connection.execute(statements(_SQL)[statement], values)


def mark_between(connection: Connection, since: datetime, until: datetime) -> None:
    """Mark all windows that end after `since` and not after `until`, and their days' movers."""
    connection.execute(statements(_SQL)["due_between"], {"since": since, "until": until})


def due_windows(connection: Connection, at: datetime) -> list[DueWindow]:
    """Return the marked windows that can be counted at a moment, the oldest first."""
    rows = connection.execute(statements(_SQL)["due_windows"], {"at": at})
    return [DueWindow(**row) for row in rows]


def count_windows(connection: Connection, windows: Sequence[DueWindow]) -> int:
    """Count windows of one day anew and return how many stored rows were not as they are now.

    They are no longer marked then. An interruption leaves all as it was.
    """
    sql = statements(_SQL)
    changed = 0
    with connection.transaction():
        connection.execute(_SETTINGS)
        taken = {
            "spans": [window.span for window in windows],
            "starts": [window.started_at for window in windows],
        }
        # Before they are counted: who marks one meanwhile marks it for the next time.
        connection.execute(sql["take_due"], taken)
        for span in LASTING:
            changed += _count(connection, span, [w.started_at for w in windows if w.span == span])
        days = [_day(window) for window in windows if window.span == "day"]
        connection.execute(sql["remove_bases"], {"days": days})
        connection.execute(sql["add_bases"], {"days": days})
        for window in windows:
            if window.span == "movers":
                day = {"day": _day(window)}
                connection.execute(sql["remove_movers"], day)
                connection.execute(sql["add_movers"], day | _LANDED)
    return changed


def forget_old(connection: Connection, at: datetime) -> None:
    """Delete windows of six hours and movers that are older than HOURS_KEPT."""
    connection.execute(statements(_SQL)["forget_old"], {"before": at - HOURS_KEPT})


def _count(connection: Connection, span: str, starts: Sequence[datetime]) -> int:
    if not starts:
        return 0
    (row,) = connection.execute(
        statements(_SQL)["count_windows"],
        {
            "span": span,
            "starts": starts,
            "lasting": LASTING[span],
            "first": min(starts),
            "last": max(starts) + LASTING[span],
            **_LANDED,
        },
    ).fetchall()
    changed: int = row["gone"] + row["stored"]
    return changed


def _day(window: DueWindow) -> date:
    return window.started_at.astimezone(UTC).date()
