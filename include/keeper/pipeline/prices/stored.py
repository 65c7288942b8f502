"""What products cost and have cost, for whoever names one.

Prices are Amazon's and belong to no user, so whoever asks for a product by its ASIN gets them. Who
watches it at what target is another matter: keeper.pipeline.watches.listed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.domain.prices.points import KEEPA_EPOCH
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.prices.product_prices import (
    PointSort,
    PointsWanted,
    PriceColumns,
    SeriesPrice,
    StoredPoint,
    StoredProduct,
    current_prices_of,
    find_product,
    find_series,
    point_page,
    price_columns,
)
from keeper.stores.postgres.prices.statistics import (
    LocalePrice,
    SeriesStatistics,
    WeekdayPrice,
    WindowStatistics,
    locale_prices_of,
    statistics_of,
)

__all__ = [
    "ASKED_RUNS",
    "LocalePrice",
    "PointSort",
    "PriceColumns",
    "ProductPrices",
    "SeriesName",
    "SeriesStatistics",
    "Span",
    "StoredPoint",
    "UnknownProductError",
    "WeekdayPrice",
    "WindowStatistics",
    "columns_of",
    "is_asked",
    "other_locales",
    "points_page_of",
    "prices_of",
    "series_id_of",
    "series_statistics",
]
ASKED_RUNS: Final = "console__"
"""How the name of a run begins that somebody asked for; their number follows."""
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


def is_asked(run_id: str) -> bool:
    """Return whether somebody asked for a run, in the console."""
    return run_id.startswith(ASKED_RUNS)


def series_id_of(connection: Connection, series: SeriesName) -> int:
    """Return the number of a series.

    Raises:
        UnknownProductError: Nothing is stored of it.
    """
    found = find_series(connection, series.asin, series.domain, series.price_type)
    if found is None:
        raise UnknownProductError(
            f"no {series.price_type} prices of {series.asin} are stored in {series.domain}; "
            "watch it first"
        )
    return found


def series_statistics(
    connection: Connection, series: SeriesName, *, at: datetime
) -> SeriesStatistics:
    """Return what a series has cost, and where its current price stands.

    Raises:
        UnknownProductError: Nothing is stored of the series.
    """
    series_id_of(connection, series)
    return statistics_of(connection, series.asin, series.domain, series.price_type, at=at)


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
