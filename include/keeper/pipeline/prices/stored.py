"""What products cost and have cost, for whoever names one.

Prices are Amazon's and belong to no user, so whoever asks for a product by its ASIN gets them. Who
watches it at what target is another matter: keeper.pipeline.watches.listed.
"""

import csv
import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.domain.locales import locale_of
from keeper.domain.money import to_major
from keeper.domain.prices.points import KEEPA_EPOCH
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.prices.product_prices import (
    PointSort,
    PointsWanted,
    PriceColumns,
    PriceOrigin,
    SeriesPrice,
    StoredPoint,
    StoredProduct,
    current_prices_of,
    find_product,
    find_series,
    origin_of,
    point_page,
    price_columns,
)
from keeper.stores.postgres.prices.statistics import (
    LocalePrice,
    PriceRank,
    WeekdayPrice,
    WindowStatistics,
    locale_prices_of,
    statistics_of,
    weekday_prices_of,
)

__all__ = [
    "LocalePrice",
    "PointSort",
    "PriceColumns",
    "PriceOrigin",
    "PriceRank",
    "ProductPrices",
    "SeriesName",
    "Span",
    "StoredPoint",
    "UnknownProductError",
    "WeekdayPrice",
    "WindowStatistics",
    "columns_of",
    "history_csv",
    "origin_of_price",
    "other_locales",
    "points_page_of",
    "prices_of",
    "series_id_of",
    "series_statistics",
    "weekdays_of",
]
_HEADER: Final = (
    *("observed_at", "price", "shipping", "currency", "is_implausible", "source"),
    *("checked_at", "last_checked_at"),
)
_MOST_ROWS: Final = 200_000
_END: Final = KEEPA_EPOCH + timedelta(days=20_000)


class UnknownProductError(LookupError):
    """Nothing is stored of a product, or of one of its series."""


@dataclass(frozen=True, slots=True)
class SeriesName:
    """A product's prices of one type in one locale."""

    asin: str
    domain: str
    price_type: str


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, `until` not included; None does not limit it."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def begin(self) -> datetime:
        """The first moment, Keepa's first if it is not limited."""
        return KEEPA_EPOCH if self.since is None else max(self.since, KEEPA_EPOCH)

    @property
    def end(self) -> datetime:
        """The first moment that does not count any more."""
        return _END if self.until is None else min(self.until, _END)


@dataclass(frozen=True, slots=True)
class ProductPrices:
    """A product and its current prices, by price type."""

    product: StoredProduct
    prices: list[SeriesPrice]


def prices_of(connection: Connection, asin: str, domain: str) -> ProductPrices:
    """Return a product's current prices.

    Raises:
        UnknownProductError: Nobody has fetched it.
    """
    product = find_product(connection, asin, domain)
    prices = current_prices_of(connection, asin, domain)
    if product is None and not prices:
        raise UnknownProductError(f"nothing is stored of {asin} in {domain}; watch it first")
    return ProductPrices(product or StoredProduct(), prices)


def points_page_of(
    connection: Connection,
    series: SeriesName,
    span: Span,
    *,
    sort: PointSort,
    most: int,
    after: datetime | None = None,
) -> list[StoredPoint]:
    """Return a page of a series' points.

    Raises:
        UnknownProductError: Nothing is stored of the series.
    """
    wanted = PointsWanted(span.begin, span.end, sort, most, after)
    return point_page(connection, series_id_of(connection, series), wanted)


def history_csv(connection: Connection, series: SeriesName, span: Span) -> str:
    """Return a series' points as CSV, the oldest first; amounts in the currency's main unit.

    Raises:
        UnknownProductError: Nothing is stored of the series.
    """
    points = points_page_of(connection, series, span, sort=PointSort.OLDEST_FIRST, most=_MOST_ROWS)
    currency = locale_of(series.domain).currency

    def amount(minor: int | None) -> str:
        return "" if minor is None else str(to_major(minor, currency))

    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(_HEADER)
    rows.writerows(
        (
            one.observed_at.isoformat(),
            amount(one.price_minor),
            amount(one.shipping_minor),
            currency,
            str(one.implausible).lower(),
            one.source,
            one.checked_at.isoformat(),
            one.last_checked_at.isoformat(),
        )
        for one in points
    )
    return text.getvalue()


def origin_of_price(connection: Connection, series: SeriesName) -> PriceOrigin:
    """Return where the current price of a series is from.

    Raises:
        UnknownProductError: There is none.
    """
    found = origin_of(connection, series.asin, series.domain, series.price_type)
    if found is None:
        raise _unknown(series)
    return found


def columns_of(
    connection: Connection, series: SeriesName, span: Span, *, points: int, with_shipping: bool
) -> PriceColumns:
    """Return a series for a chart, thinned to `points` where there are more.

    Raises:
        UnknownProductError: Nothing is stored of the series.
    """
    return price_columns(
        connection,
        series_id_of(connection, series),
        since=span.begin,
        until=span.end,
        points=points,
        with_shipping=with_shipping,
    )


def series_id_of(connection: Connection, series: SeriesName) -> int:
    """Return the number of a series.

    Raises:
        UnknownProductError: Nothing is stored of it.
    """
    found = find_series(connection, series.asin, series.domain, series.price_type)
    if found is None:
        raise _unknown(series)
    return found


def _unknown(series: SeriesName) -> UnknownProductError:
    return UnknownProductError(
        f"no {series.price_type} prices of {series.asin} are stored in {series.domain}; "
        "watch it first"
    )


def series_statistics(
    connection: Connection, series: SeriesName, *, at: datetime
) -> tuple[list[WindowStatistics], PriceRank]:
    """Return what a series has cost, and where its current price stands.

    Raises:
        UnknownProductError: Nothing is stored of the series.
    """
    series_id_of(connection, series)
    return statistics_of(connection, series.asin, series.domain, series.price_type, at=at)


def weekdays_of(
    connection: Connection, series: SeriesName, *, days: int, at: datetime
) -> list[WeekdayPrice]:
    """Return what a series has cost on each day of the week.

    Raises:
        UnknownProductError: Nothing is stored of the series.
    """
    series_id_of(connection, series)
    return weekday_prices_of(
        connection, series.asin, series.domain, series.price_type, days=days, at=at
    )


def other_locales(
    connection: Connection, asin: str, price_type: str, *, at: datetime
) -> list[LocalePrice]:
    """Return what a product costs in each locale it is known in, the cheapest first.

    Raises:
        UnknownProductError: No such price of it is stored anywhere.
    """
    found = locale_prices_of(connection, asin, price_type, at=at)
    if not found:
        raise UnknownProductError(f"no {price_type} prices of {asin} are stored; watch it first")
    return found
