"""The catalogue's category tree: root categories and shelves, with ids of their own per locale."""

from dataclasses import dataclass
from typing import Final

from keeper.domain.locales import LOCALES, Locale
from keeper.simulator.products.books import BOOK_KINDS
from keeper.simulator.products.word_lists import KINDS

_KINDS: Final = (*KINDS, *BOOK_KINDS)
_LOCALE_IDS: Final = 1_000_000_000
_ROOT_IDS: Final = 1_000_000
_SHELF_IDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Category:
    """A node of the tree.

    Attributes:
        category_id: Amazon's browse node; unique over all locales.
        locale: The Amazon it belongs to.
        name: As shown in a product's breadcrumbs.
        parent_id: 0 for a root category.
        children: Ids below it, empty for a shelf.
    """

    category_id: int
    locale: Locale
    name: str
    parent_id: int
    children: tuple[int, ...]


def root_id(locale: Locale, category: str) -> int:
    """Return the id of a root category, named as in a product kind."""
    return locale.keepa_id * _LOCALE_IDS + _ROOT_NUMBERS[category] * _ROOT_IDS


def shelf_id(locale: Locale, category: str, shelf: str) -> int:
    """Return the id of a shelf, named as in a product kind."""
    return root_id(locale, category) + _SHELF_NUMBERS[category, shelf] * _SHELF_IDS


def categories_of(locale: Locale) -> dict[int, Category]:
    """Return a locale's tree by id."""
    return _TREES[locale.domain]


_ROOT_NUMBERS: Final = {
    name: number for number, name in enumerate(dict.fromkeys(kind.category for kind in _KINDS), 1)
}
_SHELF_NUMBERS: Final = {
    pair: number
    for number, pair in enumerate(dict.fromkeys((kind.category, kind.shelf) for kind in _KINDS), 1)
}


def _grow(locale: Locale) -> dict[int, Category]:
    tree: dict[int, Category] = {}
    for name in _ROOT_NUMBERS:
        root = root_id(locale, name)
        shelves = {
            shelf_id(locale, name, shelf): shelf for owner, shelf in _SHELF_NUMBERS if owner == name
        }
        tree[root] = Category(root, locale, name, 0, tuple(shelves))
        for identifier, shelf in shelves.items():
            tree[identifier] = Category(identifier, locale, shelf, root, ())
    return tree


_TREES: Final = {locale.domain: _grow(locale) for locale in LOCALES}
