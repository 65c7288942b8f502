"""The `deal-updates` event: at checked_at, this filter found this deal."""

from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Annotated, Literal, Self

import msgspec

from keeper.domain.asins import ASIN_PATTERN
from keeper.domain.deals.deal import Deal, DealFilter, DealScore
from keeper.domain.money import to_major
from keeper.domain.prices.events import SCHEMA_VERSION, PriceEvent, Source
from keeper.domain.prices.plausibility import is_implausible
from keeper.domain.prices.points import PricePoint
from keeper.domain.prices.types import price_type_of


class DealEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message of `deal-updates`; docs/schemas/ has its JSON Schema.

    As in PriceEvent, `current_price` and `original_price` are decimals in the currency's main unit
    and `…_minor` are what Keeper computes with. `original_price` is what the product usually costs
    (its 90-day average), not the seller's list price.
    """

    asin: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": ASIN_PATTERN})]
    product_title: str | None
    current_price: Decimal | None
    original_price: Decimal | None
    discount_percent: int | None
    rating: float | None
    review_count: int | None
    sales_rank: int | None
    domain: str
    currency: str
    timestamp: datetime
    checked_at: datetime
    event_id: str
    price_type: str
    price_minor: int | None
    original_minor: int | None
    previous_minor: int | None
    list_price_minor: int | None
    filter: str
    filter_id: int
    score: Annotated[int, msgspec.Meta(ge=0, le=100)]
    reasons: tuple[str, ...]
    source: Source
    run_id: str
    event_type: Literal["deal_update"] = "deal_update"
    shipping_minor: int | None = None
    image_url: str | None = None
    root_category: int | None = None
    back_in_stock: bool = False
    lightning_ends_at: datetime | None = None
    schema_version: int = SCHEMA_VERSION

    @classmethod
    def of_deal(
        cls,
        deal: Deal,
        *,
        found_by: DealFilter,
        score: DealScore,
        checked_at: datetime,
        source: Source,
        run_id: str,
    ) -> Self:
        """Build the event that reports `deal`; `found_by` must have been saved."""

        def major(minor: int | None) -> Decimal | None:
            return None if minor is None else to_major(minor, deal.currency)

        if found_by.filter_id is None:
            raise ValueError(f"filter {found_by.name!r} has not been saved")
        return cls(
            asin=deal.asin,
            product_title=deal.title,
            current_price=major(deal.price_minor),
            original_price=major(score.original_minor),
            discount_percent=score.discount_percent,
            rating=deal.rating,
            review_count=deal.review_count,
            sales_rank=deal.sales_rank,
            domain=deal.domain,
            currency=deal.currency,
            timestamp=deal.observed_at,
            checked_at=checked_at,
            event_id=deal_event_id_of(deal, found_by.filter_id),
            price_type=deal.price_type,
            price_minor=deal.price_minor,
            shipping_minor=deal.shipping_minor,
            original_minor=score.original_minor,
            previous_minor=deal.previous_minor,
            list_price_minor=deal.list_price_minor,
            filter=found_by.name,
            filter_id=found_by.filter_id,
            score=score.points,
            reasons=score.reasons,
            source=source,
            run_id=run_id,
            image_url=deal.image_url,
            root_category=deal.root_category,
            back_in_stock=deal.back_in_stock,
            lightning_ends_at=deal.lightning_ends_at,
        )

    def price_report(self) -> PriceEvent | None:
        """Return the same statement as a price event, None where it would say too little.

        Without a price there is nothing to say that a price check would not say better, and a
        series with shipping needs the shipping.
        """
        if self.price_minor is None or price_type_of(self.price_type).has_shipping:
            return None

        def point(observed_at: datetime, price_minor: int) -> PricePoint:
            return PricePoint(
                self.asin,
                self.domain,
                self.price_type,
                observed_at,
                price_minor,
                None,
                self.currency,
            )

        before = [minor for minor in (self.original_minor, self.previous_minor) if minor]
        return PriceEvent.of_point(
            point(self.timestamp, self.price_minor),
            # A message shows only this point's price, so any time will do.
            previous=point(self.timestamp, self.previous_minor) if self.previous_minor else None,
            target_minor=None,
            title=self.product_title,
            image_url=self.image_url,
            implausible=is_implausible(
                self.price_minor,
                earlier_low=min(before, default=None),
                earlier_high=max(before, default=None),
            ),
            checked_at=self.checked_at,
            source=self.source,
            run_id=self.run_id,
        )


def deal_event_id_of(deal: Deal, filter_id: int) -> str:
    """Return the id every report of this deal by this filter has, whichever run made it.

    A deal is a product at a price since a moment: the same seen again is the same deal.
    """
    text = "|".join(
        (
            str(filter_id),
            deal.domain,
            deal.asin,
            deal.price_type,
            deal.observed_at.isoformat(),
            str(deal.price_minor),
        )
    )
    return blake2b(text.encode(), digest_size=16).hexdigest()
