"""What a /deal request selects, read from its `selection` JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from keeper.domain.locales import Locale, UnknownLocaleError, locale_of_keepa_id
from keeper.simulator.documents import InvalidDocumentError, read_document
from keeper.simulator.refusals import invalid_query, invalid_selection, out_of_range

# Source: Keepa's documentation of /deal; 27 is a third party's claim.
_DEAL_TYPES: Final = frozenset({*range(4), *range(5, 11), *range(18, 23), 27, 32, 33})
_DEAL_TYPES_KNOWN: Final = 36
_LEAST_DROP_PERCENT: Final = 10
_MOST_CATEGORIES: Final = 500
_MOST_TITLE_WORDS: Final = 50
_PERCENT_RANGE: Final = "deltaPercentRange"
_RANGES: Final = ("currentRange", "deltaRange", _PERCENT_RANGE, "deltaLastRange")
_RANK_RANGE: Final = "salesRankRange"
_DATE_RANGES: Final = 4
_SORT_TYPES: Final = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class DealSelection:
    """A selection with Keepa's defaults filled in.

    Attributes:
        locale: Where deals are looked for.
        price_type: Index of the one price type.
        date_range: 0 day, 1 week, 2 month, 3 ninety days.
        page: Counted from 0, 150 deals each.
        sort_type: 1 age, 2 delta, 3 rank, 4 percent; negative for the opposite order.
        ranges: Lowest and highest value by name, None for no bound; empty unless enabled.
        include_categories: Root categories or shelves, none for all.
        exclude_categories: Taken out of them.
        min_rating: 0 to 50, None unless filters are enabled.
        title_words: Lower case; a title must have all.
        flags: The yes-or-no filters that are set.
    """

    locale: Locale
    price_type: int
    date_range: int = 0
    page: int = 0
    sort_type: int = 4
    ranges: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)
    include_categories: frozenset[int] = frozenset()
    exclude_categories: frozenset[int] = frozenset()
    min_rating: int | None = None
    title_words: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()


_FLAGS: Final = ("isLowest", "isLowest90", "mustHaveAmazonOffer", "mustNotHaveAmazonOffer")


def parse_selection(text: str, locale: Locale | None) -> DealSelection:
    """Read a selection; a `domainId` in it goes before `locale`, and must be there without one.

    Raises:
        RequestRefusedError: As Keepa words it, naming the field that is wrong.
    """
    try:
        given = read_document(text)
    except InvalidDocumentError:
        raise invalid_query() from None
    if not isinstance(given, dict):
        raise invalid_query()
    if unknown := sorted(given.keys() - _known_fields()):
        raise invalid_selection(unknown[0])
    fields = _Fields(given)
    filtered = fields.flag("isFilterEnabled")
    return DealSelection(
        locale=fields.locale(locale),
        price_type=fields.price_type(),
        date_range=fields.whole("dateRange", 0, range(_DATE_RANGES)),
        page=fields.whole("page", 0, range(10_000)),
        sort_type=fields.whole(
            "sortType", 4, [*_SORT_TYPES, *(-sort_type for sort_type in _SORT_TYPES)]
        ),
        ranges=fields.ranges() if fields.flag("isRangeEnabled") else {},
        include_categories=fields.numbers("includeCategories"),
        exclude_categories=fields.numbers("excludeCategories"),
        min_rating=fields.whole("minRating", 0, range(-1, 51)) if filtered else None,
        title_words=fields.words("titleSearch"),
        flags=frozenset(name for name in _FLAGS if filtered and fields.flag(name)),
    )


@cache
def _known_fields() -> frozenset[str]:
    from keepa.models.backend import DealRequest

    # The package does not know the last two; Keepa's own page exports them.
    return frozenset({*DealRequest.model_fields, "isRisers", "isHighest"})


class _Fields:
    """The fields of a selection; each is checked when it is read."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given

    def whole(self, name: str, default: int, allowed: Any) -> int:
        value = self._given.get(name, default)
        if type(value) is not int or value not in allowed:
            raise invalid_selection(name)
        return value

    def flag(self, name: str) -> bool:
        value = self._given.get(name, False)
        if not isinstance(value, bool):
            raise invalid_selection(name)
        return value

    def numbers(self, name: str) -> frozenset[int]:
        value = self._given.get(name) or []
        if not isinstance(value, list) or not all(type(item) is int for item in value):
            raise invalid_selection(name)
        if len(value) > _MOST_CATEGORIES:
            raise out_of_range(name)
        return frozenset(value)

    def words(self, name: str) -> tuple[str, ...]:
        value = self._given.get(name) or ""
        if not isinstance(value, str):
            raise invalid_selection(name)
        words = tuple(value.lower().split())
        if len(words) > _MOST_TITLE_WORDS:
            raise out_of_range(name)
        return words

    def ranges(self) -> dict[str, tuple[int, int | None]]:
        found: dict[str, tuple[int, int | None]] = {}
        for name in (*_RANGES, _RANK_RANGE):
            value = self._given.get(name)
            if value is None:
                continue
            if (
                not isinstance(value, list)
                or len(value) != 2
                or not all(type(bound) is int for bound in value)
            ):
                raise invalid_selection(name)
            lowest, highest = value
            if name == _PERCENT_RANGE and lowest < _LEAST_DROP_PERCENT:
                raise out_of_range(name)
            # Documented for the rank alone: elsewhere -1 is a highest below every lowest.
            unbounded = highest == -1 and name == _RANK_RANGE
            found[name] = (lowest, None if unbounded else highest)
        return found

    def locale(self, default: Locale | None) -> Locale:
        value: Any = self._given.get("domainId", default and default.keepa_id)
        try:
            locale = locale_of_keepa_id(value)
        except (UnknownLocaleError, TypeError):
            raise invalid_selection("domainId") from None
        if not locale.has_lists:
            raise out_of_range("domainId")
        return locale

    def price_type(self) -> int:
        value = self._given.get("priceTypes")
        # Since January 2023 the `keepa` package fills in a bare 0, and it is tested against Keepa.
        # It has that default for requests without the field, which the recorded refusal names.
        if type(value) is int:
            value = [value]
        if not isinstance(value, list) or len(value) != 1 or type(value[0]) is not int:
            raise invalid_selection("priceTypes")
        if value[0] not in range(_DEAL_TYPES_KNOWN):
            raise invalid_selection("priceTypes")
        if value[0] not in _DEAL_TYPES:
            raise out_of_range("priceTypes")
        return int(value[0])
