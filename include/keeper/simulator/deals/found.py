"""Deals found in the catalogue's own histories.

Source: recorded deals. delta = average − current, positive for a drop; deltaPercent = 100 · delta /
average rounded half up; the day's average is that of 48 hours. WAREHOUSE and PRIME_EXCL are
compared with the average of AMAZON where Amazon is no dearer than the buy box, else with the buy
box's. Without an offer all are 0, but for a WAREHOUSE that had one before: its delta, deltaPercent
and deltaLast are −1.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

from keeper.domain.locales import Locale
from keeper.domain.prices.types import price_type_of
from keeper.simulator.deals.selection import DealSelection
from keeper.simulator.products.catalogue import SEARCHED_PRODUCTS, Catalogue
from keeper.simulator.products.categories import categories_of, root_id, shelf_id
from keeper.simulator.products.histories import History
from keeper.simulator.products.markets import NO_OFFER
from keeper.simulator.products.sheets import ProductSheet
from keeper.simulator.products.stats import SeriesSpans, is_lowest, rank_drops, spans_of

DEALS_PER_PAGE: Final = 150
_DAY: Final = 1440
_LISTED_TYPES: Final = 34
"""Series a deal lists; the counts Keepa added later are not among them."""
_INTERVALS: Final = (2 * _DAY, 7 * _DAY, 31 * _DAY, 90 * _DAY)
_NEVER_OFFERED: Final = -2
_UNKNOWN_TIME: Final = -1

_AMAZON: Final = price_type_of("AMAZON").index
_SALES: Final = price_type_of("SALES").index
_RATING: Final = price_type_of("RATING").index
_LIGHTNING: Final = price_type_of("LIGHTNING_DEAL").index
_BUY_BOX: Final = price_type_of("BUY_BOX_SHIPPING").index
_WAREHOUSE: Final = price_type_of("WAREHOUSE").index
_COMPARED_TO_NEW: Final = frozenset([_WAREHOUSE, price_type_of("PRIME_EXCL").index])


class _Look:
    """What is known of a product at a Keepa minute; all of it is worked out once, when asked for.

    The pages of a walk and other selections of the same minute look at the same products.
    """

    def __init__(self, history: History, at: int) -> None:
        self.history = history
        self._at = at
        self._spans: dict[int, SeriesSpans] = {}

    def spans(self, indexes: Iterable[int]) -> dict[int, SeriesSpans]:
        """Return the spans of those of some series that the product has."""
        found = {}
        for index in indexes:
            if index in self.history.entries:
                if index not in self._spans:
                    self._spans[index] = spans_of(self.history.entries[index], self._at)
                found[index] = self._spans[index]
        return found

    @cached_property
    def numbers(self) -> dict[str, list[Any]]:
        """The fields of a deal that hold a number or rows of numbers by price type."""
        history, at = self.history, self._at
        # Not kept: few of all these spans are asked for again.
        spans = {index: spans_of(entries, at) for index, entries in history.entries.items()}
        indexes = range(_LISTED_TYPES)
        begins = [at - interval for interval in _INTERVALS]
        deltas = [[_delta(spans, i, begin) for i in indexes] for begin in begins]
        return {
            "current": [spans[i].current if i in spans else NO_OFFER for i in indexes],
            "currentSince": [
                int(spans[i].starts[-1]) if i in spans else _UNKNOWN_TIME for i in indexes
            ],
            "avg": [[_average(spans.get(i), begin) for i in indexes] for begin in begins],
            "delta": [[delta for delta, _ in row] for row in deltas],
            "deltaPercent": [[percent for _, percent in row] for row in deltas],
            "deltaLast": [_delta_last(spans, i) for i in indexes],
            "backInStock": [i in spans and spans[i].is_back for i in indexes],
        }


@lru_cache(maxsize=SEARCHED_PRODUCTS)
def _look_at(catalogue: Catalogue, number: int, locale: Locale, at: int) -> _Look:
    return _Look(catalogue.history(catalogue.sheet(number), locale, at), at)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A product with the numbers a selection compares."""

    sheet: ProductSheet
    look: _Look
    rank_spans: SeriesSpans | None
    changed_at: int
    delta: int
    percent: int
    rank: int


