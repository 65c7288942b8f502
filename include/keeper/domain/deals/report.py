"""The daily report: which deals it has, and in which order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

OF_EACH_FILTER: Final = 5
IN_ALL: Final = 20
"""More than that nobody reads in a message; the others are counted and can be looked up."""


@dataclass(frozen=True, slots=True)
class ReportedDeal:
    """A deal as a report shows it; amounts in minor units of `currency`.

    Attributes:
        event_id: The deal's key in collected_deals.
        filter: Name of the saved search that found it.
        asin: The product.
        domain: Keeper's locale name.
        price_type: Keepa's series name.
        currency: ISO 4217 code.
        title: As Amazon shows it.
        image_url: Address of the main picture.
        price_minor: The price, as Keepa's deals count it: with shipping where there is any.
        original_minor: What it usually costs: its 90-day average.
        discount_percent: How far below.
        score: 0 to 100.
        reasons: Why, the weightiest first.
        rating: 0.0 to 5.0.
        review_count: Reviews.
        back_in_stock: It had no offer before.
        lightning_ends_at: End of a lightning deal.
        observed_at: Since when the price holds.
        last_seen_at: When Keepa last reported it.
        points: What it has cost in 90 days: since when each price held, None without an offer.
    """

    event_id: str
    filter: str
    asin: str
    domain: str
    price_type: str
    currency: str
    title: str | None
    image_url: str | None
    price_minor: int
    original_minor: int | None
    discount_percent: int | None
    score: int
    reasons: tuple[str, ...]
    rating: float | None
    review_count: int | None
    back_in_stock: bool
    lightning_ends_at: datetime | None
    observed_at: datetime
    last_seen_at: datetime
    points: tuple[tuple[datetime, int | None], ...] = ()


@dataclass(frozen=True, slots=True)
class DealReport:
    """One reader's new deals.

    Attributes:
        report_id: Its key.
        since: Deals found from then on are in it; for most readers the report before.
        until: When it was made.
        simulated: The prices are the simulator's.
        deals: The best of each search, each search's together.
        left_out: How many more there were.
    """

    report_id: int
    since: datetime
    until: datetime
    simulated: bool
    deals: tuple[ReportedDeal, ...]
    left_out: int


def choose(
    candidates: Iterable[ReportedDeal],
    *,
    of_each_filter: int = OF_EACH_FILTER,
    in_all: int = IN_ALL,
) -> tuple[ReportedDeal, ...]:
    """Return the deals of a report: the best of each filter, filters with the best deal first.

    A product that several filters found, or that is a deal in several price types, is reported
    once, where it scores best among those there is room for.

    Args:
        candidates: What was found.
        of_each_filter: Most deals of a filter.
        in_all: Most deals together; the worst give way.
    """
    found: dict[str, list[ReportedDeal]] = {}
    chosen: set[tuple[str, str]] = set()
    for deal in sorted(candidates, key=_worth):
        product, deals = (deal.asin, deal.domain), found.setdefault(deal.filter, [])
        if product not in chosen and len(deals) < of_each_filter and len(chosen) < in_all:
            deals.append(deal)
            chosen.add(product)
    return tuple(deal for deals in found.values() for deal in deals)


def _worth(deal: ReportedDeal) -> tuple[int, int, str, str]:
    return (-deal.score, -(deal.discount_percent or 0), deal.asin, deal.event_id)
