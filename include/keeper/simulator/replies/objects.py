"""Product objects as a /product reply carries them."""

from random import Random
from typing import Any, Final, NamedTuple

import numpy as np

from keeper.domain.locales import Locale
from keeper.domain.prices.types import PRICE_TYPES, price_type_of
from keeper.simulator.products.categories import root_id, shelf_id
from keeper.simulator.products.histories import History
from keeper.simulator.products.lightning_spells import Spell
from keeper.simulator.products.markets import HIDDEN_SINCE, NO_OFFER
from keeper.simulator.products.sheets import STANDARD, WITHDRAWN, ProductSheet
from keeper.simulator.products.stats import stats_of
from keeper.simulator.replies.buy_box import BuyBoxes
from keeper.simulator.replies.detail import ProductDetail
from keeper.simulator.replies.media import a_plus_of, videos_of
from keeper.simulator.replies.offers import WantedOffers, listed_offers, sellers_of

_DAY: Final = 1440
_COUPON_SHARE: Final = 0.06
_COUPON_SPAN: Final = 3 * 7 * _DAY
_COUNT_NEW: Final = price_type_of("COUNT_NEW").index
_LIGHTNING: Final = price_type_of("LIGHTNING_DEAL").index
_SALES: Final = price_type_of("SALES").index


class LastVisits(NamedTuple):
    """When Keepa last looked at a product and last collected its offers; None for never."""

    look: int | None
    collection: int | None


def product_object(
    sheet: ProductSheet,
    locale: Locale,
    history: History,
    at: int,
    detail: ProductDetail,
    last: LastVisits,
    lightning: Spell | None = None,
) -> dict[str, Any]:
    """Build a product as Keepa would send it.

    Args:
        sheet: The product.
        locale: Where it is asked for.
        history: All that is known of it at `at`.
        at: Keepa minute of the reply.
        detail: What the request asks for. `days` keeps the points within so many days and not the
            one in force before them; Keepa's own rule there is not known.
        last: Keepa's last visits, those for this request among them.
        lightning: The lightning deal that runs: its series then ends with the announced end.
    """
    known = history.only(detail.series)
    shown = known if detail.days is None else known.since(at - detail.days * _DAY)
    looked = at if last.look is None else last.look
    ranks = shown.entries.get(_SALES)
    root = str(root_id(locale, sheet.kind.category))
    has_series = detail.history and sheet.product_type == STANDARD
    product: dict[str, Any] = {
        "asin": sheet.asin,
        "domainId": locale.keepa_id,
        "csv": _csv(shown, lightning) if has_series else None,
        "productType": sheet.product_type,
        "parentAsin": sheet.parent,
        **_description(sheet, locale),
        "salesRanks": {root: ranks.reshape(-1)} if has_series and ranks is not None else {},
        "trackingSince": sheet.tracked_since,
        "listedSince": sheet.tracked_since,
        "lastUpdate": looked,
        "lastRatingUpdate": last.collection or 0,
        "lastPriceChange": _last_price_change(history, looked),
        "hasReviews": sheet.has_history,
        "isAdultProduct": False,
        "newPriceIsMAP": _hides_price(sheet, history, at),
        "coupon": _coupon(sheet, locale, last.collection),
        "availabilityAmazon": 0 if sheet.sold_by_amazon else -1,
        "offers": None,
        "liveOffersOrder": None,
        "buyBoxSellerIdHistory": None,
    }
    if detail.videos:
        product["videos"] = videos_of(sheet)
    if detail.a_plus:
        product["aPlus"] = a_plus_of(sheet)
    if detail.interval is not None:
        stats = stats_of(known, at, detail.interval, has_buy_box=detail.has_buy_box)
        stats["lastOffersUpdate"] = last.collection or 0
        if detail.has_buy_box:
            stats["lastBuyBoxUpdate"] = looked
        if lightning is not None:
            stats["lightningDealInfo"] = [lightning.start, lightning.end]
        product["stats"] = stats
    if detail.has_buy_box:
        _add_sellers(product, sheet, locale, history, at, detail)
    return product


