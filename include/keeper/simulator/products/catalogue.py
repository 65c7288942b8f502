"""A catalogue of products made from a seed: which exist, where, and what they cost at a time."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from random import Random
from threading import Lock
from typing import Final, NamedTuple

from keeper.domain.locales import Locale
from keeper.domain.money import to_major
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.prices.types import price_type_of
from keeper.errors import TerminalError
from keeper.simulator.products.asin_numbering import (
    AsinNumbering,
    code_of,
    number_of_code,
    shares_code,
)
from keeper.simulator.products.histories import History, make_history
from keeper.simulator.products.sheets import ProductSheet, children_of, parent_number, sheet_of

SEARCHED_PRODUCTS: Final = 600
"""How many products a search compares by their histories; fewer than the cache keeps of them."""
_LISTED_PRODUCTS: Final = 5_000
_CACHED_HISTORIES: Final = 1000
_CACHED_SHEETS: Final = 10_000
_HORIZON_STEP: Final = 30 * 1440
_WATCHED_TYPES: Final = ("NEW",) * 8 + ("AMAZON", "BUY_BOX_SHIPPING")
_OFFERS_WATCHED: Final = (("WAREHOUSE", 0.6), ("USED_GOOD_SHIPPING", 0.25))
"""Price types of single offers, and how many of the products that have one are watched for it."""
_ALERTING_SHARE: Final = 0.03


class Catalogue:
    """Products 0 … size − 1 of a seed; two catalogues of one seed agree on those both have.

    Nothing is made before it is asked for. Histories are kept in a bounded cache, which several
    threads may use at once.
    """

    def __init__(self, seed: int, size: int) -> None:
        self.seed = seed
        self.size = size
        self._numbering = AsinNumbering(seed)
        self._sheets = lru_cache(maxsize=_CACHED_SHEETS)(self._make_sheet)
        self._histories: OrderedDict[tuple[int, int, int], _Known] = OrderedDict()
        self._lock = Lock()

    def asin_of(self, number: int) -> str:
        """Return the ASIN of product `number`, counted from 0."""
        return self._numbering.asin_of(number)

    def sheet(self, number: int) -> ProductSheet:
        """Return product `number`."""
        return self._sheets(number)

    def find(self, asin: str, locale: Locale) -> ProductSheet | None:
        """Return the product with this ASIN, None if it does not exist in the locale."""
        number = self._numbering.number_of(asin)
        if number is None or number >= self.size:
            return None
        sheet = self.sheet(number)
        return sheet if locale in sheet.locales else None

    def with_code(self, code: str, locale: Locale) -> list[ProductSheet]:
        """Return the products of a locale that carry an EAN or ISBN-13."""
        number = number_of_code(code)
        if number is None:
            return []
        numbers = [number, number + 1] if shares_code(number + 1) else [number]
        sheets = [self.sheet(n) for n in numbers if n < self.size]
        return [s for s in sheets if locale in s.locales and self.code_of(s) == code]

    def code_of(self, sheet: ProductSheet) -> str:
        """Return a product's EAN, or ISBN-13 if it is a book."""
        is_shared = shares_code(sheet.number)
        first = self.sheet(sheet.number - 1) if is_shared else sheet
        return code_of(first.number, is_book=bool(first.authors))

    def products_in(self, locale: Locale, limit: int | None = None) -> Iterator[ProductSheet]:
        """Give the products of a locale in order of their numbers, at most `limit`."""
        given = 0
        for number in range(self.size):
            if given == limit:
                return
            sheet = self.sheet(number)
            if locale in sheet.locales:
                given += 1
                yield sheet

    def listed(
        self, locale: Locale, wanted: Callable[[ProductSheet], bool] = lambda _: True
    ) -> list[ProductSheet]:
        """Return those wanted of a locale's first 5,000 products, which listings are made of."""
        return [s for s in self.products_in(locale, limit=_LISTED_PRODUCTS) if wanted(s)]

    def history(self, sheet: ProductSheet, locale: Locale, at: int) -> History:
        """Return what is known of a product in a locale at a Keepa minute."""
        # The horizon moves in steps, so that a running clock finds the same history in the cache.
        horizon = (at // _HORIZON_STEP + 1) * _HORIZON_STEP
        key = (sheet.number, locale.keepa_id, horizon)
        with self._lock:
            known = self._histories.get(key)
        whole = make_history(sheet, locale, horizon) if known is None else known.whole
        if known is None or known.at != at:
            known = _Known(whole, at, whole.until(at))
        with self._lock:
            self._histories[key] = known
            self._histories.move_to_end(key)
            while len(self._histories) > _CACHED_HISTORIES:
                self._histories.popitem(last=False)
        return known.until

    def _make_sheet(self, number: int) -> ProductSheet:
        sheet = sheet_of(self.seed, number, self.asin_of(number))
        children = tuple(self.asin_of(child) for child in children_of(number))
        parent = parent_number(number)
        if parent is None:
            return replace(sheet, variations=children) if children else sheet
        family = self.sheet(parent)
        own = sheet.colour or f"Edition {number}"
        return replace(
            sheet,
            title=f"{family.title} ({own})",
            brand=family.brand,
            authors=family.authors,
            kind=family.kind,
            parent=family.asin,
        )


class _Known(NamedTuple):
    """A product's history up to its horizon, and up to when it was last asked for."""

    whole: History
    at: int
    until: History


class SuggestedWatch(NamedTuple):
    """A row of a demonstration's watch list; the target is decimal text in the main unit."""

    asin: str
    domain: str
    price_type: str
    target_price: str


def watch_list(
    seed: int, products: int, locales: Sequence[Locale], count: int, at: datetime
) -> list[SuggestedWatch]:
    """Choose products to watch for a demonstration, the same ones every time.

    Every product chosen has a current price of its price type at `at`; a few are watched for a
    warehouse or used offer, where they have one. About one in 33 has a target
    a little above that price, so that its first check raises an alert; the others have a target 8
    to 30 % below it.

    Args:
        seed: Of the catalogue.
        products: Size of the catalogue.
        locales: Taken in turn.
        count: How many rows.
        at: Catalogue time the current prices are read at.

    Raises:
        TerminalError: The catalogue has too few products with a price.
    """
    catalogue = Catalogue(seed, products)
    minute = to_keepa_minutes(at)
    sources = [catalogue.products_in(locale) for locale in locales]
    rows: list[SuggestedWatch] = []
    while len(rows) < count and sources:
        place = len(rows) % len(sources)
        row = _next_row(catalogue, sources[place], locales[place], minute)
        if row is None:
            names = ", ".join(locale.domain for locale in locales)
            raise TerminalError(
                f"the catalogue of {products} products has not {count} to watch in {names}; "
                "ask for fewer or for a larger catalogue (--products)"
            )
        rows.append(row)
    return rows


def _next_row(
    catalogue: Catalogue, candidates: Iterator[ProductSheet], locale: Locale, minute: int
) -> SuggestedWatch | None:
    for sheet in candidates:
        chance = Random(f"watch-list/{sheet.seed}/{sheet.number}/{locale.domain}")
        price_type = chance.choice(_WATCHED_TYPES)
        history = catalogue.history(sheet, locale, minute)
        price = history.price_at(price_type_of(price_type).index, minute)
        if price <= 0:
            continue
        # Of a chance of its own, so that the products of the list are as without these types.
        by_offer = Random(f"watch-list-offers/{sheet.seed}/{sheet.number}/{locale.domain}")
        for name, share in _OFFERS_WATCHED:
            offered = history.price_at(price_type_of(name).index, minute)
            if offered > 0 and by_offer.random() < share:
                price_type, price = name, offered
                break
        if chance.random() < _ALERTING_SHARE:
            target = int(price * chance.uniform(1.01, 1.05)) + 1
        else:
            target = int(price * chance.uniform(0.70, 0.92))
        text = _plain(to_major(max(target, 1), locale.currency))
        return SuggestedWatch(sheet.asin, locale.domain, price_type, text)
    return None


def _plain(amount: Decimal) -> str:
    return format(amount, "f")
