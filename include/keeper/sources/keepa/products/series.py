"""One price history series as arrays, already in Keeper's reading."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from keeper.domain.locales import Locale
from keeper.domain.prices.landed import CONFIRMED_AFTER
from keeper.domain.prices.points import (
    PricePoint,
    from_keepa_minutes,
    to_keepa_minutes,
    to_keepa_minutes_up,
)
from keeper.domain.prices.types import PriceType
from keeper.sources.keepa.document import Int64Array

NO_OFFER: Final = -1
"""Stands for null in `values` and `shipping`."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A product's history of one price type, oldest first; never empty.

    The three arrays have one length, are read-only and may be strided views.

    Attributes:
        asin: The product.
        locale: Its Amazon, which says the currency.
        price_type: Which series.
        minutes: Keepa minutes, strictly increasing.
        values: Prices in minor units, or ranks, counts, ratings × 10; NO_OFFER where there is
            none. Other negative numbers and zeros are what Keepa sent; validation comes later.
        shipping: Shipping in minor units, 0 where Keepa does not know it, NO_OFFER where there is
            no offer; None for a price type without shipping.
    """

    asin: str
    locale: Locale
    price_type: PriceType
    minutes: Int64Array
    values: Int64Array
    shipping: Int64Array | None

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.minutes)

    def points(self, first: int = 0) -> Iterator[PricePoint]:
        """Give the points from position `first` on, oldest first."""
        return self._points(first)

    def since(self, moment: datetime) -> Iterator[PricePoint]:
        """Give the points strictly after `moment`, oldest first."""
        return self._points(self.first_after(moment))

    def latest(self) -> PricePoint:
        """Return the newest point, also when it says that there is no offer."""
        return next(self._points(len(self) - 1))

    def offer_before(self, moment: datetime) -> PricePoint | None:
        """Return the newest point before `moment` with an offer, None if there is none."""
        there = np.flatnonzero(self.values[: self.first_at_or_after(moment)] > 0)
        return next(self._points(int(there[-1]))) if len(there) else None

    def low(
        self, start: datetime | None = None, end: datetime | None = None, *, landed: bool = False
    ) -> int | None:
        """Return the lowest value that held at some moment of [start, end), None if none did.

        A point holds until the next one, so the point before `start` counts too. Points that may
        not be compared with one of `end` take no part: see `first_comparable`.

        Args:
            start: From then on; None for the whole history.
            end: Before then; None for everything up to the newest point.
            landed: Count shipping in, as Keepa's own statistics do.
        """
        held = self._held(start, end, landed)
        return int(held.min()) if len(held) else None

    def high(
        self, start: datetime | None = None, end: datetime | None = None, *, landed: bool = False
    ) -> int | None:
        """Return the highest value that held at some moment of [start, end); see `low`."""
        held = self._held(start, end, landed)
        return int(held.max()) if len(held) else None

    def offers(self, *, landed: bool) -> Int64Array:
        """Return `values`, or those with shipping, with NO_OFFER for all that is no offer.

        That includes a price of zero: in the past it is a mistake of somebody's, and as a lowest
        price it would hide every drop. A count of zero is one.
        """
        values = self.values
        is_offer = values > 0 if self.price_type.is_price else values >= 0
        if landed and self.shipping is not None:
            values = values + self.shipping
        return np.where(is_offer, values, NO_OFFER)

    def _held(self, start: datetime | None, end: datetime | None, landed: bool) -> Int64Array:
        first = 0 if start is None else max(self.first_after(start) - 1, 0)
        last = len(self) if end is None else self.first_at_or_after(end)
        first = max(first, self.first_comparable(end or self.newest_at))
        offers = self.offers(landed=landed)[first:last]
        held: Int64Array = offers[offers != NO_OFFER]
        return held

    @property
    def newest_at(self) -> datetime:
        """When the newest point was observed."""
        return from_keepa_minutes(int(self.minutes[-1]))

    def first_comparable(self, at: datetime) -> int:
        """Return the position of the oldest point to compare with a price seen at `at`.

        The length if there is none; see keeper.domain.prices.landed.
        """
        since = self.price_type.comparable_since(at)
        if since is None:
            return 0
        first = self.first_at_or_after(since)
        held_until = at
        if first < len(self):
            held_until = min(from_keepa_minutes(int(self.minutes[first])), at)
        return max(first - 1, 0) if held_until - since >= CONFIRMED_AFTER else first

    def first_after(self, moment: datetime) -> int:
        """Return the position of the first point strictly after `moment`, the length if none is."""
        return int(np.searchsorted(self.minutes, to_keepa_minutes(moment), side="right"))

    def first_at_or_after(self, moment: datetime) -> int:
        """Return the position of the first point at or after `moment`, the length if none is."""
        return int(np.searchsorted(self.minutes, to_keepa_minutes_up(moment), side="left"))

    def _points(self, first: int) -> Iterator[PricePoint]:
        domain, currency = self.locale.domain, self.locale.currency
        minutes = self.minutes[first:].tolist()
        values = self.values[first:].tolist()
        shipping = (
            [NO_OFFER] * len(values) if self.shipping is None else self.shipping[first:].tolist()
        )
        for minute, value, shipped in zip(minutes, values, shipping, strict=True):
            yield PricePoint(
                asin=self.asin,
                domain=domain,
                price_type=self.price_type.name,
                observed_at=from_keepa_minutes(minute),
                price_minor=None if value == NO_OFFER else value,
                shipping_minor=None if shipped == NO_OFFER else shipped,
                currency=currency,
            )
