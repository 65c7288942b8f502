"""A deal as Keepa reports it, and the saved filter that found it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Span(StrEnum):
    """Over which time a price has fallen, in Keepa's order."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "90-days"


@dataclass(frozen=True, slots=True)
class DealFilter:
    """A saved search for deals.

    Attributes:
        name: What its user calls it; unique to the user.
        domain: The locale searched.
        price_type: The one price series the deals are about.
        selection: Keepa's selection fields by their own names (`deltaPercentRange`, `titleSearch`,
            …), without `page`, `domainId` and `priceTypes`, which Keeper fills in.
        min_score: Deals scored below are kept but not reported, 0 to 100.
        filter_id: Its key once saved.
    """

    name: str
    domain: str
    price_type: str
    selection: Mapping[str, object] = field(default_factory=dict)
    min_score: int = 0
    filter_id: int | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    """One entry of a /deal reply, in the series its filter asked for.

    Money is in the minor unit of `currency`; None where Keepa has nothing.

    Attributes:
        asin: The product.
        domain: Keeper's locale name.
        currency: ISO 4217 code.
        price_type: Keepa's series name.
        title: As Amazon shows it.
        image_url: Address of the main picture.
        observed_at: Since when the price holds.
        price_minor: The price now; None when the offer has gone since.
        shipping_minor: Always None today: Keepa's deals give prices only.
        previous_minor: The price just before.
        average_day_minor: Keepa's weighted average over 48 hours; so on for a week, 31 days and
            90 days; None too where these began before there were prices to compare with.
        list_price_minor: What the seller calls the list price: informative, never scored.
        rating: 0.0 to 5.0.
        review_count: Reviews.
        sales_rank: Rank in the root category; lower sells better.
        root_category: Keepa's number of it, None if unknown.
        back_in_stock: The product had no offer before.
        lightning_ends_at: End of a lightning deal, if it is one that ends.
        found_at: When Keepa found the deal.
    """

    asin: str
    domain: str
    currency: str
    price_type: str
    title: str | None
    image_url: str | None
    observed_at: datetime
    price_minor: int | None
    shipping_minor: int | None
    previous_minor: int | None
    average_day_minor: int | None
    average_week_minor: int | None
    average_month_minor: int | None
    average_90_days_minor: int | None
    list_price_minor: int | None
    rating: float | None
    review_count: int | None
    sales_rank: int | None
    root_category: int | None
    back_in_stock: bool
    lightning_ends_at: datetime | None
    found_at: datetime


@dataclass(frozen=True, slots=True)
class DealScore:
    """How good a deal truly is, 0 to 100, and why.

    Attributes:
        points: The score.
        reasons: Plain sentences, the weightiest first; each names the figures it rests on.
        original_minor: What the product usually costs: its average over 90 days. The discount is
            counted from here, never from the list price.
        discount_percent: 100 × (original − price) / original, rounded half up; negative when the
            "deal" is dearer than usual.
        history_days: How much of the product's own history the score rests on; 0 if only Keepa's
            averages were known.
    """

    points: int
    reasons: tuple[str, ...]
    original_minor: int | None
    discount_percent: int | None
    history_days: int
