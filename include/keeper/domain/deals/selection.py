"""What a saved deal filter may select: Keepa's fields of a deal search and what each one holds.

Source: Keepa's `DealRequest`. Keepa refuses a wrong selection only when it is asked, which costs a
request; here a mistake shows when the filter is saved.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Final

from keeper.domain.locales import Locale
from keeper.domain.prices.types import PRICE_TYPES, PriceType

OPEN_END: Final = 2_147_483_647
"""The highest bound of a range without one. Keepa documents -1 for it in `salesRankRange` alone."""
LEAST_DROP_PERCENT: Final = 10
"""Keepa finds no deals by a smaller drop."""
_NO_BOUND: Final = -1
_RANK_RANGE: Final = "salesRankRange"
_PERCENT_RANGE: Final = "deltaPercentRange"
_MOST_CATEGORIES: Final = 500
_MOST_TITLE_WORDS: Final = 50
RANGES: Final = frozenset(
    {"currentRange", "deltaRange", _PERCENT_RANGE, "deltaLastRange", _RANK_RANGE}
)
"""Fields Keepa heeds only when `isRangeEnabled` is set."""
_SWITCHES: Final = frozenset({"isRangeEnabled", "isFilterEnabled"})
_FILLED_IN: Final = frozenset({"page", "domainId", "priceTypes"})
"""Fields Keeper fills in itself: every page, and the filter's own locale and price type."""
_FLAGS: Final = frozenset(
    "isLowest isLowest90 isLowestOffer isHighest isRisers isBackInStock isOutOfStock "
    "isPrimeExclusive "
    "mustHaveAmazonOffer mustNotHaveAmazonOffer hasReviews filterErotic singleVariation".split()
)
_NUMBER_LISTS: Final = frozenset({"includeCategories", "excludeCategories", "warehouseConditions"})
_TEXT_LISTS: Final = frozenset(
    "material type manufacturer brand productGroup model color size unitType scent itemForm "
    "pattern style itemTypeKeyword targetAudienceKeyword edition format author binding languages "
    "brandStoreName brandStoreUrlName websiteDisplayGroup websiteDisplayGroupName "
    "salesRankDisplayGroup".split()
)
_NUMBERS: Final[Mapping[str, tuple[range, str]]] = {
    "dateRange": (range(4), "0 (a day), 1 (a week), 2 (a month) or 3 (90 days)"),
    "minRating": (range(-1, 51), "0 to 50, where 45 is 4.5 stars, or -1 for any"),
    "sortType": (
        range(-4, 5),
        "1 (age), 2 (drop), 3 (sales rank) or 4 (drop in percent), negative for the other way",
    ),
}
_TEXT: Final = "titleSearch"
_UNFILTERED: Final = RANGES | _SWITCHES | {"dateRange", "sortType"}
FIELDS: Final = frozenset(
    {*RANGES, *_SWITCHES, *_FLAGS, *_NUMBER_LISTS, *_TEXT_LISTS, *_NUMBERS, _TEXT}
)
"""Every field a saved filter may have."""


class InvalidSelectionError(ValueError):
    """A selection Keepa would refuse.

    Attributes:
        field: The field at fault.
        problem: What is wrong with it.
    """

    def __init__(self, field: str, problem: str) -> None:
        """Say what is wrong with which field."""
        super().__init__(f"`{field}` {problem}")
        self.field = field
        self.problem = problem


def own_fields(exported: Mapping[str, object]) -> dict[str, object]:
    """Return a selection without nulls and without the fields that Keeper fills in.

    Keepa's web page of deals exports both: a null counts as absent.
    """
    return {
        name: value
        for name, value in exported.items()
        if value is not None and name not in _FILLED_IN
    }


def validate_market(locale: Locale, price_type: PriceType) -> None:
    """Check that Keepa searches deals in a locale and in a price type.

    Raises:
        InvalidSelectionError: It does not; names which of the two.
    """
    if not locale.has_lists:
        raise InvalidSelectionError(
            "domain", f"cannot be {locale.domain}: Keepa has no deals on {locale.host}"
        )
    if not price_type.has_deals:
        known = ", ".join(known.name for known in PRICE_TYPES if known.has_deals)
        raise InvalidSelectionError(
            "price_type", f"cannot be {price_type.name}: Keepa has deals in {known}"
        )


def validate_selection(selection: Mapping[str, object]) -> None:
    """Check the selection of a saved filter, field by field, before any token is spent.

    A field that is null counts as absent.

    Raises:
        InvalidSelectionError: The first field that is unknown, of the wrong type or out of Keepa's
            bounds; says what it should be.
    """
    for name, value in selection.items():
        if name not in FIELDS:
            raise InvalidSelectionError(name, f"is no field of Keepa's deals{_hint(name)}")
        if value is not None and (wanted := _mistake(name, value)):
            raise InvalidSelectionError(name, f"must be {wanted}, not {value!r}"[:300])


def as_sent(selection: Mapping[str, object]) -> dict[str, object]:
    """Return a valid selection as Keepa takes it: no nulls, open ends and switches spelled out.

    Keepa ignores ranges and filters whose switch is off. A switch that is set by hand stays. A
    saved -1 is an open end in every range.
    """
    given = {
        name: _with_open_end(name, value) for name, value in selection.items() if value is not None
    }
    switches = {
        "isRangeEnabled": not RANGES.isdisjoint(given),
        "isFilterEnabled": not given.keys() <= _UNFILTERED,
    }
    return switches | given


def _with_open_end(name: str, value: object) -> object:
    if name not in RANGES or name == _RANK_RANGE or not isinstance(value, list | tuple):
        return value
    lowest, highest = value
    return [lowest, OPEN_END if highest == _NO_BOUND else highest]


def _hint(name: str) -> str:
    near = get_close_matches(name, FIELDS, n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _mistake(name: str, value: object) -> str | None:
    """Return what the field should have been, None if it is that."""
    if name in RANGES:
        return _range_mistake(name, value)
    if name in _NUMBERS:
        allowed, words = _NUMBERS[name]
        is_right = _is_number(value) and value in allowed and (name != "sortType" or value != 0)
        return None if is_right else words
    if name in _FLAGS | _SWITCHES:
        return None if isinstance(value, bool) else "true or false"
    if name in _NUMBER_LISTS:
        return _numbers_mistake(value)
    if name in _TEXT_LISTS:
        return None if _is_list(value, _is_text) else 'a list of texts, such as ["Sony"]'
    if not isinstance(value, str):
        return "a text"
    return None if len(value.split()) <= _MOST_TITLE_WORDS else f"{_MOST_TITLE_WORDS} words at most"


def _range_mistake(name: str, value: object) -> str | None:
    wanted = "two whole numbers, lowest and highest, such as [10, 80]"
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(map(_is_number, value)):
        return wanted
    lowest, highest = value
    if lowest > highest != _NO_BOUND:
        return f"{wanted}, the lowest first"
    if name == _PERCENT_RANGE and lowest < LEAST_DROP_PERCENT:
        return f"{wanted}, from a drop of {LEAST_DROP_PERCENT} % on"
    return None


def _numbers_mistake(value: object) -> str | None:
    if not isinstance(value, list | tuple) or not all(map(_is_number, value)):
        return "a list of whole numbers"
    return None if len(value) <= _MOST_CATEGORIES else f"{_MOST_CATEGORIES} numbers at most"


def _is_number(value: object) -> bool:
    # True is an int to Python, not to Keepa.
    return type(value) is int


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_list(value: object, is_item: Callable[[object], bool]) -> bool:
    return isinstance(value, list | tuple) and all(map(is_item, value))
