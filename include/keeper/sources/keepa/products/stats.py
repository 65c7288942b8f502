"""Keepa's own statistics of a product, as its `stats` gives them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keeper.domain.prices.types import PriceType
from keeper.sources.keepa.document import JsonObject, as_array, as_moment, plain_list
from keeper.sources.keepa.products.statistics import Extreme


@dataclass(frozen=True, slots=True)
class ProductStats:
    """Keepa's own statistics, each by price type index.

    An index is absent where Keepa has nothing: no offer, no history, not asked for. Values of
    price types with shipping include it. The bare ones cover the interval asked for, the numbered
    ones as many days. Keepa leaves outliers out of averages and extremes; `max` is the highest
    value it kept. `keeper.sources.keepa.products.statistics` computes the same from the history.

    Attributes:
        lightning: Start and end of the product's last lightning deal, the end None while the deal
            is only announced; None if there never was one.
        last_offers_update: When Keepa last collected the offers, None if it does not say.
        last_buy_box_update: When it last looked at the buy box, None if it was not asked for.
        is_buy_box_price_hidden: The buy box has an offer whose price the maker lets nobody show.
    """

    current: Mapping[int, int]
    avg: Mapping[int, int]
    avg30: Mapping[int, int]
    avg90: Mapping[int, int]
    avg180: Mapping[int, int]
    avg365: Mapping[int, int]
    at_interval_start: Mapping[int, int]
    out_of_stock_percent30: Mapping[int, int]
    out_of_stock_percent90: Mapping[int, int]
    min: Mapping[int, Extreme]
    max: Mapping[int, Extreme]
    min_in_interval: Mapping[int, Extreme]
    max_in_interval: Mapping[int, Extreme]
    lightning: tuple[datetime, datetime | None] | None
    last_offers_update: datetime | None
    last_buy_box_update: datetime | None
    is_buy_box_price_hidden: bool

    def range_of(self, price_type: PriceType, at: datetime) -> tuple[int | None, int | None]:
        """Return Keepa's minimum and maximum, where they may be compared with a price of `at`.

        See keeper.domain.prices.landed.
        """
        since = price_type.comparable_since(at)
        extremes = (self.min.get(price_type.index), self.max.get(price_type.index))
        low, high = (
            None if one is None or (since is not None and one.observed_at < since) else one.value
            for one in extremes
        )
        return low, high


def decode_stats(stats: JsonObject) -> ProductStats:
    """Read a product's `stats`; what is not of the expected shape is left out."""
    return ProductStats(
        current=_numbers(stats, "current"),
        avg=_numbers(stats, "avg"),
        avg30=_numbers(stats, "avg30"),
        avg90=_numbers(stats, "avg90"),
        avg180=_numbers(stats, "avg180"),
        avg365=_numbers(stats, "avg365"),
        at_interval_start=_numbers(stats, "atIntervalStart"),
        out_of_stock_percent30=_numbers(stats, "outOfStockPercentage30"),
        out_of_stock_percent90=_numbers(stats, "outOfStockPercentage90"),
        min=_extremes(stats, "min"),
        max=_extremes(stats, "max"),
        min_in_interval=_extremes(stats, "minInInterval"),
        max_in_interval=_extremes(stats, "maxInInterval"),
        lightning=_lightning(stats),
        last_offers_update=as_moment(stats.get("lastOffersUpdate")),
        last_buy_box_update=as_moment(stats.get("lastBuyBoxUpdate")),
        is_buy_box_price_hidden=stats.get("buyBoxIsMAP") is True,
    )


def _entries(stats: JsonObject, name: str) -> Iterable[tuple[int, Any]]:
    array = as_array(stats.get(name))
    return enumerate(() if array is None else plain_list(array))


def _numbers(stats: JsonObject, name: str) -> dict[int, int]:
    return {
        index: value for index, value in _entries(stats, name) if type(value) is int and value >= 0
    }


def _extremes(stats: JsonObject, name: str) -> dict[int, Extreme]:
    extremes = {}
    for index, entry in _entries(stats, name):
        if not isinstance(entry, list) or len(entry) != 2:
            continue
        observed_at, value = as_moment(entry[0]), entry[1]
        if observed_at is not None and type(value) is int and value >= 0:
            extremes[index] = Extreme(observed_at, value)
    return extremes


def _lightning(stats: JsonObject) -> tuple[datetime, datetime | None] | None:
    moments = [as_moment(entry) for _, entry in _entries(stats, "lightningDealInfo")]
    if len(moments) != 2 or moments[0] is None:
        return None
    return moments[0], moments[1]
