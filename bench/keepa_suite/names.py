"""Which names of the simulator stand for those that the suite asks Keepa for."""

from collections.abc import Callable, Iterator
from typing import Final

from keeper.domain.locales import Locale, locale_of
from keeper.domain.prices.types import PRICE_TYPES, price_type_of
from keeper.simulator.api.keepa_api import UNPAID_KEY
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.categories import root_id
from keeper.simulator.products.histories import History
from keeper.simulator.products.merchants import merchants_of
from keeper.simulator.products.sheets import ProductSheet

_US: Final = locale_of("us")
_DE: Final = locale_of("de")
_DAY: Final = 1440
_MOVED_WITHIN: Final = 30 * _DAY
_HELD: Final = ("AMAZON", "NEW", "USED", "BUY_BOX_SHIPPING", "BUY_BOX_USED_SHIPPING", "NEW_FBA")

_PRODUCT: Final = "0593440412"
_GERMAN: Final = "3492704794"
_WITH_EXTRAS: Final = ("B0088PUEPK", "B0060CU5DE", "B00UFMKSDW", "B0DDDD8WD6")
_WITHOUT_PRICES: Final = ("B01I6KT07E", "B01G5BJHVK", "B017LJP1MO")
_CHAIRS: Final = """
    B00IAPNWG6 B01CUJMSB2 B01CUJMRLI B00BMPT7CE B00IAPNWE8 B0127O51FK B01CUJMT3E B01A5ZIXKI
    B00KQPBF1W B000J3UZ58 B00196LLDO B002VWK2EE B00E2I3BPM B004FRSUO2 B00CM1TJ1G B00VS4514C
    B075G1B1PK B00R9EAH8U B004L2JKTU B008SIDW2E B078XL8CCW B000VXII46 B07D1CJ8CK B07B5HZ7D9
    B002VWK2EO B000VXII5A B004N1AA5W B002VWKP3W B00CM9OM0G B002VWKP4G B004N18JDC B07MDHF4CP
    B002VWKP3C B07FTVSNL2 B002VWKP5A B002O0LBFW B07BM1Q64Q B004N18JM8 B004N1AA02 B002VWK2EY
""".split()
_CATEGORIES: Final = {
    "1055398": "Kitchen",
    "1064954": "Office",
    "11091801": "Toys",
    "16310101": "Home",
}
_ISBN: Final = "9780786222728"
_SELLERS: Final = ("A2L77EE7U53NWQ", "AMMEOJ0MXANX1")
_DEAD_KEY: Final = "8ueigrvvnsp5too0atlb5f11veinerkud47p686ekr7vgr9qtj1t1tle15fffkkm"


def simulated_names(catalogue: Catalogue, at: int) -> dict[str, str]:
    """Return the simulator's names by those of the suite.

    Products are alike in what the suite needs of them: one that is sold new and used and moved
    lately, chairs, some without any price; an author of a hundred books and more.

    Args:
        catalogue: That the simulator serves.
        at: Keepa minute at which the suite runs.
    """
    unused = _Unused(catalogue)
    names = {_DEAD_KEY: UNPAID_KEY, "jim butcher": _busiest_author(catalogue).lower()}
    names[_PRODUCT] = unused.next(_US, lambda sheet: _is_lively(catalogue, sheet, at))
    for asin in _WITH_EXTRAS:
        names[asin] = unused.next(_US, lambda sheet: _is_lively(catalogue, sheet, at))
    names[_GERMAN] = unused.next(_DE, lambda sheet: bool(sheet.authors) and sheet.has_history)
    for asin in _WITHOUT_PRICES:
        names[asin] = unused.next(_US, lambda s: not s.has_history and _is_parsed(s))
    for asin in _CHAIRS:
        names[asin] = unused.next(_US, lambda s: s.kind.shelf == "Chairs" and _is_parsed(s))
    names[_ISBN] = catalogue.code_of(unused.sheet(_US, lambda s: bool(s.authors)))
    merchants = merchants_of(catalogue.seed, _US)
    names |= {name: merchant.seller_id for name, merchant in zip(_SELLERS, merchants, strict=False)}
    for number, category in _CATEGORIES.items():
        names[number] = str(root_id(_US, category))
    return names


class _Unused:
    """Gives each product of the catalogue once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._given: set[str] = set()

    def next(self, locale: Locale, is_fit: Callable[[ProductSheet], bool]) -> str:
        return self.sheet(locale, is_fit).asin

    def sheet(self, locale: Locale, is_fit: Callable[[ProductSheet], bool]) -> ProductSheet:
        found = next(sheet for sheet in self._left(locale) if is_fit(sheet))
        self._given.add(found.asin)
        return found

    def _left(self, locale: Locale) -> Iterator[ProductSheet]:
        return (s for s in self._catalogue.products_in(locale) if s.asin not in self._given)


def _busiest_author(catalogue: Catalogue) -> str:
    books: dict[str, int] = {}
    for sheet in catalogue.listed(_US):
        for author in sheet.authors:
            books[author] = books.get(author, 0) + 1
    return max(books, key=lambda author: books[author])


def _is_parsed(sheet: ProductSheet) -> bool:
    """Return whether the package can read the product's histories: it fails at a shorter csv."""
    return sheet.series_count == len(PRICE_TYPES)


def _is_lively(catalogue: Catalogue, sheet: ProductSheet, at: int) -> bool:
    if not _is_parsed(sheet) or not sheet.has_history or sheet.ended is not None:
        return False
    history = catalogue.history(sheet, _US, at)
    return all(_is_offered(history, name) for name in _HELD) and _moved(history, "USED", at)


def _is_offered(history: History, name: str) -> bool:
    entries = history.entries.get(price_type_of(name).index)
    return entries is not None and int(entries[-1, 1]) >= 0


def _moved(history: History, name: str, at: int) -> bool:
    return int(history.entries[price_type_of(name).index][-1, 0]) >= at - _MOVED_WITHIN
