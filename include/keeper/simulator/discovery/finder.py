"""Products found by what they are like, as Keepa's product finder does."""

from typing import Any, Final

from keeper.domain.locales import Locale
from keeper.simulator.deals.found import deal_delta
from keeper.simulator.discovery.selection import FinderSelection, Measure
from keeper.simulator.products.catalogue import SEARCHED_PRODUCTS, Catalogue
from keeper.simulator.products.categories import root_id, shelf_id
from keeper.simulator.products.markets import NO_OFFER
from keeper.simulator.products.sheets import ProductSheet
from keeper.simulator.products.stats import SeriesSpans, spans_of

_DAY: Final = 1440


def find_products(
    catalogue: Catalogue, locale: Locale, selection: FinderSelection, at: int
) -> dict[str, Any]:
    """Build `asinList` and `totalResults` of a /query reply.

    Searched are the first 5,000 products of the locale; the first 600 of them that fit by category,
    title, brand and author are compared by their numbers. A product without a value (−1: no offer)
    is found only by a bound that is itself below zero. delta and deltaPercent are positive for a
    drop, as in deals; third parties disagree about the finder.

    Args:
        catalogue: Where to look.
        locale: Which Amazon.
        selection: What to look for.
        at: Keepa minute of the reply.
    """
    found = []
    wanted = catalogue.listed(locale, lambda sheet: _is_wanted(sheet, locale, selection))
    for sheet in wanted[:SEARCHED_PRODUCTS]:
        values = _Values(catalogue, sheet, locale, at)
        if _is_within(values, selection):
            keys = [
                _sort_key(values.of(measure), descending=descending)
                for measure, descending in selection.sort
            ]
            found.append((keys, sheet.asin))
    found.sort()
    first = selection.page * selection.per_page
    return {
        "asinList": [asin for _, asin in found[first : first + selection.per_page]],
        "totalResults": len(found),
    }


class _Values:
    """The measures of one product, each series read once."""

    def __init__(self, catalogue: Catalogue, sheet: ProductSheet, locale: Locale, at: int) -> None:
        self._entries = catalogue.history(sheet, locale, at).entries
        self._spans: dict[int, SeriesSpans] = {}
        self._at = at

    def of(self, measure: Measure) -> int | None:
        """Return a value, None where there is none."""
        entries = self._entries.get(measure.index)
        if entries is None:
            return None
        if measure.index not in self._spans:
            self._spans[measure.index] = spans_of(entries, self._at)
        spans = self._spans[measure.index]
        current = spans.current
        if measure.what == "current":
            return None if current == NO_OFFER else current
        average = spans.average_since(self._at - measure.days * _DAY)
        if average == NO_OFFER or (measure.what != "avg" and current == NO_OFFER):
            return None
        if measure.what == "avg":
            return average
        return deal_delta(average, current)[measure.what == "deltaPercent"]


def _is_wanted(sheet: ProductSheet, locale: Locale, selection: FinderSelection) -> bool:
    root = root_id(locale, sheet.kind.category)
    own = {root, shelf_id(locale, sheet.kind.category, sheet.kind.shelf)}
    title = sheet.title.lower()
    return (
        (not selection.roots or root in selection.roots)
        and (not selection.include or bool(own & selection.include))
        and not own & selection.exclude
        and all(word in title for word in selection.title_words)
        and selection.brands.fit(sheet.brand)
        and selection.authors.fit(*sheet.authors)
        and (not selection.product_types or sheet.product_type in selection.product_types)
    )


def _is_within(values: _Values, selection: FinderSelection) -> bool:
    for measure in selection.lowest.keys() | selection.highest.keys():
        value = values.of(measure)
        lowest, highest = selection.lowest.get(measure), selection.highest.get(measure)
        if value is None:
            is_asked_for = any(bound is not None and bound < 0 for bound in (lowest, highest))
            if measure.what not in {"current", "avg"} or not is_asked_for:
                return False
            value = NO_OFFER
        if (lowest is not None and value < lowest) or (highest is not None and value > highest):
            return False
    return True


def _sort_key(value: int | None, *, descending: bool) -> tuple[bool, int]:
    """Order values; products without one come last either way."""
    if value is None:
        return True, 0
    return False, -value if descending else value
