"""Answers about categories: the tree, a search in it, and each category's best sellers."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from keeper.domain.locales import Locale
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.categories import Category, categories_of, root_id, shelf_id
from keeper.simulator.products.sheets import ProductSheet

_HOUR: Final = 60


def all_categories(catalogue: Catalogue, locale: Locale) -> dict[str, dict[str, Any]]:
    """Return a locale's category objects by id, as text like Keepa's keys."""
    counts: Counter[int] = Counter()
    for sheet in catalogue.listed(locale):
        counts.update(_categories_of(sheet, locale))
    return {
        str(identifier): _category_object(category, counts[identifier])
        for identifier, category in categories_of(locale).items()
    }


def look_up(
    categories: dict[str, dict[str, Any]], wanted: Iterable[int]
) -> dict[str, dict[str, Any]]:
    """Return the categories asked for that exist; 0 asks for all roots."""
    found = {}
    for identifier in wanted:
        if identifier == 0:
            found.update({key: node for key, node in categories.items() if not node["parent"]})
        elif str(identifier) in categories:
            found[str(identifier)] = categories[str(identifier)]
    return found


def parents_of(
    categories: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the categories above those found."""
    parents = {str(node["parent"]) for node in found.values() if node["parent"]}
    return {key: categories[key] for key in sorted(parents)}


def search_categories(
    categories: dict[str, dict[str, Any]], term: str
) -> dict[str, dict[str, Any]]:
    """Return the categories whose name holds every word of `term`."""
    words = term.lower().split()
    return {
        key: node
        for key, node in categories.items()
        if words and all(word in node["name"].lower() for word in words)
    }


def best_sellers(
    catalogue: Catalogue, locale: Locale, category: int, at: int
) -> dict[str, Any] | None:
    """Return a category's best sellers, None if the locale has no such category.

    Products are in order of the rank they waver around, which takes no histories to know.
    """
    if category not in categories_of(locale):
        return None
    listed = catalogue.listed(locale, lambda sheet: category in _categories_of(sheet, locale))
    listed.sort(key=lambda sheet: (sheet.usual_rank, sheet.asin))
    return {
        "domainId": locale.keepa_id,
        "lastUpdate": at // _HOUR * _HOUR,
        "categoryId": category,
        "asinList": [sheet.asin for sheet in listed],
    }


def _categories_of(sheet: ProductSheet, locale: Locale) -> tuple[int, int]:
    kind = sheet.kind
    return root_id(locale, kind.category), shelf_id(locale, kind.category, kind.shelf)


def _category_object(category: Category, products: int) -> dict[str, Any]:
    return {
        "domainId": category.locale.keepa_id,
        "catId": category.category_id,
        "name": category.name,
        "contextFreeName": category.name,
        "children": list(category.children) or None,
        "parent": category.parent_id,
        "productCount": products,
        "isBrowseNode": True,
        "matched": True,
    }