def find_deals(catalogue: Catalogue, selection: DealSelection, at: int) -> dict[str, Any]:
    """Build the `deals` of a /deal reply.

    The first 600 products of the locale are searched. A deal is a drop of at least one percent
    since within the selection's date range, unless the selection has ranges of its own for that.

    Args:
        catalogue: Where to look.
        selection: What to look for.
        at: Keepa minute of the reply.
    """
    found = []
    for sheet in catalogue.products_in(selection.locale, limit=SEARCHED_PRODUCTS):
        candidate = _candidate(catalogue, sheet, selection, at)
        if candidate is not None:
            found.append(candidate)
    found.sort(key=lambda candidate: candidate.sheet.asin)
    found.sort(key=_sort_key(selection))

    roots = Counter(root_id(selection.locale, candidate.sheet.kind.category) for candidate in found)
    names = categories_of(selection.locale)
    first = selection.page * DEALS_PER_PAGE
    return {
        "dr": [
            _deal_object(candidate, selection, at)
            for candidate in found[first : first + DEALS_PER_PAGE]
        ],
        "drDateIndex": [],
        "categoryIds": list(roots),
        "categoryNames": [names[root].name for root in roots],
        "categoryCount": list(roots.values()),
    }


def deal_delta(average: int, current: int) -> tuple[int, int]:
    """Return delta and deltaPercent; both 0 where either side is missing."""
    if average < 0 or current < 0:
        return 0, 0
    delta = average - current
    if average == 0:
        return delta, 0
    return delta, (200 * delta + average) // (2 * average)


def _candidate(
    catalogue: Catalogue, sheet: ProductSheet, selection: DealSelection, at: int
) -> _Candidate | None:
    if not _is_wanted(sheet, selection):
        return None
    look = _look_at(catalogue, sheet.number, selection.locale, at)
    entries = look.history.entries.get(selection.price_type)
    begin = at - _INTERVALS[selection.date_range]
    # What did not change within the range is no deal; looking no further keeps this quick.
    if entries is None or entries[-1, 1] < 0 or entries[-1, 0] < begin:
        return None
    spans = look.spans({selection.price_type, _AMAZON, _BUY_BOX, _SALES, _RATING})
    series = spans[selection.price_type]
    delta, percent = _delta(spans, selection.price_type, begin)
    rank = spans[_SALES].current if _SALES in spans else NO_OFFER
    values = {
        "currentRange": series.current,
        "deltaRange": delta,
        "deltaPercentRange": percent,
        "deltaLastRange": _delta_last(spans, selection.price_type),
        "salesRankRange": rank,
    }
    for name, (lowest, highest) in selection.ranges.items():
        if values[name] < lowest or (highest is not None and values[name] > highest):
            return None
    if not selection.ranges.keys() & {"deltaRange", "deltaPercentRange"} and percent < 1:
        return None
    if not _passes_filters(spans, selection, at):
        return None
    changed_at = int(entries[-1, 0])
    return _Candidate(sheet, look, spans.get(_SALES), changed_at, delta, percent, rank)


def _is_wanted(sheet: ProductSheet, selection: DealSelection) -> bool:
    own = {
        root_id(selection.locale, sheet.kind.category),
        shelf_id(selection.locale, sheet.kind.category, sheet.kind.shelf),
    }
    if selection.include_categories and not own & selection.include_categories:
        return False
    if own & selection.exclude_categories:
        return False
    title = sheet.title.lower()
    return all(word in title for word in selection.title_words)


