"""What a /query request selects, read from its `selection` JSON.

Source of the names: `ProductFinderRequest` of the `keepa` package. Of its 1,364 fields the
simulator has those a catalogue of its kind can answer, and refuses the others by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from keeper.domain.prices.types import PRICE_TYPES, price_type_of
from keeper.simulator.documents import InvalidDocumentError, read_document
from keeper.simulator.refusals import invalid_query, invalid_selection, out_of_range

_LISTED_AT_MOST: Final = 10_000
_SMALLEST_PAGE: Final = 50
_MOST_ENTRIES: Final = 50
_MOST_SORTS: Final = 3
_EXCLUDED: Final = "✜"
_MEASURE: Final = re.compile(
    r"(?P<what>current|avg(?=\d)|delta(?=\d)|deltaPercent(?=\d))(?P<days>\d*)_(?P<type>[A-Z_]+?)"
    r"(?P<bound>_gte|_lte|)"
)
_DAYS: Final = {
    "current": {""},
    "avg": {"1", "7", "30", "90", "180", "365"},
    "delta": {"1", "7", "30", "90"},
    "deltaPercent": {"1", "7", "30", "90"},
}
_TYPES: Final = frozenset(price_type.name for price_type in PRICE_TYPES)


@dataclass(frozen=True, slots=True)
class Measure:
    """A number a product has.

    Attributes:
        what: "current", "avg", "delta" or "deltaPercent".
        days: That an average reaches back, 0 for a current value.
        index: Of the price type.
    """

    what: str
    days: int
    index: int


@dataclass(frozen=True, slots=True)
class Names:
    """Names a product must have one of, and names it must have none of; all in lower case."""

    wanted: frozenset[str] = frozenset()
    unwanted: frozenset[str] = frozenset()

    def fit(self, *names: str) -> bool:
        """Return whether a product of these names is looked for."""
        own = {name.lower() for name in names}
        return self.unwanted.isdisjoint(own) and (
            not self.wanted or not self.wanted.isdisjoint(own)
        )


_RANK: Final = Measure("current", 0, price_type_of("SALES").index)


@dataclass(frozen=True, slots=True)
class FinderSelection:
    """A selection with defaults filled in.

    Attributes:
        lowest: Lowest value by measure.
        highest: Highest value by measure.
        roots: Root categories, none for all.
        include: Categories, none for all.
        exclude: Categories taken out of them.
        title_words: Lower case; a title must have all.
        brands: Of which the product's must be one; a book's is its publisher.
        authors: Of which one must be among the book's.
        product_types: As Keepa numbers them; most are of type 0, standard.
        page: Counted from 0.
        per_page: Products a page.
        sort: Measures in order of weight, each with whether it descends.
    """

    lowest: Mapping[Measure, int] = field(default_factory=dict)
    highest: Mapping[Measure, int] = field(default_factory=dict)
    roots: frozenset[int] = frozenset()
    include: frozenset[int] = frozenset()
    exclude: frozenset[int] = frozenset()
    title_words: tuple[str, ...] = ()
    brands: Names = Names()
    authors: Names = Names()
    product_types: frozenset[int] = frozenset()
    page: int = 0
    per_page: int = _SMALLEST_PAGE
    sort: tuple[tuple[Measure, bool], ...] = ((_RANK, False),)


def parse_finder_selection(text: str) -> FinderSelection:
    """Read a selection; a field that is null counts as absent.

    Known are `current_TYPE`, `avgDAYS_TYPE`, `deltaDAYS_TYPE` and `deltaPercentDAYS_TYPE` with
    `_gte` or `_lte`, `rootCategory`, `categories_include`, `categories_exclude`, `title`, `brand`,
    `author`, `productType`, `singleVariation` (no simulated product has variations), `page`,
    `perPage` and `sort`.

    Raises:
        RequestRefusedError: The text is no JSON object. Else worded as Keepa refuses a deal
            selection, naming the field that is wrong or unknown. How Keepa refuses a finder's is
            not known.
    """
    try:
        given = read_document(text)
    except InvalidDocumentError:
        raise invalid_query() from None
    if not isinstance(given, dict):
        raise invalid_query()
    lowest: dict[Measure, int] = {}
    highest: dict[Measure, int] = {}
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if value is None:
            continue
        if name in _READERS:
            argument, read = _READERS[name]
            fields[argument] = read(name, value)
        else:
            measure, bound = _measure(name, name)
            bounds = {"_gte": lowest, "_lte": highest}.get(bound)
            if bounds is None or type(value) is not int:
                raise invalid_selection(name)
            bounds[measure] = value
    fields.pop("", None)
    selection = FinderSelection(lowest=lowest, highest=highest, **fields)
    if (selection.page + 1) * selection.per_page > _LISTED_AT_MOST and selection.page:
        raise invalid_selection("page")
    return selection


def _measure(text: str, name: str) -> tuple[Measure, str]:
    """Read a measure, with or without a bound, of the field `name`."""
    found = _MEASURE.fullmatch(text)
    if found is None or found["days"] not in _DAYS[found["what"]] or found["type"] not in _TYPES:
        raise invalid_selection(name)
    index = price_type_of(found["type"]).index
    return Measure(found["what"], int(found["days"] or 0), index), found["bound"]


def _page(name: str, value: Any) -> int:
    if type(value) is not int or value < 0:
        raise invalid_selection(name)
    return value


def _per_page(name: str, value: Any) -> int:
    if type(value) is not int or not _SMALLEST_PAGE <= value <= _LISTED_AT_MOST:
        raise invalid_selection(name)
    return value


def _numbers(name: str, value: Any) -> frozenset[int]:
    """Read one whole number or several, which may be text, as `rootCategory` is in Keepa's own."""
    items = _items(name, value)
    if not all(type(item) is int or (isinstance(item, str) and item.isdecimal()) for item in items):
        raise invalid_selection(name)
    return frozenset(int(item) for item in items)


def _title(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, str):
        raise invalid_selection(name)
    return tuple(value.lower().split())


def _names(name: str, value: Any) -> Names:
    """Read one name or several; those after the sign of exclusion are not wanted."""
    items = _items(name, value)
    if not all(isinstance(item, str) for item in items):
        raise invalid_selection(name)
    return Names(
        frozenset(item.lower() for item in items if not item.startswith(_EXCLUDED)),
        frozenset(
            item.removeprefix(_EXCLUDED).lower() for item in items if item.startswith(_EXCLUDED)
        ),
    )


def _items(name: str, value: Any) -> list[Any]:
    items = value if isinstance(value, list) else [value]
    if len(items) > _MOST_ENTRIES:
        raise out_of_range(name)
    return items


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise invalid_selection(name)
    return value


def _sort(name: str, value: Any) -> tuple[tuple[Measure, bool], ...]:
    pairs = value if isinstance(value, list) else [None]
    if len(pairs) > _MOST_SORTS:
        raise out_of_range(name)
    order = []
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or pair[1] not in ("asc", "desc"):
            raise invalid_selection(name)
        measure, bound = _measure(str(pair[0]), name)
        if bound:
            raise invalid_selection(name)
        order.append((measure, pair[1] == "desc"))
    return tuple(order)


_READERS: Final = {
    "page": ("page", _page),
    "perPage": ("per_page", _per_page),
    "rootCategory": ("roots", _numbers),
    "categories_include": ("include", _numbers),
    "categories_exclude": ("exclude", _numbers),
    "title": ("title_words", _title),
    "brand": ("brands", _names),
    "author": ("authors", _names),
    "productType": ("product_types", _numbers),
    "singleVariation": ("", _flag),
    "sort": ("sort", _sort),
}
