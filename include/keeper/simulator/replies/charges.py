"""What Keepa takes for a product.

Source: Keepa's documentation of /product; recorded charges agree.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

from keeper.simulator.replies.detail import NO_COLLECTION, ProductDetail

_PRODUCT: Final = 1
_RATING: Final = 1
_BUY_BOX: Final = 2
_STOCK: Final = 2
_FORCED_UPDATE: Final = 1
_OFFERS_PAGE: Final = 6
_OFFERS_ON_PAGE: Final = 10
_NO_NEW_OFFERS: Final = 5
_FAILED_OFFERS: Final = 1
_HISTORICAL_VARIATIONS: Final = 1
_HOUR: Final = 60
_RATING_IS_RECENT: Final = 14 * 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Standing:
    """What a product's price depends on besides the request.

    Attributes:
        offers: Offers in all conditions.
        look_age: Minutes since Keepa looked at it, before this request; None if it never did.
        offers_age: Minutes since Keepa collected its offers, likewise.
        rating_age: Minutes since Keepa read its rating, likewise.
        offers_fail: Its offers cannot be collected now.
        has_parent: It is a variation of another product.
    """

    offers: int
    look_age: int | None
    offers_age: int | None
    rating_age: int | None
    offers_fail: bool = False
    has_parent: bool = False


def is_due(age: int | None, detail: ProductDetail) -> bool:
    """Return whether a request has Keepa look anew at what is so many minutes old."""
    if detail.update_h == NO_COLLECTION:
        return False
    return age is None or age >= detail.update_h * _HOUR


def product_tokens(detail: ProductDetail, standing: Standing) -> int:
    """Return what a product Keepa knows costs."""
    related = _HISTORICAL_VARIATIONS * (detail.historical_variations and standing.has_parent)
    if detail.offers is None:
        return related + _tokens_without_offers(detail, standing)
    return related + _tokens_with_offers(detail, standing, detail.offers)


def unknown_tokens(detail: ProductDetail) -> int:
    """Return what a product Keepa does not know costs: it has to be looked for."""
    return 0 if detail.update_h == NO_COLLECTION else _PRODUCT


def _tokens_with_offers(detail: ProductDetail, standing: Standing, most: int) -> int:
    tokens = _NO_NEW_OFFERS
    if is_due(standing.offers_age, detail):
        if standing.offers_fail:
            return 0 if detail.only_live_offers else _FAILED_OFFERS
        found = min(standing.offers, most)
        if found:
            tokens = _OFFERS_PAGE * ceil(found / _OFFERS_ON_PAGE)
    if detail.stock:
        tokens += _STOCK
    return tokens + _forced_update(detail, standing)


def _tokens_without_offers(detail: ProductDetail, standing: Standing) -> int:
    tokens = _PRODUCT + _forced_update(detail, standing)
    if detail.rating and standing.rating_age is not None:
        tokens += _RATING if standing.rating_age <= _RATING_IS_RECENT else 0
    if detail.buy_box:
        tokens += _BUY_BOX
    return tokens


def _forced_update(detail: ProductDetail, standing: Standing) -> int:
    is_fresh = standing.look_age is not None and standing.look_age < _HOUR
    return _FORCED_UPDATE if detail.update_h == 0 and is_fresh else 0
