"""Lightning deals: the LIGHTNING_DEAL spells of the catalogue's own histories.

Source of the field names: `LightningDeal` and `DealState` of the `keepa` package, which are made
from Keepa's Java framework; no reply was recorded.
"""

from collections.abc import Mapping
from typing import Any, Final

from keeper.domain.locales import Locale
from keeper.domain.prices.types import price_type_of
from keeper.simulator.products.catalogue import SEARCHED_PRODUCTS, Catalogue
from keeper.simulator.products.histories import Entries
from keeper.simulator.products.lightning_spells import LONGEST_SPELL, spell_at
from keeper.simulator.products.markets import NO_OFFER
from keeper.simulator.products.merchants import merchants_offering
from keeper.simulator.products.sheets import ProductSheet

_LIGHTNING: Final = price_type_of("LIGHTNING_DEAL").index
_NEW: Final = price_type_of("NEW").index
_RATING: Final = price_type_of("RATING").index
_REVIEWS: Final = price_type_of("COUNT_REVIEWS").index


def all_lightning_deals(catalogue: Catalogue, locale: Locale, at: int) -> list[dict[str, Any]]:
    """Return the deals that run at a Keepa minute or begin within a day of it.

    Searched are those of the locale's first 5,000 products that are sold in deals, up to 600.
    """
    sold = catalogue.listed(locale, lambda sheet: sheet.sold_in_deals)
    deals = [lightning_deal(catalogue, sheet, locale, at) for sheet in sold[:SEARCHED_PRODUCTS]]
    return [deal for deal in deals if deal is not None]


def lightning_deal(
    catalogue: Catalogue, sheet: ProductSheet, locale: Locale, at: int
) -> dict[str, Any] | None:
    """Return a product's deal that runs at a Keepa minute or begins within a day of it, if any."""
    # The catalogue's future is fixed: when a spell begins and ends stands in the later history.
    later = catalogue.history(sheet, locale, at + LONGEST_SPELL)
    course = later.entries.get(_LIGHTNING)
    spell = spell_at(course, at) if course is not None else None
    history = later.until(at)
    if spell is None or not len(history.looks):
        return None
    start, end, price = spell
    runs = start <= at
    usual = _current(history.entries, _NEW)
    seller = merchants_offering(sheet, locale)[0]
    claimed = 90 * (at - start) // (end - start) if runs else 0
    return {
        "domainId": locale.keepa_id,
        "lastUpdate": int(history.looks[-1]),
        "asin": sheet.asin,
        "title": sheet.title,
        "sellerName": seller.name,
        "sellerId": seller.seller_id,
        "dealId": f"{sheet.asin}-{start}",
        "dealPrice": price if runs else NO_OFFER,
        "currentPrice": usual if runs else NO_OFFER,
        "image": sheet.images[0],
        "isPrimeEligible": True,
        "isFulfilledByAmazon": sheet.sold_by_fba,
        "isMAP": False,
        "rating": max(_current(history.entries, _RATING), 0),
        "totalReviews": max(_current(history.entries, _REVIEWS), 0),
        "dealState": "AVAILABLE" if runs else "UPCOMING",
        "startTime": start,
        "endTime": end,
        "percentClaimed": claimed,
        "percentOff": round(100 * (usual - price) / usual) if runs and usual > 0 else 0,
        "variation": None,
    }


def _current(entries: Mapping[int, Entries], index: int) -> int:
    return int(entries[index][-1, 1]) if index in entries else NO_OFFER
