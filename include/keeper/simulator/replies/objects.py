"""Product objects as a /product reply carries them."""

from typing import Any, Final, NamedTuple

import numpy as np

from keeper.domain.locales import Locale
from keeper.domain.prices.types import PRICE_TYPES, price_type_of
from keeper.simulator.products.categories import root_id, shelf_id
from keeper.simulator.products.histories import History
from keeper.simulator.products.lightning_spells import Spell
from keeper.simulator.products.markets import NO_OFFER
from keeper.simulator.products.sheets import ProductSheet
from keeper.simulator.products.stats import stats_of
from keeper.simulator.replies.detail import ProductDetail

_DAY: Final = 1440
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
    root = root_id(locale, sheet.kind.category)
    shelf = shelf_id(locale, sheet.kind.category, sheet.kind.shelf)
    looked = at if last.look is None else last.look
    ranks = shown.entries.get(_SALES)
    product: dict[str, Any] = {
        "asin": sheet.asin,
        "domainId": locale.keepa_id,
        "title": sheet.title,
        "csv": _csv(shown, lightning) if detail.history else None,
        "brand": sheet.brand,
        "manufacturer": sheet.brand,
        "model": f"{sheet.brand[:2].upper()}-{sheet.number:05d}",
        "color": sheet.colour or None,
        "productGroup": sheet.kind.category,
        "productType": 0,
        "parentAsin": None,
        "variationCSV": None,
        "imagesCSV": ",".join(sheet.images),
        "images": [_image(name) for name in sheet.images],
        "rootCategory": root,
        "categories": [shelf],
        "categoryTree": [
            {"catId": root, "name": sheet.kind.category},
            {"catId": shelf, "name": sheet.kind.shelf},
        ],
        "salesRankReference": root,
        "salesRanks": {str(root): ranks.reshape(-1)}
        if detail.history and ranks is not None
        else {},
        "trackingSince": sheet.tracked_since,
        "listedSince": sheet.tracked_since,
        "lastUpdate": looked,
        "lastRatingUpdate": 0 if last.collection is None else last.collection,
        "lastPriceChange": _last_price_change(history, looked),
        "hasReviews": sheet.has_history,
        "isAdultProduct": False,
        "newPriceIsMAP": False,
        "availabilityAmazon": 0 if sheet.sold_by_amazon else -1,
        "offers": None,
    }
    if detail.interval is not None:
        stats = stats_of(known, at, detail.interval, has_buy_box=detail.has_buy_box)
        stats["lastOffersUpdate"] = last.collection or 0
        if detail.has_buy_box:
            stats["lastBuyBoxUpdate"] = looked
        if lightning is not None:
            stats["lightningDealInfo"] = [lightning.start, lightning.end]
        product["stats"] = stats
    return product


def _csv(history: History, lightning: Spell | None) -> list[Any]:
    csv: list[Any] = list(history.csv())
    if lightning is not None:
        known = () if csv[_LIGHTNING] is None else csv[_LIGHTNING]
        csv[_LIGHTNING] = np.concatenate([known, [lightning.end, NO_OFFER]]).astype(np.int32)
    return csv


def _image(name: str) -> dict[str, Any]:
    return {"l": name, "lH": 1500, "lW": 1500, "m": name, "mH": 500, "mW": 500}


def _last_price_change(history: History, otherwise: int) -> int:
    changes = [
        int(entries[-1, 0])
        for index, entries in history.entries.items()
        if PRICE_TYPES[index].is_price
    ]
    return max(changes, default=otherwise)
