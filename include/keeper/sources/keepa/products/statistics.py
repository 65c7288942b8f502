"""What a series' history says of a stretch of time: averages, extremes, shares.

A point holds until the next one, the newest until the end asked for, so every figure is weighted
by time. Money is in minor units, with shipping counted in where Keepa gives it (`landed`), as
Keepa's own statistics do. Time without an offer counts only as time without an offer.

Windows are [start, end) in whole minutes: `start` is rounded down and `end` up, so that a point
seen within the minute of `end` belongs to the window.

Figures of prices leave out points that may not be compared with one of `end`
(keeper.domain.prices.landed); whether there was an offer is known throughout.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keeper.domain.prices.points import (
    from_keepa_minutes,
    to_keepa_minutes,
    to_keepa_minutes_up,
)
from keeper.sources.keepa.document import Int64Array
from keeper.sources.keepa.products.series import NO_OFFER, Series


@dataclass(frozen=True, slots=True)
class Extreme:
    """A lowest or highest value and when it was first seen."""

    observed_at: datetime
    value: int


@dataclass(frozen=True, slots=True)
class SeriesStatistics:
    """A series over a stretch of time.

    Values are minor units (ranks, counts, ratings × 10 for a series that is not money), None where
    there was no offer at all.

    Attributes:
        average: Weighted by time, rounded down as Keepa does.
        low: The lowest value that held; its time is never before the window.
        high: The highest.
        out_of_stock_share: 0 to 1, of the tracked time; None if nothing was tracked.
        tracked_minutes: How much of the window lies after the series' first point.
    """

    average: int | None
    low: Extreme | None
    high: Extreme | None
    out_of_stock_share: float | None
    tracked_minutes: int


def statistics_of(
    series: Series,
    start: datetime | None,
    end: datetime,
    *,
    landed: bool = True,
    ceiling: int | None = None,
    tracked_since: datetime | None = None,
) -> SeriesStatistics:
    """Compute a series' statistics of [start, end).

    Args:
        series: The history.
        start: None for the whole history.
        end: Usually the moment Keepa was asked.
        landed: Count shipping in.
        ceiling: What is dearer is somebody's mistake and counts in no average or extreme: the
            value before it goes on. Keepa does not say how it finds its own ceilings, but
            `ProductStats.max` is the highest value it let pass.
        tracked_since: When the product's tracking began, if before the series' first point: the
            time between is time out of stock.
    """
    spans = _spans(series, start, end, landed, first=0)
    tracked = int(spans.minutes.sum())
    if tracked_since is not None:
        begin = max(tracked_since, start or tracked_since)
        tracked = max(tracked, to_keepa_minutes_up(end) - to_keepa_minutes(begin))
    in_stock = int(spans.minutes[spans.offered].sum())
    share = 1 - in_stock / tracked if tracked else None
    if ceiling is not None or series.price_type.comparable_since(end) is not None:
        spans = _spans(series, start, end, landed, ceiling)
    minutes, values = spans.minutes[spans.offered], spans.values[spans.offered]
    if not len(values):
        return SeriesStatistics(None, None, None, share, tracked)
    starts = spans.starts[spans.offered]
    # Floats are exact far beyond any price, and a damaged value does not wrap around in them.
    weight = float(minutes @ values.astype(np.float64))

    def extreme(position: np.intp) -> Extreme:
        return Extreme(from_keepa_minutes(int(starts[position])), int(values[position]))

    return SeriesStatistics(
        average=int(weight // int(minutes.sum())),
        low=extreme(values.argmin()),
        high=extreme(values.argmax()),
        out_of_stock_share=share,
        tracked_minutes=tracked,
    )


def value_at(series: Series, moment: datetime, *, landed: bool = True) -> int | None:
    """Return the value that held at a moment, None without an offer or before the first point."""
    position = series.first_after(moment) - 1
    if position < 0:
        return None
    value = int(series.offers(landed=landed)[position])
    return None if value == NO_OFFER else value


def share_of_time_at_or_below(
    series: Series,
    value: int,
    start: datetime | None,
    end: datetime,
    *,
    landed: bool = True,
) -> float | None:
    """Return for what share of [start, end) a price was at or below `value`, 0 to 1.

    A percentile: 0.05 says that the price was this good only a twentieth of the time. The share is
    of the time with an offer; None if there was none.
    """
    spans = _spans(series, start, end, landed)
    in_stock = int(spans.minutes[spans.offered].sum())
    if not in_stock:
        return None
    return int(spans.minutes[spans.offered & (spans.values <= value)].sum()) / in_stock


def lowest_since(
    series: Series, value: int, at: datetime, *, landed: bool = True
) -> datetime | None:
    """Return since when, looking back from `at`, nothing was cheaper than `value`.

    That is the end of the last stretch of time with a lower price; `at` itself if the price is
    lower right now. None if it was never lower in all that is comparable.
    """
    spans = _spans(series, None, at, landed)
    (lower,) = np.nonzero(spans.offered & (spans.values < value))
    if not len(lower):
        return None
    last = lower[-1]
    return min(from_keepa_minutes(int(spans.starts[last] + spans.minutes[last])), at)


def is_lowest(
    series: Series, at: datetime, *, start: datetime | None = None, landed: bool = True
) -> bool:
    """Return whether the value at `at` is the lowest since `start`.

    Never so without an offer, or with one that is not comparable itself.
    """
    current = value_at(series, at, landed=landed)
    if current is None or series.first_after(at) <= series.first_comparable(at):
        return False
    since = lowest_since(series, current, at, landed=landed)
    return since is None or (start is not None and since <= start)


class _Spans(NamedTuple):
    """A window cut into spans of one value; none is empty."""

    starts: Int64Array
    minutes: Int64Array
    values: Int64Array
    offered: npt.NDArray[np.bool_]


def _spans(
    series: Series,
    start: datetime | None,
    end: datetime,
    landed: bool,
    ceiling: int | None = None,
    *,
    first: int | None = None,
) -> _Spans:
    """Cut a window into spans, from the point at `first` on; None for the first comparable one."""
    if first is None:
        first = series.first_comparable(end)
        since = series.price_type.comparable_since(end)
        # A point that held then counts from then on.
        start = max(start or since, since) if since is not None else start
    starts, values = series.minutes[first:], series.offers(landed=landed)[first:]
    if ceiling is not None:
        kept = values <= ceiling
        starts, values = starts[kept], values[kept]
    last = to_keepa_minutes_up(end)
    if start is not None:
        starts = np.maximum(starts, to_keepa_minutes(start))
    starts = np.minimum(starts, last)
    minutes = np.diff(starts, append=last)
    held = minutes > 0
    starts, minutes, values = starts[held], minutes[held], values[held]
    return _Spans(starts, minutes, values, values != NO_OFFER)
