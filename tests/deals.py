"""Deals for tests that care about a field or two of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from keeper.domain.deals.deal import Deal, DealFilter, DealScore
from keeper.domain.deals.events import DealEvent
from keeper.domain.deals.report import ReportedDeal

CHECKED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)

_DEAL = Deal(
    asin="B000000001",
    domain="us",
    currency="USD",
    price_type="NEW",
    title="A kettle",
    image_url=None,
    observed_at=CHECKED_AT - timedelta(hours=3),
    price_minor=2000,
    shipping_minor=None,
    previous_minor=3000,
    average_day_minor=2800,
    average_week_minor=3000,
    average_month_minor=3000,
    average_90_days_minor=3000,
    list_price_minor=9900,
    rating=4.5,
    review_count=120,
    sales_rank=4321,
    root_category=284507,
    back_in_stock=False,
    lightning_ends_at=None,
    found_at=CHECKED_AT - timedelta(hours=2),
)
FILTER = DealFilter("kettles", "us", "NEW", {"deltaPercentRange": [10, 90]}, filter_id=7)
SCORE = DealScore(63, ("It is cheap.",), 3000, 33, 800)


def a_deal(**changes: Any) -> Deal:
    """Return a kettle, a third cheaper than its average, with some fields changed."""
    return replace(_DEAL, **changes)


def a_deal_event(found_by: DealFilter = FILTER, **changes: Any) -> DealEvent:
    """Return the event of `a_deal` with the usual score, as checked at CHECKED_AT."""
    return DealEvent.of_deal(
        a_deal(**changes),
        found_by=found_by,
        score=SCORE,
        checked_at=CHECKED_AT,
        source="simulator",
        run_id="run-1",
    )


def a_reported_deal(**changes: Any) -> ReportedDeal:
    """Return the same kettle as a report shows it, with a past."""
    deal = a_deal()
    days = ((80, 3000), (40, None), (38, 3100), (9, 3000))
    points = (
        *((CHECKED_AT - timedelta(days=since), price) for since, price in days),
        (deal.observed_at, 2000),
    )
    said = ReportedDeal(
        event_id="deal-1",
        filter=FILTER.name,
        asin=deal.asin,
        domain=deal.domain,
        price_type=deal.price_type,
        currency=deal.currency,
        title=deal.title,
        image_url=deal.image_url,
        price_minor=2000,
        original_minor=SCORE.original_minor,
        discount_percent=SCORE.discount_percent,
        score=SCORE.points,
        reasons=SCORE.reasons,
        rating=deal.rating,
        review_count=deal.review_count,
        back_in_stock=deal.back_in_stock,
        lightning_ends_at=deal.lightning_ends_at,
        observed_at=deal.observed_at,
        last_seen_at=CHECKED_AT,
        points=points,
    )
    return replace(said, **changes)
