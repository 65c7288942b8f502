"""How much of a product a request asks for, and what Keepa then sends of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from keeper.simulator.products.series import ALWAYS, BUY_BOX, OF_COLLECTIONS, RATINGS
from keeper.simulator.products.stats import NOT_REQUESTED, OFFER_COUNTS, Interval

DEFAULT_UPDATE_H: Final = 1
NO_COLLECTION: Final = -1
"""An `update` with which Keepa looks at nothing before it answers."""

_OFFERS_FIELDS: Final = ("offers", "liveOffersOrder")
_BUY_BOX_FIELDS: Final = ("buyBoxSellerIdHistory", "buyBoxUsedHistory", "buyBoxEligibleOfferCounts")
_HISTORIES: Final = ("csv", "salesRanks", "buyBoxSellerIdHistory", "buyBoxUsedHistory")
_EXTREMES: Final = ("min", "max", "minInInterval", "maxInInterval")
_BUY_BOX_PRICES: Final = (
    "buyBoxPrice",
    "buyBoxShipping",
    "buyBoxUsedPrice",
    "buyBoxUsedShipping",
)


@dataclass(frozen=True, slots=True)
class ProductDetail:
    """How much of a product a request asks for.

    Attributes:
        interval: What `stats` counts over, None to leave them out.
        history: Whether histories are wanted: `csv`, sales ranks, holders of the buy boxes.
        days: Only the points of the last so many days, None for all.
        rating: Ratings and reviews are wanted.
        buy_box: The buy box is wanted.
        offers: Offers wanted at most, None for none.
        only_live_offers: Past offers are left out.
        stock: The stock of each offer is wanted.
        historical_variations: Former variations of a parent are wanted.
        videos: Videos are wanted.
        a_plus: The maker's presentation is wanted.
        update_h: Age in hours from which Keepa looks at a product anew; −1 for never.
    """

    interval: Interval | None = None
    history: bool = True
    days: int | None = None
    rating: bool = False
    buy_box: bool = False
    offers: int | None = None
    only_live_offers: bool = False
    stock: bool = False
    historical_variations: bool = False
    videos: bool = False
    a_plus: bool = False
    update_h: int = DEFAULT_UPDATE_H

    @property
    def series(self) -> frozenset[int]:
        """The indexes of `csv` that come."""
        return _series(self.rating, self.has_buy_box, self.offers is not None)

    @property
    def has_buy_box(self) -> bool:
        """Whether fields about the buy box come."""
        return self.buy_box or self.offers is not None


@cache
def _series(rating: bool, buy_box: bool, offers: bool) -> frozenset[int]:
    found = ALWAYS
    if rating:
        found |= RATINGS
    if buy_box:
        found |= BUY_BOX
    return found | OF_COLLECTIONS if offers else found


def withhold(product: Mapping[str, Any], detail: ProductDetail) -> dict[str, Any]:
    """Return what Keepa would have sent of a recorded product, had it been asked for like this.

    Args:
        product: A product object of a reply with offers; it stays as it is. Its `stats` keep the
            interval they were recorded with, its `csv` all days.
        detail: What the request asks for.
    """
    shown = dict(product)
    csv = shown.get("csv")
    if csv is not None:
        wanted = detail.series
        kept = [flat if index in wanted else None for index, flat in enumerate(csv)]
        shown["csv"] = kept
    if not detail.history:
        shown.update((name, None) for name in _HISTORIES if name in shown)
    if detail.offers is None:
        shown.update((name, None) for name in _OFFERS_FIELDS if name in shown)
        shown.pop("offersSuccessful", None)
    for name, is_wanted in (("videos", detail.videos), ("aPlus", detail.a_plus)):
        if not is_wanted:
            shown.pop(name, None)
    if not detail.has_buy_box:
        shown.update((name, None) for name in _BUY_BOX_FIELDS if name in shown)
    stats = shown.pop("stats", None)
    if stats is not None and detail.interval is not None:
        shown["stats"] = _withheld_stats(stats, detail)
    return shown


def _withheld_stats(stats: Mapping[str, Any], detail: ProductDetail) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    wanted = detail.series
    for name, value in stats.items():
        if _is_by_series(name):
            absent = _absent(name)
            shown[name] = [v if index in wanted else absent for index, v in enumerate(value)]
        elif detail.offers is None and name in OFFER_COUNTS:
            shown[name] = NOT_REQUESTED
        elif detail.offers is None and name.startswith(("sellerIdsLowest", "stock")):
            continue
        elif not detail.has_buy_box and name in _BUY_BOX_PRICES:
            shown[name] = NOT_REQUESTED
        elif not detail.has_buy_box and name.startswith(("buyBox", "lastBuyBox")):
            continue
        else:
            shown[name] = value
    return shown


def _is_by_series(name: str) -> bool:
    return (
        name in {"current", "atIntervalStart", *_EXTREMES}
        or name.startswith(("isLowest", "outOfStockPercentage"))
        or name.removeprefix("avg").isdigit()
        or name == "avg"
    )


def _absent(name: str) -> int | bool | None:
    if name in _EXTREMES:
        return None
    return False if name.startswith("isLowest") else -1
