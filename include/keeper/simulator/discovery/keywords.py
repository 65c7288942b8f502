"""Products found by words, as Amazon's own search does for Keepa.

Source: Keepa's documentation of /search; that a request brings up to 20 products and has no pages
since April 2026 is a third party's claim.
"""

from typing import Final

from keeper.domain.locales import Locale
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.sheets import ProductSheet

MOST_FOUND: Final = 20


def products_named(catalogue: Catalogue, locale: Locale, term: str) -> list[str]:
    """Return the ASINs of products whose title, brand and authors hold all words, at most 20.

    Searched are the first 5,000 products of the locale. Amazon's order by relevance is not known;
    here the better sellers come first.
    """
    words = term.lower().split()
    found = catalogue.listed(locale, lambda sheet: all(word in _text(sheet) for word in words))
    found.sort(key=lambda sheet: (sheet.usual_rank, sheet.asin))
    return [sheet.asin for sheet in found[:MOST_FOUND]]


def _text(sheet: ProductSheet) -> str:
    return " ".join([sheet.title, sheet.brand, *sheet.authors]).lower()
