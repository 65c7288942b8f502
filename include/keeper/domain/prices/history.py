"""What a series has cost until a moment: averages, lows and shares of time.

All of it counts by time, over the time with an offer: a price that held for a month weighs thirty
times one that held for a day. What a check of now is compared with ends when that check was made.

Some series changed their meaning (keeper.domain.prices.landed): what is seen since is compared with
later points alone.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from keeper.domain.prices.landed import CONFIRMED_AFTER

_LEAST_KNOWN: Final = 3
"""A third of the days asked for must be known; else there is no saying."""
EVER_DAYS: Final = 90
"""What "ever" counts as when that third is taken."""


@dataclass(frozen=True, slots=True)
class DealHistory:
    """What a product has cost before, in the deal's series; money in minor units, landed.

    Averages and shares count up to when the deal was checked, so that a deal that goes on for weeks
    becomes the usual price; the low is that before the price fell to the deal's.

    Attributes:
        average_90_minor: Average of the last 90 days; None without an offer in them.
        low_ever_minor: Lowest price before, in the whole history.
        share_of_90_days_at_or_below: Share of the last 90 days at this price or a lower one, 0 to
            1 of the time with an offer.
        share_of_history_at_or_below: The same of the whole history.
        tracked_days: How long Keepa has known the series.
        cheaper_until: When it was last cheaper; None if never.
        is_cut: Older prices are known, which leave shipping out and took no part.
        is_90_days_cut: Some of them held within the 90 days.
    """

    average_90_minor: int | None
    low_ever_minor: int | None
    share_of_90_days_at_or_below: float | None
    share_of_history_at_or_below: float | None
    tracked_days: int
    cheaper_until: datetime | None = None
    is_cut: bool = False
    is_90_days_cut: bool = False


class PriceSeries:
    """The plausible points of one series, in the order of their times.

    Attributes:
        times: Since when each price held.
        amounts: In minor units; None where there was no offer.
        landed_since: When its prices began to include shipping; None if they mean one thing
            throughout.
    """

    def __init__(
        self,
        points: Iterable[tuple[datetime, int | None]],
        landed_since: datetime | None = None,
    ) -> None:
        """Take points in the order of their times."""
        pairs = list(points)
        self.times: Sequence[datetime] = [time for time, _ in pairs]
        self.amounts: Sequence[int | None] = [amount for _, amount in pairs]
        self.landed_since = landed_since
        self._landed = 0 if landed_since is None else bisect_left(self.times, landed_since)

    def until(self, observed_at: datetime, checked_at: datetime) -> "PriceHistory":
        """Return what was known before the price of `observed_at`, seen at `checked_at`."""
        at = max(checked_at, observed_at)
        since = self.landed_since
        if since is None or at < since:
            return PriceHistory(self, observed_at, at)
        first = self._landed
        held_until = min(self.times[first], at) if first < len(self.times) else at
        if first and held_until - since >= CONFIRMED_AFTER:
            first -= 1
        return PriceHistory(self, observed_at, at, first, since)


@dataclass(frozen=True)
class PriceHistory:
    """What a price is compared with.

    Attributes:
        series: All points; those from `observed_at` on take no part.
        observed_at: When the price in question began.
        at: When it was seen; averages count up to here, with that price since `observed_at`.
        first: Position of the oldest point that may be compared with it.
        since: From when on that point may be, if it began earlier; None for its beginning.
    """

    series: PriceSeries
    observed_at: datetime
    at: datetime
    first: int = 0
    since: datetime | None = None

    @cached_property
    def _end(self) -> int:
        return bisect_left(self.series.times, self.observed_at, self.first)

    def is_cut(self, days: int | None) -> bool:
        """Whether older prices of the last days, None for all, took no part; see PriceSeries."""
        since, times = self.since, self.series.times
        if since is None or not times or times[0] >= since:
            return False
        return days is None or self.at - timedelta(days=days) < since

    def comparable(self) -> list[tuple[datetime, int | None]]:
        """Return the points that may be compared with the price in question, and those after it."""
        times = [self._begins(index) for index in range(self.first, len(self.series.times))]
        return list(zip(times, self.series.amounts[self.first :], strict=True))

    def _begins(self, index: int) -> datetime:
        begins = self.series.times[index]
        return begins if self.since is None else max(begins, self.since)

    @property
    def known_days(self) -> float:
        """For how long prices to compare with have been known; 0 without any before."""
        if self._end == self.first:
            return 0.0
        return (self.at - self._begins(self.first)) / timedelta(days=1)

    def knows(self, days: int | None) -> bool:
        """Whether enough is known of the last days to compare with them."""
        return self.known_days * _LEAST_KNOWN >= (EVER_DAYS if days is None else days)

    @property
    def last_offer(self) -> int | None:
        """The latest price before, with shipping or not; None if there never was one.

        A fall from an item's price to one with shipping is a fall.
        """
        amounts = self.series.amounts
        end = bisect_left(self.series.times, self.observed_at)
        return next((amounts[index] for index in range(end - 1, -1, -1) if amounts[index]), None)

    def average(self, days: int, amount: int) -> int | None:
        """Return the average of the last days, `amount` being the price since `observed_at`.

        None when too little of them is known.
        """
        if not self.knows(days):
            return None
        total = seconds = 0.0
        for price, held in self._spans(self.at - timedelta(days=days), amount):
            total += price * held
            seconds += held
        return int(total / seconds + 0.5) if seconds else None

    def lowest(self, days: int | None) -> int | None:
        """Return the lowest price that held in the last days, the one in question apart.

        None when there was none, or too little of them is known.
        """
        if not self.knows(days):
            return None
        if days is None:
            return self._lowest_ever
        prices = [price for price, _ in self._spans(self.at - timedelta(days=days), None)]
        return min(prices, default=None)

    def as_a_deal(self, amount: int) -> DealHistory | None:
        """Return what a deal's score at this price rests on; None when too little is known."""
        if self._end == self.first:
            return None
        start = self.at - timedelta(days=90)
        return DealHistory(
            average_90_minor=self.average(90, amount),
            low_ever_minor=self._lowest_ever,
            share_of_90_days_at_or_below=self.share_at_or_below(amount, start),
            share_of_history_at_or_below=self.share_at_or_below(amount, None),
            tracked_days=int(self.known_days),
            cheaper_until=self.cheaper_until(amount),
            is_cut=self.is_cut(None),
            is_90_days_cut=self.is_cut(90),
        )

    def share_at_or_below(self, amount: int, since: datetime | None) -> float | None:
        """Return for how much of the time with an offer the price was this or lower, 0 to 1."""
        dearer, offered = self.time_above(amount, since)
        return (offered - dearer) / offered if offered else None

    def time_above(self, amount: int, since: datetime | None) -> tuple[timedelta, timedelta]:
        """Return for how long the price was higher than this, and for how long there was one.

        The time since `observed_at` counts with `amount` as its price.
        """
        dearer = offered = 0.0
        for price, held in self._spans(since, amount):
            offered += held
            dearer += held if price > amount else 0.0
        return timedelta(seconds=dearer), timedelta(seconds=offered)

    def cheaper_until(self, amount: int) -> datetime | None:
        """Return when a lower price last ended; None if there never was one."""
        times, amounts = self.series.times, self.series.amounts
        for index in range(self._end - 1, self.first - 1, -1):
            price = amounts[index]
            if price is not None and price < amount:
                return times[index + 1] if index + 1 < self._end else self.observed_at
        return None

    @cached_property
    def _lowest_ever(self) -> int | None:
        known = (
            price for price in self.series.amounts[self.first : self._end] if price is not None
        )
        return min(known, default=None)

    def _spans(self, since: datetime | None, amount: int | None) -> Iterator[tuple[int, float]]:
        """Yield prices and for how many seconds each held from `since` until `at`.

        Args:
            since: None for the whole history.
            amount: The price since `observed_at`; None leaves that time out.
        """
        times, amounts = self.series.times, self.series.amounts
        first = self.first
        if since is not None:
            first = max(bisect_right(times, since) - 1, first)
        for index in range(first, self._end):
            price = amounts[index]
            begins = self._begins(index) if since is None else max(self._begins(index), since)
            ends = times[index + 1] if index + 1 < self._end else self.observed_at
            if price is not None and ends > begins:
                yield price, (ends - begins).total_seconds()
        begins = self.observed_at if since is None else max(self.observed_at, since)
        if amount is not None and self.at > begins:
            yield amount, (self.at - begins).total_seconds()
