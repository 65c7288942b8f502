"""The `price-updates` event: at checked_at, Keepa's newest point of a series was this."""

from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Annotated, Final, Literal, Self

import msgspec

from keeper.domain.asins import ASIN_PATTERN
from keeper.domain.money import to_major
from keeper.domain.prices.listing import NO_LABELS, Availability, Coupon, Labels
from keeper.domain.prices.points import PricePoint
from keeper.domain.prices.ratios import log_ratio_e9

Source = Literal["keepa", "simulator"]
SCHEMA_VERSION: Final = 1


class PriceEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message of `price-updates`; docs/schemas/ has its JSON Schema.

    Prices appear twice: `current_price` and its kin are decimals in the currency's main unit for
    readers of the topic, `price_minor` and `shipping_minor` are what Keeper computes with.
    `seen_at` is when Keepa itself last looked, null if it does not say. With `is_price_hidden`
    there is an offer whose price its maker lets nobody show, and its amounts are null. A coupon
    takes off an amount or a percentage, of one purchase or of a subscription; no price counts it
    in. `availability` is Amazon's, of its own price. `root_category` is Keepa's number of it.
    `log_ratio_e9` is ln(price / former price) × 10⁹ with shipping, by the last offer before. What
    is null is not known, or there is none.
    """

    asin: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": ASIN_PATTERN})]
    product_title: str | None
    current_price: Decimal | None
    target_price: Decimal | None
    previous_price: Decimal | None
    price_change: Decimal | None
    domain: str
    currency: str
    timestamp: datetime
    checked_at: datetime
    event_id: str
    price_type: str
    price_minor: int | None
    shipping_minor: int | None
    source: Source
    run_id: str
    event_type: Literal["price_update"] = "price_update"
    image_url: str | None = None
    implausible: bool = False
    seen_at: datetime | None = None
    is_price_hidden: bool = False
    coupon_minor: int | None = None
    coupon_percent: int | None = None
    subscribe_coupon_minor: int | None = None
    subscribe_coupon_percent: int | None = None
    availability: Availability | None = None
    root_category: int | None = None
    brand: str | None = None
    log_ratio_e9: int | None = None
    schema_version: int = SCHEMA_VERSION

    @classmethod
    def of_point(
        cls,
        point: PricePoint,
        *,
        previous: PricePoint | None,
        target_minor: int | None,
        title: str | None,
        image_url: str | None,
        implausible: bool,
        checked_at: datetime,
        source: Source,
        run_id: str,
        seen_at: datetime | None = None,
        is_price_hidden: bool = False,
        coupon: Coupon | None = None,
        availability: Availability | None = None,
        labels: Labels = NO_LABELS,
        last_offer: PricePoint | None = None,
    ) -> Self:
        """Build the event that reports `point`, given the point before it in the same series.

        `last_offer` is the newest one before it with an offer.
        """

        def major(minor: int | None) -> Decimal | None:
            return None if minor is None else to_major(minor, point.currency)

        coupon = coupon or Coupon()
        current = major(point.price_minor)
        former = major(previous.price_minor) if previous else None
        return cls(
            asin=point.asin,
            product_title=title,
            current_price=current,
            target_price=major(target_minor),
            previous_price=former,
            price_change=None if current is None or former is None else current - former,
            domain=point.domain,
            currency=point.currency,
            timestamp=point.observed_at,
            checked_at=checked_at,
            event_id=event_id_of(point),
            price_type=point.price_type,
            price_minor=point.price_minor,
            shipping_minor=point.shipping_minor,
            source=source,
            run_id=run_id,
            image_url=image_url,
            implausible=implausible,
            seen_at=seen_at,
            is_price_hidden=is_price_hidden,
            coupon_minor=coupon.minor,
            coupon_percent=coupon.percent,
            subscribe_coupon_minor=coupon.subscribe_minor,
            subscribe_coupon_percent=coupon.subscribe_percent,
            availability=availability,
            root_category=labels.root_category,
            brand=labels.brand,
            log_ratio_e9=None if implausible else log_ratio_e9(point, last_offer),
        )


def event_id_of(point: PricePoint) -> str:
    """Return the id every report of this point has, whichever check made it."""
    text = "|".join(
        (
            point.domain,
            point.asin,
            point.price_type,
            point.observed_at.isoformat(),
            str(point.price_minor),
            str(point.shipping_minor),
        )
    )
    return blake2b(text.encode(), digest_size=16).hexdigest()