def variation_object(sheet: ProductSheet) -> dict[str, Any]:
    """Build an entry of its parent's `variations`."""
    return {
        "asin": sheet.asin,
        "attributes": [{"dimension": "color", "value": sheet.colour or sheet.title}],
        "image": sheet.images[0],
    }


def _description(sheet: ProductSheet, locale: Locale) -> dict[str, Any]:
    """Return what does not change with time; of a withdrawn product nothing is known."""
    root = root_id(locale, sheet.kind.category)
    shelf = shelf_id(locale, sheet.kind.category, sheet.kind.shelf)
    description: dict[str, Any] = {
        "title": sheet.title,
        "brand": sheet.brand,
        "manufacturer": sheet.brand,
        "model": f"{sheet.brand[:2].upper()}-{sheet.number:05d}",
        "color": sheet.colour or None,
        "productGroup": sheet.kind.category,
        "images": [_image(name, place) for place, name in enumerate(sheet.images)],
        "categories": [shelf],
        "categoryTree": [
            {"catId": root, "name": sheet.kind.category},
            {"catId": shelf, "name": sheet.kind.shelf},
        ],
    }
    if sheet.product_type == WITHDRAWN:
        description = dict.fromkeys(description)
        root = 0
    return description | {"rootCategory": root, "salesRankReference": root or -1}


def _hides_price(sheet: ProductSheet, history: History, at: int) -> bool:
    """Return whether NEW shows no price although there are new offers."""
    counts = history.entries.get(_COUNT_NEW)
    is_offered = counts is not None and counts[-1, 1] > 0
    return sheet.hides_price and at >= HIDDEN_SINCE and is_offered


def _coupon(sheet: ProductSheet, locale: Locale, collection: int | None) -> list[int] | None:
    """Return what is off a purchase and a subscription, in minor units or percent below zero.

    It is seen with the offers, so that it changes with their collections, every few weeks.
    """
    if collection is None:
        return None
    span = collection // _COUPON_SPAN
    chance = Random(f"coupon/{sheet.seed}/{sheet.number}/{locale.domain}/{span}")
    if chance.random() >= _COUPON_SHARE:
        return None
    if chance.random() < 0.5:
        return [-5 * chance.randint(1, 6), 0]
    off = sheet.usual_price * 10**locale.minor_digits * chance.uniform(0.03, 0.15)
    return [max(round(off), 1), 0]


def _add_sellers(
    product: dict[str, Any],
    sheet: ProductSheet,
    locale: Locale,
    history: History,
    at: int,
    detail: ProductDetail,
) -> None:
    """Add who has the buy boxes and, if they are asked for, the offers."""
    sellers = sellers_of(sheet, locale)
    boxes = BuyBoxes(history, sellers)
    stats = product.get("stats", {})
    since = 0 if detail.days is None else at - detail.days * _DAY
    if detail.history:
        product["buyBoxSellerIdHistory"] = boxes.seller_history(since)
        if boxes.used:
            product["buyBoxUsedHistory"] = boxes.used_history(since)
    stats |= boxes.stats()
    if product["newPriceIsMAP"]:
        stats["buyBoxIsMAP"] = True
    if detail.offers is not None:
        wanted = WantedOffers(
            detail.offers,
            only_live=detail.only_live_offers,
            stock=detail.stock,
            since=since,
        )
        listed = listed_offers(history, sellers, wanted)
        product["offers"] = listed.offers
        product["liveOffersOrder"] = listed.live
        stats |= listed.stats()


def _csv(history: History, lightning: Spell | None) -> list[Any]:
    csv: list[Any] = list(history.csv())
    if lightning is not None:
        known = () if csv[_LIGHTNING] is None else csv[_LIGHTNING]
        csv[_LIGHTNING] = np.concatenate([known, [lightning.end, NO_OFFER]]).astype(np.int32)
    return csv


def _image(name: str, place: int) -> dict[str, Any]:
    variant = f"PT{place:02d}" if place else "MAIN"
    return {"l": name, "lH": 1500, "lW": 1500, "m": name, "mH": 500, "mW": 500, "variant": variant}


def _last_price_change(history: History, otherwise: int) -> int:
    changes = [
        int(entries[-1, 0])
        for index, entries in history.entries.items()
        if PRICE_TYPES[index].is_price
    ]
    return max(changes, default=otherwise)
