"""How good a price is, by what the product has cost within a year."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.domain.prices.history import PriceSeries
from keeper.domain.prices.types import PriceType

YEAR: Final = timedelta(days=365)
_LEAST_KNOWN: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PriceContext:
    """A price beside its own history; amounts in minor units, as the watch counts them.

    Attributes:
        points: Since when each price held, None without an offer; in order, for a chart.
        until: When the last of them was seen.
        dearer: For how long within a year it was dearer; None when too little is known.
        offered: For how long within that year there was an offer; None as `dearer`.
        lowest_since: When it was last as cheap or cheaper; None if never within the year known.
        known_since: The oldest price known within the year.
        average_90_minor: Average of 90 days, weighted by time; None when too little is known.
        earlier_low: The lowest price of the year before this one, if it was lower, and since when
            it held, the last time.
        is_cut: Prices within the year took no part, for they leave shipping out; see
            keeper.domain.prices.landed.
        is_90_days_cut: Some of them held within the 90 days.
    """

    points: Sequence[tuple[datetime, int | None]]
    until: datetime
    dearer: timedelta | None = None
    offered: timedelta | None = None
    lowest_since: datetime | None = None
    known_since: datetime | None = None
    average_90_minor: int | None = None
    earlier_low: tuple[datetime, int] | None = None
    is_cut: bool = False
    is_90_days_cut: bool = False


def price_context(
    points: Sequence[tuple[datetime, int | None]],
    *,
    observed_at: datetime,
    checked_at: datetime,
    amount: int | None,
    price_type: PriceType,
) -> PriceContext:
    """Compare a price with the history before it.

    Args:
        points: The plausible points of a year, led by the one that held at its beginning.
        observed_at: Since when the price holds.
        checked_at: When it was seen.
        amount: The price; None without an offer.
        price_type: The series.
    """
    until = max(checked_at, observed_at)
    view = PriceSeries(points, price_type.landed_since).until(observed_at, until)
    comparable = view.comparable()
    before = [one for one in comparable if one[0] < observed_at]
    if amount is None or not before or until - before[0][0] < _LEAST_KNOWN:
        return PriceContext(comparable, until)
    dearer, offered = view.time_above(amount, until - YEAR)
    return PriceContext(
        comparable,
        until,
        dearer if offered else None,
        offered or None,
        _last_as_cheap(before, amount, observed_at),
        max(before[0][0], until - YEAR),
        view.average(90, amount),
        _earlier_low(before, amount, until - YEAR),
        view.is_cut(YEAR.days),
        view.is_cut(90),
    )


def _earlier_low(
    before: Sequence[tuple[datetime, int | None]], amount: int, since: datetime
) -> tuple[datetime, int] | None:
    """Return the lowest of lower prices, and since when it held within the time, the last time."""
    lower = [(price, begins) for begins, price in before if price is not None and price < amount]
    if not lower:
        return None
    least = min(price for price, _ in lower)
    return max(max(begins, since) for price, begins in lower if price == least), least


def _last_as_cheap(
    before: Sequence[tuple[datetime, int | None]], amount: int, observed_at: datetime
) -> datetime | None:
    """Return when a price as low as this last ended."""
    ends = observed_at
    for begins, price in reversed(before):
        if price is not None and price <= amount:
            return ends
        ends = begins
    return None
