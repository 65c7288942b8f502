"""The offers of a product as a reply lists them: who offers it, at what price, seen when.

Shape and fields are those of recorded offers. An offer is seen at the collections only; what they
show follows from the market's own series, so that the cheapest offer of each kind is the price of
that kind's series.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from keeper.domain.locales import Locale
from keeper.domain.prices.types import price_type_of
from keeper.simulator.products.histories import Entries, History
from keeper.simulator.products.merchants import Merchant, merchants_offering
from keeper.simulator.products.sheets import ProductSheet

NEW: Final = 1
USED_CONDITIONS: Final = {
    price_type_of(f"USED_{name}_SHIPPING").index: condition
    for condition, name in enumerate(("NEW", "VERY_GOOD", "GOOD", "ACCEPTABLE"), start=2)
}
"""Amazon's number of each used condition, by the index of its series."""

AMAZON: Final = price_type_of("AMAZON").index
FBA: Final = price_type_of("NEW_FBA").index
FBM: Final = price_type_of("NEW_FBM_SHIPPING").index
_WAREHOUSE: Final = price_type_of("WAREHOUSE").index
_COUNT_FBA: Final = price_type_of("COUNT_NEW_FBA").index
_COUNT_FBM: Final = price_type_of("COUNT_NEW_FBM").index
_DEARER_BY_PLACE: Final = 0.04
_MOST_IN_STOCK: Final = 30

_AMAZONS: Final = {
    "us": "ATVPDKIKX0DER",
    "uk": "A3P5ROKL5A1OLE",
    "de": "A3JWKAKR8XB7XF",
    "fr": "A1X6FK5RDHNB96",
    "jp": "AN1VRQENFRJN5",
    "ca": "A3DWYIK6Y9EEQB",
    "it": "A11IL2PNWYJU7H",
    "es": "A1AT7YVPFBWXBL",
    "in": "AT95IG9ONZD7S",
    "mx": "AVDBXBAVVSXLQ",
    "br": "A1ZZFT5FULY4LN",
}
_WAREHOUSES: Final = {"us": "A2L77EE7U53NWQ"}


class Seller(NamedTuple):
    """Who makes an offer, and from where it is sent."""

    seller_id: str
    is_fba: bool
    is_amazon: bool = False
    is_warehouse: bool = False
    ships_from_china: bool = False


@dataclass(frozen=True, slots=True)
class Sellers:
    """Who offers a product in one locale, of each kind the cheapest first."""

    amazon: Seller
    warehouse: Seller
    fba: tuple[Seller, ...]
    fbm: tuple[Seller, ...]

    def used(self, condition: int) -> Seller:
        """Return who offers it in a used condition."""
        return self.fbm[-condition % len(self.fbm)]


class _Course(NamedTuple):
    """One offer at every collection: −1 where it was not there."""

    seller: Seller
    condition: int
    prices: NDArray[np.int64]
    shippings: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WantedOffers:
    """Which offers are listed, and how much of each.

    Attributes:
        most: So many live offers at most, the cheapest.
        only_live: Leave out those that the last collection did not see.
        stock: Say how many pieces each live offer has.
        since: Leave out what was not seen since this Keepa minute, and prices before it.
    """

    most: int
    only_live: bool = False
    stock: bool = False
    since: int = 0


@dataclass(frozen=True, slots=True)
class ListedOffers:
    """A product's offers as a reply lists them.

    Attributes:
        offers: Offer objects, each with its own number.
        live: Places of those that the last collection saw, the cheapest first.
    """

    offers: list[dict[str, Any]]
    live: list[int]

    def stats(self) -> dict[str, Any]:
        """Return the fields of `stats` about the offers."""
        new = [o for o in (self.offers[place] for place in self.live) if o["condition"] == NEW]
        merchants = [offer for offer in new if not offer["isAmazon"]]
        stats = {
            "retrievedOfferCount": len(self.live),
            "offerCountFBA": sum(offer["isFBA"] for offer in merchants),
            "offerCountFBM": sum(not offer["isFBA"] for offer in merchants),
            "sellerIdsLowestFBA": _lowest([o for o in merchants if o["isFBA"]]),
            "sellerIdsLowestFBM": _lowest([o for o in merchants if not o["isFBA"]]),
        }
        amazons = [offer for offer in new if offer["isAmazon"] and "stockCSV" in offer]
        if amazons:
            stats["stockAmazon"] = amazons[0]["stockCSV"][-1]
        return stats


def sellers_of(sheet: ProductSheet, locale: Locale) -> Sellers:
    """Return who offers a product in one locale."""
    merchants = merchants_offering(sheet, locale)
    amazon = _AMAZONS[locale.domain]
    storing = [merchant for merchant in merchants if merchant.uses_fba] or [merchants[0]]
    sending = [merchant for merchant in merchants if not merchant.uses_fba]
    return Sellers(
        amazon=Seller(amazon, is_fba=True, is_amazon=True),
        warehouse=Seller(_WAREHOUSES.get(locale.domain, amazon), is_fba=True, is_warehouse=True),
        fba=tuple(_seller(merchant, is_fba=True) for merchant in storing),
        # Who has stores sends some things all the same.
        fbm=tuple(_seller(merchant, is_fba=False) for merchant in [*sending, *storing]),
    )


