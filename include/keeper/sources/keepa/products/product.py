"""One product of a /product reply, in Keeper's reading."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from keeper.domain.locales import Locale
from keeper.domain.prices.detail import Detail
from keeper.domain.prices.listing import COUPON_TYPES, NO_LABELS, Availability, Coupon, Labels
from keeper.domain.prices.points import PricePoint
from keeper.domain.prices.types import PRICE_TYPES, PriceType, price_type_of
from keeper.domain.product_kinds import ProductKind
from keeper.sources.keepa.products.lightning import LIGHTNING_DEAL, LightningDeal
from keeper.sources.keepa.products.listing import Variation
from keeper.sources.keepa.products.series import NO_OFFER, Series
from keeper.sources.keepa.products.stats import ProductStats

_OFFER_COUNTS: Final = (
    "COUNT_NEW",
    "COUNT_USED",
    "COUNT_REFURBISHED",
    "COUNT_COLLECTIBLE",
    "COUNT_NEW_FBA",
    "COUNT_NEW_FBM",
)
_AMAZON: Final = price_type_of("AMAZON")
_NEW: Final = price_type_of("NEW")
_BUY_BOX: Final = price_type_of("BUY_BOX_SHIPPING")
_OFFERS_COLLECTED: Final = price_type_of("EXTRA_INFO_UPDATES")


class SeriesState(StrEnum):
    """How much a reply holds of a series."""

    WHOLE = "whole"
    NONE = "none"
    """Null in the reply: Keepa has no history, or was not asked for it."""
    DAMAGED = "damaged"
    """Some entries cannot be read; the newest can, so that the current price is known."""
    NEWEST_LOST = "newest_lost"
    """The newest entry cannot be read: the current price is not known, earlier points are."""
    UNREADABLE = "unreadable"
    """There is something, but nothing of it can be read."""

    @property
    def is_answer(self) -> bool:
        """Return whether the reply says what the series' price is now, none included."""
        return self not in {SeriesState.NEWEST_LOST, SeriesState.UNREADABLE}


