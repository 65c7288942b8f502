"""Keepa's `stats` of a product, computed from its history.

Source of the rules: recorded statistics recomputed from their own histories. Averages are weighted
by time without offer left out; percentages out of stock are of the tracked time, rounded up.
Keepa's undocumented filter of outliers is not imitated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from keeper.domain.prices.types import PRICE_TYPES, price_type_of
from keeper.simulator.products.chance import Ints
from keeper.simulator.products.histories import Entries, History
from keeper.simulator.products.markets import NO_OFFER

OFFER_COUNTS: Final = ("retrievedOfferCount", "offerCountFBA", "offerCountFBM")
NOT_REQUESTED: Final = -2
"""What `stats` says where a request did not ask for offers or the buy box."""
_DAY: Final = 1440
_WINDOWS: Final = (30, 90, 180, 365)
_SALES: Final = price_type_of("SALES").index
_UPDATES: Final = price_type_of("EXTRA_INFO_UPDATES").index
_BUY_BOX: Final = price_type_of("BUY_BOX_SHIPPING").index


@dataclass(frozen=True, slots=True)
class Interval:
    """The Keepa minutes between which `stats` counts."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class SeriesSpans:
    """A series as spans of time, each with one value; prices include their shipping.

    Attributes:
        starts: Keepa minute each span begins at.
        values: −1 where there is no offer.
        end: Keepa minute the last span is looked at.
        offered: Minutes with an offer before each span, and in all as the last entry.
        weight: The same with every minute counted as often as its value says.
        was_offered: Whether there has ever been an offer.
    """

    starts: Ints
    values: Ints
    end: int
    offered: Ints
    weight: Ints
    was_offered: bool

    @property
    def current(self) -> int:
        """The value at the end."""
        return int(self.values[-1])

    @property
    def is_back(self) -> bool:
        """Whether the current offer follows a time without one."""
        return len(self.values) > 1 and self.current >= 0 and int(self.values[-2]) < 0

    def value_at(self, minute: int) -> int:
        """Return the value at a Keepa minute, −1 before the first span."""
        span = int(self.starts.searchsorted(minute, side="right")) - 1
        return int(self.values[span]) if span >= 0 else NO_OFFER

    def average_since(self, minute: int) -> int:
        """Return the average from a Keepa minute to the end, −1 without any offer in it."""
        return self.figures_since(minute)[0]

    def figures_since(self, minute: int) -> tuple[int, int]:
        """Return what a series was like from a Keepa minute to the end.

        Returns:
            The average, −1 without any offer, and the share of tracked time without offer, in
            percent rounded up.
        """
        before, weight, start = self._until(minute)
        offered = int(self.offered[-1]) - before
        average = (int(self.weight[-1]) - weight) // offered if offered > 0 else NO_OFFER
        tracked = self.end - start
        if tracked <= 0:
            return average, 100 if self.current < 0 else 0
        return average, -(-100 * (tracked - offered) // tracked)

    def extreme(self, *, lowest: bool, since: int | None = None) -> list[int] | None:
        """Return [minute, value] of the lowest or highest offer.

        None for a series that never had an offer, [−1, −1] if there was none since `since`.
        """
        if not self.was_offered:
            return None
        first = 0
        if since is not None:
            first = max(int(self.starts.searchsorted(since, side="right")) - 1, 0)
        values = self.values[first:]
        # As unsigned numbers those below zero are above all others.
        found = int(values.view(np.uint64).argmin() if lowest else values.argmax())
        if values[found] < 0:
            return [NO_OFFER, NO_OFFER]
        minute = int(self.starts[first + found])
        return [minute if since is None else max(minute, since), int(values[found])]

    def _until(self, minute: int) -> tuple[int, int, int]:
        """Sum up minutes offered and weight before a minute; also that minute, if tracked then."""
        span = int(self.starts.searchsorted(minute, side="right")) - 1
        if span < 0:
            return 0, 0, int(self.starts[0])
        part = minute - int(self.starts[span])
        value = int(self.values[span])
        offered, weight = int(self.offered[span]), int(self.weight[span])
        return (
            (offered, weight, minute)
            if value < 0
            else (offered + part, weight + part * value, minute)
        )


def spans_of(entries: Entries, end: int) -> SeriesSpans:
    """Turn a series' rows into spans that end at a Keepa minute."""
    starts = entries[:, 0].astype(np.int64)
    values = entries[:, 1].astype(np.int64)
    if entries.shape[1] > 2:
        values = np.where(values < 0, NO_OFFER, values + np.maximum(entries[:, 2], 0))
    missing = values < 0
    minutes = np.empty_like(starts)
    minutes[:-1] = starts[1:] - starts[:-1]
    minutes[-1] = end - starts[-1]
    minutes[missing] = 0
    offered = np.zeros(len(starts) + 1, np.int64)
    weight = np.zeros(len(starts) + 1, np.int64)
    minutes.cumsum(out=offered[1:])
    # Minutes without an offer are 0, so that what stands for no value weighs nothing.
    (minutes * values).cumsum(out=weight[1:])
    return SeriesSpans(starts, values, end, offered, weight, not bool(missing.all()))


def stats_of(
    history: History, at: int, interval: Interval, *, has_buy_box: bool = False
) -> dict[str, Any]:
    """Compute Keepa's `stats` object.

    Args:
        history: What is known at `at` of the series that are shown, whole.
        at: Keepa minute of the reply.
        interval: What the figures of the interval count over.
        has_buy_box: The request asked for the buy box, so that fields about it are filled instead
            of −2.
    """
    spans = {index: spans_of(entries, at) for index, entries in history.entries.items()}
    updates = spans.pop(_UPDATES, None)
    begin = interval.begin
    within = spans
    if interval.end < at:
        past = history.until(interval.end).entries
        within = {i: spans_of(past[i], interval.end) for i in spans.keys() & past.keys()}

    def each(
        value: Any, absent: Any = NO_OFFER, series: Mapping[int, SeriesSpans] = spans
    ) -> list[Any]:
        return [value(series[i]) if i in series else absent for i in range(history.length)]

    def figures(minute: int, series: Mapping[int, SeriesSpans] = spans) -> tuple[Any, Any]:
        found = {index: one.figures_since(minute) for index, one in series.items()}
        averages = [found[i][0] if i in found else NO_OFFER for i in range(history.length)]
        missing = [
            found[i][1] if i in found and PRICE_TYPES[i].is_price else NO_OFFER
            for i in range(history.length)
        ]
        return averages, missing

    average, out_of_stock = figures(begin, within)
    windows = {window: figures(at - window * _DAY) for window in _WINDOWS}
    current = each(lambda series: series.current)
    # Of the collections recorded statistics have the last only.
    current[_UPDATES] = NO_OFFER if updates is None else updates.current
    stats: dict[str, Any] = {
        "current": current,
        "avg": average,
        **{f"avg{window}": averages for window, (averages, _) in windows.items()},
        "atIntervalStart": each(lambda series: series.value_at(begin), series=within),
        "min": each(lambda series: series.extreme(lowest=True), None),
        "max": each(lambda series: series.extreme(lowest=False), None),
        "minInInterval": each(
            lambda series: series.extreme(lowest=True, since=begin), None, within
        ),
        "maxInInterval": each(
            lambda series: series.extreme(lowest=False, since=begin), None, within
        ),
        "isLowest": each(is_lowest, False),
        "isLowest90": each(lambda series: is_lowest(series, since=at - 90 * _DAY), False),
        "outOfStockPercentageInInterval": out_of_stock,
        **{f"outOfStockPercentage{window}": missing for window, (_, missing) in windows.items()},
        **{
            f"salesRankDrops{window}": rank_drops(spans.get(_SALES), at - window * _DAY)
            for window in _WINDOWS
        },
        "lightningDealInfo": None,
        "tradeInPrice": NOT_REQUESTED,
        "totalOfferCount": history.offers_at(at),
        **dict.fromkeys(OFFER_COUNTS, NOT_REQUESTED),
    }
    return stats | _buy_box(history, has_buy_box=has_buy_box)


def is_lowest(series: SeriesSpans, since: int | None = None) -> bool:
    """Return whether the current offer is the lowest, ever or since a Keepa minute."""
    lowest = series.extreme(lowest=True, since=since)
    return lowest is not None and 0 <= series.current <= lowest[1]


def rank_drops(ranks: SeriesSpans | None, since: int) -> int:
    """Count the times since a Keepa minute that a product's rank improved as by a sale."""
    if ranks is None:
        return 0
    first = int(np.searchsorted(ranks.starts, since, side="left"))
    recent = ranks.values[first:]
    # A sale lifts a product by a noticeable part of its rank.
    return int(np.count_nonzero(recent[1:] * 10 < recent[:-1] * 9))


def _buy_box(history: History, *, has_buy_box: bool) -> dict[str, int]:
    price, shipping = NOT_REQUESTED, NOT_REQUESTED
    if has_buy_box:
        box = history.entries.get(_BUY_BOX)
        price, shipping = (int(box[-1, 1]), int(box[-1, 2])) if box is not None else (-1, -1)
    return {"buyBoxPrice": price, "buyBoxShipping": shipping}
