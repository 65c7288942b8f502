"""What a deal's product has cost before, from its history."""

from datetime import datetime, timedelta
from typing import Final

from keeper.domain.deals.deal import Deal
from keeper.domain.prices.history import DealHistory
from keeper.domain.prices.points import to_keepa_minutes, to_keepa_minutes_up
from keeper.sources.keepa.products.series import Series
from keeper.sources.keepa.products.statistics import (
    lowest_since,
    share_of_time_at_or_below,
    statistics_of,
)

_NINETY_DAYS: Final = timedelta(days=90)
_MINUTES_A_DAY: Final = 1440


def history_of(series: Series, deal: Deal, at: datetime) -> DealHistory | None:
    """Return what the deal's price is compared with, shipping counted in as Keepa's deals do.

    None where there is nothing: neither a price that means the same, nor is it known of the deal's
    own (keeper.domain.prices.landed).

    Args:
        series: The product's history in the deal's price type.
        deal: The deal.
        at: When the deal was checked.
    """
    start, price = at - _NINETY_DAYS, deal.price_minor
    first, since = series.first_comparable(at), series.price_type.comparable_since(at)
    if first == len(series) or (since is not None and deal.observed_at < since):
        return None
    begins = int(series.minutes[first])
    if since is not None:
        begins = max(begins, to_keepa_minutes(since))
    known = to_keepa_minutes_up(at) - begins
    is_cut = since is not None and int(series.minutes[0]) < to_keepa_minutes(since)

    def share(since: datetime | None) -> float | None:
        return None if price is None else share_of_time_at_or_below(series, price, since, at)

    return DealHistory(
        average_90_minor=statistics_of(series, start, at).average,
        low_ever_minor=series.low(None, deal.observed_at, landed=True),
        share_of_90_days_at_or_below=share(start),
        share_of_history_at_or_below=share(None),
        tracked_days=max(known, 0) // _MINUTES_A_DAY,
        cheaper_until=None if price is None else lowest_since(series, price, at),
        is_cut=is_cut,
        is_90_days_cut=is_cut and series.price_type.is_cut(90, at),
    )