def _passes_filters(spans: Mapping[int, SeriesSpans], selection: DealSelection, at: int) -> bool:
    series = spans[selection.price_type]
    by_amazon = _AMAZON in spans and spans[_AMAZON].current >= 0
    rating = spans[_RATING].current if _RATING in spans else NO_OFFER
    holds = {
        "isLowest": is_lowest(series),
        "isLowest90": is_lowest(series, since=at - 90 * _DAY),
        "mustHaveAmazonOffer": by_amazon,
        "mustNotHaveAmazonOffer": not by_amazon,
    }
    if selection.min_rating is not None and rating < selection.min_rating:
        return False
    return all(holds[flag] for flag in selection.flags)


def _sort_key(selection: DealSelection) -> Any:
    sign = 1 if selection.sort_type > 0 else -1
    # Newest, largest drop and best rank come first.
    return {
        1: lambda candidate: -sign * candidate.changed_at,
        2: lambda candidate: -sign * candidate.delta,
        3: lambda candidate: sign * candidate.rank,
        4: lambda candidate: -sign * candidate.percent,
    }[abs(selection.sort_type)]


def _delta(spans: Mapping[int, SeriesSpans], index: int, since: int) -> tuple[int, int]:
    """Return delta and deltaPercent of a series against its average since a Keepa minute."""
    series = spans.get(index)
    if series is None:
        return 0, 0
    if _is_sold_out_warehouse(series, index):
        return NO_OFFER, NO_OFFER
    compared = _new_price(spans) if index in _COMPARED_TO_NEW else index
    return deal_delta(_average(spans.get(compared), since), series.current)


def _new_price(spans: Mapping[int, SeriesSpans]) -> int:
    """Return the series that says what a product costs new."""
    by_amazon, box = (spans[i].current if i in spans else -1 for i in (_AMAZON, _BUY_BOX))
    return _AMAZON if by_amazon > 0 and (box < 0 or by_amazon <= box) else _BUY_BOX


def _is_sold_out_warehouse(series: SeriesSpans, index: int) -> bool:
    return index == _WAREHOUSE and series.current < 0 and series.was_offered


def _average(series: SeriesSpans | None, since: int) -> int:
    if series is None or not series.was_offered:
        return _NEVER_OFFERED
    return series.average_since(since)


def _delta_last(spans: Mapping[int, SeriesSpans], index: int) -> int:
    series = spans.get(index)
    if series is None or len(series.values) == 1:
        return 0
    if _is_sold_out_warehouse(series, index):
        return NO_OFFER
    previous, current = int(series.values[-2]), int(series.values[-1])
    return previous - current if previous >= 0 and current >= 0 else 0


def _deal_object(candidate: _Candidate, selection: DealSelection, at: int) -> dict[str, Any]:
    sheet, history = candidate.sheet, candidate.look.history
    root = root_id(selection.locale, sheet.kind.category)
    lightning_start, lightning_end = _last_spell(history)
    return {
        "asin": sheet.asin,
        "title": sheet.title,
        "image": [ord(letter) for letter in sheet.images[0]],
        "rootCat": root,
        "categories": [shelf_id(selection.locale, sheet.kind.category, sheet.kind.shelf)],
        # A reply is its reader's to change.
        **{
            name: [[*row] if isinstance(row, list) else row for row in rows]
            for name, rows in candidate.look.numbers.items()
        },
        "creationDate": candidate.changed_at,
        "lastUpdate": int(history.looks[-1]),
        "dateIntervalIndex": selection.date_range,
        "lightningStart": lightning_start,
        "lightningEnd": lightning_end,
        **{
            f"salesRankDrops{days}": rank_drops(candidate.rank_spans, at - days * _DAY)
            for days in (30, 90, 180, 365)
        },
        "warehouseCondition": 0,
        "warehouseConditionComment": None,
        "flags": None,
    }


def _last_spell(history: History) -> tuple[int, int]:
    """Return start and end of the last lightning deal, 0 where there was none or it lasts."""
    entries = history.entries.get(_LIGHTNING)
    if entries is None:
        return 0, 0
    last = entries[-1]
    if last[1] >= 0:
        return int(last[0]), 0
    return int(entries[-2, 0]), int(last[0])
