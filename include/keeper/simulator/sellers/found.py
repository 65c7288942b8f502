"""Seller objects as a /seller reply carries them, and the list of the best rated.

Source: Keepa's documentation of the seller object; no reply was recorded. Fields that only some
sellers have (address, tax numbers, feedback) are left out, as Keepa leaves them out.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from random import Random
from typing import Any, Final, NamedTuple

from keeper.domain.locales import Locale
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.categories import root_id
from keeper.simulator.products.merchants import Merchant, merchants_of, merchants_offering
from keeper.simulator.products.sheets import STANDARD, ProductSheet

_DAY: Final = 1440
_SPANS: Final = (30, 90, 365)
_POINT_EVERY: Final = 30 * _DAY
_LISTED: Final = 7 * _DAY
_MOST_GROUPS: Final = 20
_MOST_COMPETITORS: Final = 5


class _Ratings(NamedTuple):
    """A merchant's ratings at one time."""

    minute: int
    percent: int
    number: int


class _Listings(NamedTuple):
    """Which products each seller offers, and the ids of each product's sellers by ASIN."""

    offered: dict[str, list[ProductSheet]]
    merchants: dict[str, tuple[str, ...]]


def find_sellers(
    catalogue: Catalogue,
    locale: Locale,
    wanted: Iterable[str],
    at: int,
    *,
    storefront: bool = False,
) -> dict[str, dict[str, Any]]:
    """Return the seller objects of the ids that exist, by id, in the order asked for.

    Args:
        catalogue: Whose products they offer; of each locale its first 5,000.
        locale: Where.
        wanted: Seller ids.
        at: Keepa minute of the reply.
        storefront: Name the products they list now or listed within seven days.
    """
    known = {merchant.seller_id: merchant for merchant in merchants_of(catalogue.seed, locale)}
    return {
        seller_id: _seller_object(catalogue, locale, known[seller_id], at, storefront=storefront)
        for seller_id in wanted
        if seller_id in known
    }


def best_rated(catalogue: Catalogue, locale: Locale, at: int) -> list[str]:
    """Return the ids of all sellers, those with the most ratings at a Keepa minute first."""
    merchants = merchants_of(catalogue.seed, locale)
    counts = {merchant.seller_id: _ratings(merchant, at).number for merchant in merchants}
    return sorted(counts, key=lambda seller_id: (-counts[seller_id], seller_id))


def _seller_object(
    catalogue: Catalogue, locale: Locale, merchant: Merchant, at: int, *, storefront: bool
) -> dict[str, Any]:
    course, now = _rating_course(merchant, at), _ratings(merchant, at)
    listings = _listings(catalogue, locale)
    offered = listings.offered[merchant.seller_id]
    rivals = [listings.merchants[sheet.asin] for sheet in offered]
    updated = at - at % _DAY
    seller: dict[str, Any] = {
        "domainId": locale.keepa_id,
        "trackedSince": merchant.tracked_since,
        "lastUpdate": updated,
        "sellerId": merchant.seller_id,
        "sellerName": merchant.name,
        "csv": [
            [number for point in course for number in (point.minute, point.percent)],
            [number for point in course for number in (point.minute, point.number)],
        ],
        "shipsFromChina": merchant.ships_from_china,
        "hasFBA": merchant.uses_fba,
        "lastRatingUpdate": updated,
        "currentRating": now.percent,
        "currentRatingCount": now.number,
        "ratingsLast30Days": now.number - _ratings(merchant, at - 30 * _DAY).number,
        **_shares(merchant, at),
        "totalStorefrontAsins": [updated, len(offered)],
        "sellerBrandStatistics": _statistics("brand", [(s.brand.lower(), s) for s in offered]),
        "sellerCategoryStatistics": _statistics(
            "catId", [(root_id(locale, s.kind.category), s) for s in offered]
        ),
        "avgBuyBoxCompetitors": _mean(len(merchants) for merchants in rivals),
        "competitors": _competitors(merchant, rivals),
    }
    if storefront and offered:
        seen = sorted(((_last_seen(merchant, s, at), s.asin) for s in offered), reverse=True)
        listed = [(minute, asin) for minute, asin in seen if minute > at - _LISTED]
        seller["asinList"] = [asin for _, asin in listed]
        seller["asinListLastSeen"] = [minute for minute, _ in listed]
    return seller