def listed_offers(history: History, sellers: Sellers, wanted: WantedOffers) -> ListedOffers:
    """List a product's offers as its collections saw them.

    Args:
        history: With the market's series.
        sellers: Who offers it.
        wanted: Which of them, and how much of each.
    """
    times = history.collections
    if not len(times):
        return ListedOffers([], [])
    courses = [course for course in _courses(history, sellers, times) if (course.prices >= 0).any()]
    live = [number for number, course in enumerate(courses) if course.prices[-1] >= 0]
    live.sort(key=lambda number: int(courses[number].prices[-1] + courses[number].shippings[-1]))
    del live[wanted.most :]
    past = [
        number
        for number, course in enumerate(courses)
        if course.prices[-1] < 0 and _last_seen(course, times) >= wanted.since
    ]
    listed = sorted(live if wanted.only_live else [*live, *past])
    return ListedOffers(
        [_offer_object(number, courses[number], times, wanted) for number in listed],
        [listed.index(number) for number in live],
    )


def values_at(course: Entries | None, times: NDArray[Any], column: int = 1) -> NDArray[np.int64]:
    """Return what a series says at some times, −1 before its first point."""
    if course is None:
        return np.full(len(times), -1, np.int64)
    place = course[:, 0].searchsorted(times, side="right") - 1
    return np.where(place < 0, -1, course[place, column]).astype(np.int64)


def _lowest(offers: list[dict[str, Any]]) -> list[str] | None:
    """Return who sells at the price of the first, which is the cheapest; None without offers."""
    prices = [int(offer["offerCSV"][-2] + offer["offerCSV"][-1]) for offer in offers]
    lowest = [o["sellerId"] for o, price in zip(offers, prices, strict=True) if price == prices[0]]
    return lowest or None


def _seller(merchant: Merchant, *, is_fba: bool) -> Seller:
    from_china = merchant.ships_from_china and not is_fba
    return Seller(merchant.seller_id, is_fba, ships_from_china=from_china)


def _courses(history: History, sellers: Sellers, times: NDArray[np.int32]) -> Iterator[_Course]:
    market = history.market
    free = np.zeros(len(times), np.int64)
    yield _Course(sellers.amazon, NEW, values_at(history.entries.get(AMAZON), times), free)
    yield from _merchants(market, FBA, _COUNT_FBA, sellers.fba, times)
    yield from _merchants(market, FBM, _COUNT_FBM, sellers.fbm, times)
    for index, condition in USED_CONDITIONS.items():
        course = market.get(index)
        shippings = np.maximum(values_at(course, times, 2), 0)
        yield _Course(sellers.used(condition), condition, values_at(course, times), shippings)
    warehouse = values_at(market.get(_WAREHOUSE), times)
    yield _Course(sellers.warehouse, min(USED_CONDITIONS.values()), warehouse, free)


def _merchants(
    market: Mapping[int, Entries],
    price_index: int,
    count_index: int,
    sellers: tuple[Seller, ...],
    times: NDArray[np.int32],
) -> Iterator[_Course]:
    """Give as many offers as are counted, each dearer than the one before."""
    course = market.get(price_index)
    if course is None:
        return
    lowest, counts = values_at(course, times), values_at(market.get(count_index), times)
    shippings = np.zeros(len(times), np.int64)
    if course.shape[1] > 2:
        shippings = np.maximum(values_at(course, times, 2), 0)
    for place in range(int(counts.max(initial=0))):
        dearer = np.rint(lowest * (1 + place * _DEARER_BY_PLACE)).astype(np.int64)
        prices = np.where((lowest >= 0) & (counts > place), dearer, -1)
        yield _Course(sellers[place % len(sellers)], NEW, prices, shippings)


def _last_seen(course: _Course, times: NDArray[np.int32]) -> int:
    return int(times[np.flatnonzero(course.prices >= 0)[-1]])


def _offer_object(
    number: int, course: _Course, times: NDArray[np.int32], wanted: WantedOffers
) -> dict[str, Any]:
    seen = np.flatnonzero(course.prices >= 0)
    points = np.stack([times[seen], course.prices[seen], course.shippings[seen]], axis=1)
    is_new = np.ones(len(points), dtype=bool)
    is_new[1:] = (points[1:, 1:] != points[:-1, 1:]).any(axis=1)
    points = points[is_new]
    # The price in force is shown however old it is.
    first = min(int(points[:, 0].searchsorted(wanted.since)), len(points) - 1)
    seller = course.seller
    offer = {
        "lastSeen": int(times[seen[-1]]),
        "sellerId": seller.seller_id,
        "offerCSV": points[first:].reshape(-1),
        "condition": course.condition,
        "conditionComment": None,
        "isPrime": seller.is_fba,
        "isMAP": False,
        "isShippable": True,
        "isAddonItem": False,
        "isPreorder": False,
        "isWarehouseDeal": seller.is_warehouse,
        "isScam": False,
        "isAmazon": seller.is_amazon,
        "isPrimeExcl": False,
        "offerId": number,
        "isFBA": seller.is_fba,
        "shipsFromChina": seller.ships_from_china,
        "minOrderQty": 1,
        "lastStockUpdate": 0,
    }
    if wanted.stock and seen[-1] == len(times) - 1:
        offer["stockCSV"] = [int(times[-1]), 1 + (int(points[-1, 1]) + number) % _MOST_IN_STOCK]
        offer["lastStockUpdate"] = int(times[-1])
    return offer
