"""Keepa's price history series: their index in `csv`, their names and how each is read.

Source: Keepa's `Product.CsvType`; the triplet and non-price marks agree with recorded replies.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.domain.prices.detail import Detail
from keeper.domain.prices.landed import LANDED_SINCE, LANDED_TYPES


@dataclass(frozen=True, slots=True)
class PriceType:
    """One series of a product's `csv`.

    Attributes:
        index: Position in `csv`, `stats.current` and the like.
        name: Keepa's name, the value of every `price_type` field.
        has_shipping: Entries are (time, price, shipping) triplets instead of pairs.
        is_price: Values are money; otherwise a rank, a count or a rating.
        has_deals: Keepa searches deals in it.
        detail: The least a request must ask for to bring it.
        is_gone: Keepa keeps it no more; nothing brings it.
        landed_since: When its prices began to include shipping, though they come without any; None
            where they never changed their meaning.
    """

    index: int
    name: str
    has_shipping: bool = False
    is_price: bool = True
    has_deals: bool = False
    detail: Detail = Detail.BASIC
    is_gone: bool = False
    landed_since: datetime | None = None

    def comparable_since(self, at: datetime) -> datetime | None:
        """Return before when points are not to be compared with a price seen at `at`.

        None where all may be. See keeper.domain.prices.landed.
        """
        since = self.landed_since
        return since if since is not None and at >= since else None

    def is_cut(self, days: int, at: datetime) -> bool:
        """Whether the last days before `at` began before there were prices to compare with."""
        since = self.comparable_since(at)
        return since is not None and at - timedelta(days=days) < since


_NAMES: Final = (
    "AMAZON NEW USED SALES LISTPRICE COLLECTIBLE REFURBISHED NEW_FBM_SHIPPING LIGHTNING_DEAL "
    "WAREHOUSE NEW_FBA COUNT_NEW COUNT_USED COUNT_REFURBISHED COUNT_COLLECTIBLE "
    "EXTRA_INFO_UPDATES RATING COUNT_REVIEWS BUY_BOX_SHIPPING USED_NEW_SHIPPING "
    "USED_VERY_GOOD_SHIPPING USED_GOOD_SHIPPING USED_ACCEPTABLE_SHIPPING "
    "COLLECTIBLE_NEW_SHIPPING COLLECTIBLE_VERY_GOOD_SHIPPING COLLECTIBLE_GOOD_SHIPPING "
    "COLLECTIBLE_ACCEPTABLE_SHIPPING REFURBISHED_SHIPPING EBAY_NEW_SHIPPING "
    "EBAY_USED_SHIPPING TRADE_IN RENT BUY_BOX_USED_SHIPPING PRIME_EXCL COUNT_NEW_FBA "
    "COUNT_NEW_FBM"
).split()

_NOT_PRICES: Final = frozenset(
    {
        "SALES",
        "COUNT_NEW",
        "COUNT_USED",
        "COUNT_REFURBISHED",
        "COUNT_COLLECTIBLE",
        "EXTRA_INFO_UPDATES",
        "RATING",
        "COUNT_REVIEWS",
        "COUNT_NEW_FBA",
        "COUNT_NEW_FBM",
    }
)

# Source: Keepa's documentation of /deal. Sales ranks have deals too, which are no matter of prices.
_WITH_DEALS: Final = frozenset(
    {
        "AMAZON",
        "NEW",
        "USED",
        "COLLECTIBLE",
        "REFURBISHED",
        "NEW_FBM_SHIPPING",
        "LIGHTNING_DEAL",
        "WAREHOUSE",
        "NEW_FBA",
        "BUY_BOX_SHIPPING",
        "USED_NEW_SHIPPING",
        "USED_VERY_GOOD_SHIPPING",
        "USED_GOOD_SHIPPING",
        "USED_ACCEPTABLE_SHIPPING",
        "REFURBISHED_SHIPPING",
        "BUY_BOX_USED_SHIPPING",
        "PRIME_EXCL",
    }
)

# Source: Keepa's documentation of /product and its `CsvType.isExtraData`.
_BUY_BOX: Final = "BUY_BOX_SHIPPING"
_OF_OFFERS: Final = frozenset(
    {
        "NEW_FBM_SHIPPING",
        "WAREHOUSE",
        "NEW_FBA",
        "EXTRA_INFO_UPDATES",
        "RATING",
        "COUNT_REVIEWS",
        "USED_NEW_SHIPPING",
        "USED_VERY_GOOD_SHIPPING",
        "USED_GOOD_SHIPPING",
        "USED_ACCEPTABLE_SHIPPING",
        "COLLECTIBLE_NEW_SHIPPING",
        "COLLECTIBLE_VERY_GOOD_SHIPPING",
        "COLLECTIBLE_GOOD_SHIPPING",
        "COLLECTIBLE_ACCEPTABLE_SHIPPING",
        "REFURBISHED_SHIPPING",
        "BUY_BOX_USED_SHIPPING",
        "PRIME_EXCL",
    }
)
_GONE: Final = frozenset({"RENT"})
"""Keepa keeps no rents since February 2026."""


def _detail_of(name: str) -> Detail:
    if name in _OF_OFFERS:
        return Detail.OFFERS
    return Detail.BUY_BOX if name == _BUY_BOX else Detail.BASIC


PRICE_TYPES: Final[tuple[PriceType, ...]] = tuple(
    PriceType(
        index,
        name,
        has_shipping=name.endswith("_SHIPPING"),
        is_price=name not in _NOT_PRICES,
        has_deals=name in _WITH_DEALS,
        detail=_detail_of(name),
        is_gone=name in _GONE,
        landed_since=LANDED_SINCE if name in LANDED_TYPES else None,
    )
    for index, name in enumerate(_NAMES)
)

_BY_NAME: Final = {price_type.name: price_type for price_type in PRICE_TYPES}


class UnknownPriceTypeError(ValueError):
    """A name Keepa gives to none of its price series."""


def price_type_of(name: str) -> PriceType:
    """Return the series called `name`, prices or not, or raise UnknownPriceTypeError."""
    try:
        return _BY_NAME[name]
    except KeyError:
        known = ", ".join(p.name for p in PRICE_TYPES if p.is_price)
        raise UnknownPriceTypeError(
            f"Keepa has no price type {name!r}; choose one of {known}"
        ) from None


def validate_with_shipping(price_type: PriceType) -> None:
    """Refuse to add shipping to the prices of a series that holds none.

    Those that include it already pass: it changes nothing there.

    Raises:
        ValueError: Keepa gives no shipping for it; the sentence names the price types that have it.
    """
    if price_type.has_shipping or price_type.landed_since is not None:
        return
    having = ", ".join(p.name for p in PRICE_TYPES if p.has_shipping and not p.is_gone)
    raise ValueError(
        f"Keepa gives {price_type.name} without shipping, so with_shipping cannot count it; the "
        f"price types with shipping are {having}"
    )


def detail_of(names: Iterable[str]) -> Detail:
    """Return the least a request must ask for to bring all price types `names`.

    Raises:
        UnknownPriceTypeError: One of them is no price type.
    """
    return Detail.most(price_type_of(name).detail for name in names)