def _has_offers(sheet: ProductSheet) -> bool:
    return sheet.product_type == STANDARD and sheet.has_history


@lru_cache(maxsize=16)
def _listings(catalogue: Catalogue, locale: Locale) -> _Listings:
    found = _Listings({m.seller_id: [] for m in merchants_of(catalogue.seed, locale)}, {})
    for sheet in catalogue.listed(locale, _has_offers):
        merchants = merchants_offering(sheet, locale)
        found.merchants[sheet.asin] = tuple(merchant.seller_id for merchant in merchants)
        for merchant in merchants:
            found.offered[merchant.seller_id].append(sheet)
    return found


def _last_seen(merchant: Merchant, sheet: ProductSheet, at: int) -> int:
    """Return when a product was last seen in a storefront: up to a day ago while it is sold."""
    if sheet.ended is not None and sheet.ended < at:
        return sheet.ended
    visit = Random(f"storefront/{merchant.seller_id}/{sheet.asin}").randrange(_DAY)
    return at - (at - visit) % _DAY


def _rating_course(merchant: Merchant, at: int) -> list[_Ratings]:
    """Return what the ratings were every thirty days until a Keepa minute."""
    minutes = range(merchant.tracked_since, max(at, merchant.tracked_since) + 1, _POINT_EVERY)
    return [_ratings(merchant, minute) for minute in minutes]


def _ratings(merchant: Merchant, minute: int) -> _Ratings:
    days = max(minute - merchant.tracked_since, 0) / _DAY
    month = minute // _POINT_EVERY
    waver = Random(f"rating/{merchant.seller_id}/{month}").randint(-2, 1)
    count = 20 + int(merchant.ratings_a_day * days)
    return _Ratings(minute, min(merchant.usual_rating + waver, 100), count)


def _shares(merchant: Merchant, at: int) -> dict[str, list[int]]:
    """Return counts and percentages of the last 30, 90 and 365 days and of all time."""
    now = _ratings(merchant, at)
    counts = [now.number - _ratings(merchant, at - days * _DAY).number for days in _SPANS]
    positive = [_ratings(merchant, at - days * _DAY // 2).percent for days in _SPANS]
    positive.append(merchant.usual_rating)
    neutral = [(100 - percent) // 3 for percent in positive]
    negative = [100 - good - fair for good, fair in zip(positive, neutral, strict=True)]
    return {
        "ratingCount": [*counts, now.number],
        "positiveRating": positive,
        "neutralRating": neutral,
        "negativeRating": negative,
    }


def _statistics(name: str, products: list[tuple[Any, ProductSheet]]) -> list[dict[str, Any]]:
    groups: dict[Any, list[ProductSheet]] = {}
    for key, sheet in products:
        groups.setdefault(key, []).append(sheet)
    largest = sorted(groups.items(), key=lambda group: (-len(group[1]), str(group[0])))
    return [
        {
            name: key,
            "productCount": len(sheets),
            "avg30SalesRank": sum(sheet.usual_rank for sheet in sheets) // len(sheets),
            "productCountWithAmazonOffer": sum(sheet.sold_by_amazon for sheet in sheets),
        }
        for key, sheets in largest[:_MOST_GROUPS]
    ]


def _mean(numbers: Iterable[int]) -> float:
    counted = list(numbers)
    return round(sum(counted) / len(counted), 1) if counted else 0.0


def _competitors(merchant: Merchant, rivals: list[tuple[str, ...]]) -> list[dict[str, Any]]:
    shared = Counter(seller_id for sellers in rivals for seller_id in sellers)
    del shared[merchant.seller_id]
    most = sorted(shared.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_COMPETITORS]
    return [{"sellerId": one, "percent": 100 * count // len(rivals)} for one, count in most]
