"""What single series have cost, in figures."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "product_prices"


@dataclass(frozen=True, slots=True)
class WindowStatistics:
    """What a series has cost in the last days; weighted by time, in minor units, with shipping.

    Attributes:
        days: How many; None for its whole history.
        known_since: The oldest price known within them.
        changes: How often the price changed.
        average_minor: None without an offer.
        lowest_minor: None without an offer.
        lowest_at: Since when it was that low, the first time.
        highest_minor: None without an offer.
        highest_at: Since when it was that high, the first time.
        share_with_offer: Of the time known, 0 to 1.
    """

    days: int | None
    known_since: datetime
    changes: int
    average_minor: int | None
    lowest_minor: int | None
    lowest_at: datetime
    highest_minor: int | None
    highest_at: datetime
    share_with_offer: float | None


@dataclass(frozen=True, slots=True)
class PriceRank:
    """Where a current price stands; None where too little is known.

    Attributes:
        percentile: Among the prices of a year, 0 to 100.
        daily_volatility: Of 90 days, as for shares.
    """

    percentile: float | None
    daily_volatility: float | None


@dataclass(frozen=True, slots=True)
class LocalePrice:
    """What a product costs in a locale, with shipping.

    Attributes:
        domain: The locale.
        currency: Its currency.
        landed_minor: None without an offer.
        euro_cents: By the rate of the day; None without one.
        rate_day: Of which day the rate is; None for euros.
        above_cheapest_percent: How much dearer it is than the cheapest.
        observed_at: Since when it costs that.
    """

    domain: str
    currency: str
    landed_minor: int | None
    euro_cents: int | None
    rate_day: date | None
    above_cheapest_percent: float | None
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class WeekdayPrice:
    """What a series costs on a day of the week, in UTC; weighted by time, with shipping.

    Attributes:
        weekday: 1 is Monday.
        average_minor: None without an offer.
        of_average: In percent of the average over all days; None without an offer.
        in_stock: The share of the time known with an offer, 0 to 1.
    """

    weekday: int
    average_minor: int | None
    of_average: float | None
    in_stock: float


def weekday_prices_of(
    connection: Connection, asin: str, domain: str, price_type: str, *, days: int, at: datetime
) -> list[WeekdayPrice]:
    """Return what a series has cost on each day of the week; none if nothing is known."""
    values = {"asin": asin, "domain": domain, "price_type": price_type, "days": days, "at": at}
    rows = connection.execute(statements(_SQL)["weekdays"], values)
    return [WeekdayPrice(**row) for row in rows]


def statistics_of(
    connection: Connection, asin: str, domain: str, price_type: str, *, at: datetime
) -> tuple[list[WindowStatistics], PriceRank]:
    """Return a series' figures of the last 30, 90, 180 and 365 days and ever, and its rank."""
    values = {"asin": asin, "domain": domain, "price_type": price_type, "at": at}
    windows = connection.execute(statements(_SQL)["statistics"], values).fetchall()
    rank = connection.execute(statements(_SQL)["rank"], values).fetchall()
    return [WindowStatistics(**row) for row in windows], PriceRank(**rank[0])


def locale_prices_of(
    connection: Connection, asin: str, price_type: str, *, at: datetime
) -> list[LocalePrice]:
    """Return what a product costs in each locale, the cheapest first."""
    values = {"asin": asin, "price_type": price_type, "at": at}
    rows = connection.execute(statements(_SQL)["locale_prices"], values)
    return [LocalePrice(**row) for row in rows]
