"""What a simulated product is: its name, where it is sold and how its market behaves."""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import exp
from random import Random
from typing import Final

from keeper.domain.locales import LOCALES, Locale, locale_of
from keeper.domain.prices.points import to_keepa_minutes
from keeper.simulator.products.books import book_of
from keeper.simulator.products.word_lists import BRANDS, COLOURS, KINDS, QUALITIES, ProductKind

STANDARD: Final = 0
E_BOOK: Final = 2
WITHDRAWN: Final = 4
PARENT: Final = 5
"""Keepa's numbers of what a product is."""
_FIRST_UNUSUAL: Final = 60
"""Products before it are plain ones, for what only wants some products."""
_OF_A_HUNDRED: Final = {61: PARENT, 81: WITHDRAWN}
_HIDDEN_OF_A_HUNDRED: Final = 91
_CHILDREN: Final = 3

CATALOGUE_ORIGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Every product has been tracked since one to three years before this time."""

_DAY: Final = 1440
_YEAR: Final = 365 * _DAY
_RAREST_COLLECTION: Final = 61 * 60
_HOMES: Final = {"us": 0.40, "uk": 0.15, "de": 0.17, "jp": 0.12}
_ABROAD: Final = 0.35
_IMAGE_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class ProductSheet:
    """All that is fixed about a product; its histories follow from this and the locale.

    Attributes:
        seed: Of the catalogue.
        number: Its place in the catalogue.
        asin: Its ASIN.
        title: As Amazon shows it.
        brand: Its maker; of a book its publisher.
        authors: Of a book; nobody else's.
        kind: What sort of thing it is.
        colour: Part of the title; "" for a book.
        images: Names of its pictures, the main one first.
        home: The locale it surely exists in.
        locales: Every locale it exists in.
        usual_price: In US dollars, before a locale's own level.
        usual_rank: Sales rank it wavers around.
        tracked_since: Keepa minute of its first point.
        look_gap: Minutes between two looks at it, on average.
        has_history: False for the few products whose series are all null.
        series_count: Length of `csv`: 34, or 36 for products seen since Keepa added two.
        sold_by_amazon: Amazon itself offers it, at least at times.
        sold_used: It has used offers.
        sold_by_fba: Other sellers offer it from Amazon's warehouses.
        sold_in_deals: It has warehouse, lightning and Prime offers at times.
        collection_share: Share of the looks at which its offers are collected.
        product_type: STANDARD, or what it is in place of that; only standard ones have series.
        parent: ASIN of the product it is a variation of, None for most.
        variations: ASINs of its variations, which only a parent has.
        hides_price: Its maker forbids to show a price as low as that of its new offers.
        ended: Keepa minute after which nobody sells it any more, None for most.
    """

    seed: int
    number: int
    asin: str
    title: str
    brand: str
    authors: tuple[str, ...]
    kind: ProductKind
    colour: str
    images: tuple[str, ...]
    home: Locale
    locales: frozenset[Locale]
    usual_price: float
    usual_rank: int
    tracked_since: int
    look_gap: int
    has_history: bool
    series_count: int
    sold_by_amazon: bool
    sold_used: bool
    sold_by_fba: bool
    sold_in_deals: bool
    ended: int | None
    collection_share: float
    product_type: int = STANDARD
    parent: str | None = None
    variations: tuple[str, ...] = ()
    hides_price: bool = False


def sheet_of(seed: int, number: int, asin: str) -> ProductSheet:
    """Make up product `number` of a seed's catalogue, always the same way."""
    chance = Random(f"product-sheet/{seed}/{number}")
    kind = chance.choice(KINDS)
    brand, quality, colour = (chance.choice(words) for words in (BRANDS, QUALITIES, COLOURS))
    home = _home(chance.random())
    abroad = [locale for locale in LOCALES if chance.random() < _ABROAD]
    title = f"{brand} {quality} {kind.noun} {chance.choice(kind.features)}, {colour}"
    # Made of a chance of its own, so that all else about the catalogue is as without books.
    book = book_of(seed, number)
    if book is not None:
        title, brand, colour, kind = book.title, book.publisher, "", book.kind
    origin = to_keepa_minutes(CATALOGUE_ORIGIN)
    product_type = _product_type(number, is_book=book is not None)
    return ProductSheet(
        seed=seed,
        number=number,
        asin=asin,
        title=title,
        brand=brand,
        authors=book.authors if book is not None else (),
        kind=kind,
        colour=colour,
        images=tuple(_image(chance) for _ in range(chance.randint(1, 4))),
        home=home,
        locales=frozenset([home, *abroad]),
        usual_price=kind.cheapest * (kind.dearest / kind.cheapest) ** chance.random(),
        usual_rank=int(exp(4 + 8.5 * chance.random())),
        tracked_since=origin - _YEAR - int(chance.random() * 2 * _YEAR) // 2 * 2,
        look_gap=(look_gap := chance.choice((360, 540, 720, 1080, 1440))),
        has_history=chance.random() >= 0.01 and product_type == STANDARD,
        series_count=36 if chance.random() < 0.5 else 34,
        sold_by_amazon=chance.random() < 0.65,
        sold_used=chance.random() < 0.55,
        sold_by_fba=chance.random() < 0.8,
        sold_in_deals=chance.random() < 0.35,
        ended=origin + int((2 * chance.random() - 1) * _YEAR) if chance.random() < 0.03 else None,
        collection_share=_collection_share(look_gap, chance.random()),
        product_type=product_type,
        hides_price=number >= _FIRST_UNUSUAL and number % 100 == _HIDDEN_OF_A_HUNDRED,
    )


def parent_number(number: int) -> int | None:
    """Return which product of the catalogue a product is a variation of, None for most."""
    for parent in range(max(number - _CHILDREN, 0), number):
        if _OF_A_HUNDRED.get(parent % 100) == PARENT:
            return parent
    return None


def children_of(number: int) -> range:
    """Return the variations of a product, by their numbers in the catalogue."""
    is_parent = _OF_A_HUNDRED.get(number % 100) == PARENT
    return range(number + 1, number + 1 + _CHILDREN * is_parent)


def _product_type(number: int, *, is_book: bool) -> int:
    if number < _FIRST_UNUSUAL:
        return STANDARD
    unusual = _OF_A_HUNDRED.get(number % 100, STANDARD)
    may_be_digital = is_book and unusual == STANDARD and parent_number(number) is None
    return E_BOOK if may_be_digital and number % 9 == 4 else unusual


def _collection_share(look_gap: int, chance: float) -> float:
    """Choose how rarely offers are collected: between every look and every 61 hours."""
    return float((look_gap / _RAREST_COLLECTION) ** chance)


def _home(chance: float) -> Locale:
    for domain, share in _HOMES.items():
        if chance < share:
            return locale_of(domain)
        chance -= share
    others = [locale for locale in LOCALES if locale.domain not in _HOMES]
    left = 1 - sum(_HOMES.values())
    return others[min(int(chance / left * len(others)), len(others) - 1)]


def _image(chance: Random) -> str:
    return f"{chance.randint(31, 81)}{''.join(chance.choices(_IMAGE_LETTERS, k=9))}.jpg"
