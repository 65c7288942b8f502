"""Price events for tests, from a few words each."""

from datetime import UTC, datetime, timedelta

from keeper.domain.locales import locale_of
from keeper.domain.prices.events import PriceEvent
from keeper.domain.prices.listing import Availability, Coupon
from keeper.domain.prices.points import PricePoint

START = datetime(2026, 3, 1, tzinfo=UTC)


def price_event(
    price: int | None,
    *,
    hour: int = 0,
    check: int | None = None,
    asin: str = "B000000001",
    domain: str = "us",
    price_type: str = "NEW",
    shipping: int | None = None,
    previous: int | None = None,
    implausible: bool = False,
    title: str | None = "A kettle",
    run_id: str = "run-1",
    seen_at: datetime | None = None,
    is_price_hidden: bool = False,
    coupon: Coupon | None = None,
    availability: Availability | None = None,
) -> PriceEvent:
    """Return the event of a price that holds since `hour`, seen in the check at hour `check`."""
    currency = locale_of(domain).currency

    def point(minor: int | None, at: datetime) -> PricePoint:
        return PricePoint(asin, domain, price_type, at, minor, shipping, currency)

    observed_at = START + timedelta(hours=hour)
    return PriceEvent.of_point(
        point(price, observed_at),
        previous=None if previous is None else point(previous, observed_at - timedelta(hours=1)),
        target_minor=None,
        title=title,
        image_url=None,
        implausible=implausible,
        checked_at=START + timedelta(hours=hour if check is None else check, minutes=30),
        source="simulator",
        run_id=run_id,
        seen_at=seen_at,
        is_price_hidden=is_price_hidden,
        coupon=coupon,
        availability=availability,
    )