@dataclass(frozen=True, slots=True)
class DecodedProduct:
    """One product of a reply.

    Attributes:
        asin: The product.
        locale: Its Amazon.
        title: As Amazon shows it, None if Keepa has none.
        image: Address of the main picture.
        last_update: When Keepa last looked at the product.
        tracked_since: When Keepa began to.
        series: By price type index, in that order; only series with points. Empty for a product
            without history. No point is from after the reply.
        stats: None if the request did not ask for them.
        lightning_end: When the lightning deal that runs, or is to come, ends, if the series
            announces it.
        kind: What sort of product it is; it decides whether there can be prices.
        parent_asin: Of which product it is a variation.
        variations: What a parent stands for, at most 50.
        is_new_price_hidden: There is a new offer whose price its maker lets nobody show.
        offers_successful: Whether Keepa could collect the offers it was asked for; None if it was
            not asked. False also if there are no offers.
        last_rating_update: When Keepa last looked at rating and reviews.
        coupon: What a coupon took off when Keepa last collected the offers.
        availability: Whether Amazon itself can deliver; None if it has no offer, or is not known
            to.
        damaged: The state of each series that is not whole, by price type index.
        labels: Its root category and brand.
    """

    asin: str
    locale: Locale
    title: str | None
    image: str | None
    last_update: datetime | None
    tracked_since: datetime | None
    series: Mapping[int, Series]
    stats: ProductStats | None
    lightning_end: datetime | None = None
    kind: ProductKind = ProductKind.STANDARD
    parent_asin: str | None = None
    variations: tuple[Variation, ...] = ()
    is_new_price_hidden: bool = False
    offers_successful: bool | None = None
    last_rating_update: datetime | None = None
    coupon: Coupon | None = None
    availability: Availability | None = None
    damaged: Mapping[int, SeriesState] = field(default_factory=dict)
    labels: Labels = NO_LABELS

    def points(self, price_types: Iterable[PriceType] | None = None) -> Iterator[PricePoint]:
        """Give the points of some price types, by index and then time.

        Args:
            price_types: Which; None for every price. Ranks, counts and ratings only on request.
        """
        if price_types is None:
            price_types = (price_type for price_type in PRICE_TYPES if price_type.is_price)
        for index in sorted({price_type.index for price_type in price_types}):
            if index in self.series:
                yield from self.series[index].points()

    def current(self, price_type: PriceType) -> int | None:
        """Return the newest value, shipping included, None if there is none now or it is not known.

        Minor units, or the bare rank, count or rating × 10. It is read from the series, or from
        `stats` if the request left the history out or its newest entry cannot be read.
        """
        series = self.series.get(price_type.index)
        if series is not None and self.state_of(price_type).is_answer:
            newest = int(series.offers(landed=True)[-1])
            return None if newest == NO_OFFER else newest
        return self.stats.current.get(price_type.index) if self.stats is not None else None

    def state_of(self, price_type: PriceType) -> SeriesState:
        """Return how much the reply holds of a series."""
        there = SeriesState.WHOLE if price_type.index in self.series else SeriesState.NONE
        return self.damaged.get(price_type.index, there)

    def is_price_hidden(self, price_type: PriceType) -> bool:
        """Return whether there is an offer whose price the maker's minimum forbids to show.

        The series then says that there is none. Keepa says so of NEW and of the buy box.
        """
        is_hidden = price_type == _NEW and self.is_new_price_hidden
        if price_type == _BUY_BOX and self.stats is not None:
            is_hidden = self.stats.is_buy_box_price_hidden
        return is_hidden and self.current(price_type) is None

    def coupon_of(self, price_type: PriceType) -> Coupon | None:
        """Return the coupon for what is sold at the current price of a type; None without one.

        Keepa looks for coupons when it collects the offers. One that was seen before the price was
        may be over, so it counts as not known.
        """
        if price_type.name not in COUPON_TYPES or self.current(price_type) is None:
            return None
        price_seen, coupon_seen = self.seen_at(price_type.detail), self.last_offers_update
        if price_seen is None or coupon_seen is None or coupon_seen < price_seen:
            return None
        return self.coupon

    def availability_of(self, price_type: PriceType) -> Availability | None:
        """Return whether Amazon can deliver at the current price of a type, None if not known.

        Known of Amazon's own price alone: the others may be of other sellers.
        """
        is_offered = price_type == _AMAZON and self.current(price_type) is not None
        return self.availability if is_offered else None

    def seen_at(self, detail: Detail) -> datetime | None:
        """Return when Keepa last looked at what requests of this detail bring, None if unknown.

        A series of it that has not changed since was the same then. Nothing is known of later.
        """
        match detail:
            case Detail.BASIC:
                return self.last_update
            case Detail.BUY_BOX:
                return self.last_buy_box_update
            case Detail.OFFERS:
                return self.last_offers_update

    @property
    def last_buy_box_update(self) -> datetime | None:
        """When Keepa last looked at the buy box; None if it was not asked for."""
        return self.stats.last_buy_box_update if self.stats is not None else None

    @property
    def last_offers_update(self) -> datetime | None:
        """When Keepa last collected the offers, None if it does not say."""
        if self.stats is not None and self.stats.last_offers_update is not None:
            return self.stats.last_offers_update
        collected = self.series.get(_OFFERS_COLLECTED.index)
        return None if collected is None else collected.latest().observed_at

    @property
    def rating(self) -> float | None:
        """Stars, 0.0 to 5.0."""
        stars = self.current(price_type_of("RATING"))
        return None if stars is None else stars / 10

    @property
    def review_count(self) -> int | None:
        """How many reviews there are."""
        return self.current(price_type_of("COUNT_REVIEWS"))

    @property
    def sales_rank(self) -> int | None:
        """The rank in the root category; lower sells better."""
        return self.current(price_type_of("SALES"))

    @property
    def offer_counts(self) -> dict[str, int]:
        """How many offers there are, by Keepa's name (COUNT_NEW, COUNT_USED, …) where known."""
        counts = {name: self.current(price_type_of(name)) for name in _OFFER_COUNTS}
        return {name: count for name, count in counts.items() if count is not None}

    @property
    def lightning_deal(self) -> LightningDeal | None:
        """The last lightning deal, None if the product never had one."""
        times = self.stats.lightning if self.stats is not None else None
        is_known = LIGHTNING_DEAL.index in self.series or self.lightning_end is not None
        if times is None and not is_known:
            return None
        starts_at, ends_at = times or (None, self.lightning_end)
        return LightningDeal(starts_at, ends_at, self.current(LIGHTNING_DEAL))
