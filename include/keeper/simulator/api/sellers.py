"""Answers /seller and /topseller.

Source: Keepa's documentation: a token for each seller that is known, 9 more for a storefront of two
ASINs or more; 50 for the list, which Brazil has not.
"""

from typing import Final

from keeper.simulator.api.parameters import Parameters
from keeper.simulator.api.payload import Payload
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.refusals import invalid_parameter, out_of_range, too_many_entries
from keeper.simulator.sellers.found import best_rated, find_sellers

_COST: Final = 1
_STOREFRONT_COST: Final = 9
_LEAST_CHARGED: Final = 2
_TOP_COST: Final = 50
_MOST_SELLERS: Final = 100


def sellers(catalogue: Catalogue, asked: Parameters, at: int) -> Payload:
    """Return the sellers a request names, without those that are not known."""
    locale, storefront = asked.locale(), asked.flag("storefront")
    wanted = [part.strip() for part in asked.text("seller").split(",")]
    limit = 1 if storefront else _MOST_SELLERS
    if len(wanted) > limit:
        raise too_many_entries(limit)
    if not all(wanted):
        raise invalid_parameter("seller")
    found = find_sellers(catalogue, locale, dict.fromkeys(wanted), at, storefront=storefront)
    listings = sum(len(seller.get("asinList", [])) for seller in found.values())
    extra = _STOREFRONT_COST if listings >= _LEAST_CHARGED else 0
    return Payload({"sellers": found}, _COST * len(found) + extra)


def top_sellers(catalogue: Catalogue, asked: Parameters, at: int) -> Payload:
    """Return the ids of a locale's sellers, the most rated first."""
    locale = asked.locale()
    if not locale.has_lists:
        raise out_of_range("domain")
    return Payload({"sellerIdList": best_rated(catalogue, locale, at)}, _TOP_COST)
