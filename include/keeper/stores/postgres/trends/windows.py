"""Counting trends from the points that are stored; docs/TRENDS.md defines every figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

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


@dataclass(frozen=True, slots=True)
class Reach:
    """What there is to count from.

    Attributes:
        points_since: Older points have been dropped. Windows from before it stay as they are.
        made_up: Origins of points that the simulator made up, which do not count any more; empty
            while nothing has come from Keepa.
    """

    points_since: datetime
    made_up: list[int]

    def values(self) -> dict[str, Any]:
        """Return it as the statements take it."""
        return {
            "made_up": self.made_up,
            "without_made_up": bool(self.made_up),
            "points_day": self.points_since.astimezone(UTC).date(),
        }


def reach(connection: Connection) -> Reach:
    """Return what there is to count from now."""
    (row,) = connection.execute(statements(_SQL)["reach"]).fetchall()
    return Reach(**row)


def mark_changed(connection: Connection, at: datetime, reached: Reach) -> None:
    """Mark the windows of points and deals that have come or changed since the last time."""
    values = {
        "since": max(at - _LATE_DAYS, reached.points_since),
        "hours_since": max(at - _LATE_HOURS, reached.points_since),
        "latest": at + _EARLY,
        "seen_since": at - _DEALS_SEEN,
        **reached.values(),
    }
    with connection.transaction():
        connection.execute(_SETTINGS)
        for statement in ("due_from_changes", "due_from_deals"):
            connection.execute(statements(_SQL)[statement], values)


def mark_between(connection: Connection, since: datetime, until: datetime) -> None:
    """Mark all windows that end after `since` and not after `until`, and their days' movers."""
    connection.execute(statements(_SQL)["due_between"], {"since": since, "until": until})


def due_windows(connection: Connection, at: datetime, reached: Reach) -> list[DueWindow]:
    """Return the marked windows that can be counted at a moment, the oldest first."""
    values = {"at": at, "points_since": reached.points_since}
    rows = connection.execute(statements(_SQL)["due_windows"], values)
    return [DueWindow(**row) for row in rows]


def count_windows(connection: Connection, windows: Sequence[DueWindow], reached: Reach) -> int:
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
            starts = [window.started_at for window in windows if window.span == span]
            changed += _count(connection, span, starts, reached)
        days = [_day(window) for window in windows if window.span == "day"]
        connection.execute(sql["remove_bases"], {"days": days})
        connection.execute(sql["add_bases"], {"days": days, **reached.values()})
        for window in windows:
            if window.span == "movers":
                day = {"day": _day(window)}
                connection.execute(sql["remove_movers"], day)
                connection.execute(sql["add_movers"], day | _LANDED | reached.values())
    return changed


def forget_old(connection: Connection, at: datetime, reached: Reach) -> None:
    """Delete windows of six hours and movers that are older than HOURS_KEPT."""
    values = {"before": at - HOURS_KEPT, "points_since": reached.points_since}
    connection.execute(statements(_SQL)["forget_old"], values)


def _count(connection: Connection, span: str, starts: Sequence[datetime], reached: Reach) -> int:
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
            **reached.values(),
        },
    ).fetchall()
    changed: int = row["gone"] + row["stored"]
    return changed


def _day(window: DueWindow) -> date:
    return window.started_at.astimezone(UTC).date()
