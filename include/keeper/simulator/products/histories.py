"""Makes a product's price history in one locale: what happened on its market, look by look.

A product is looked at every few hours, and at some of these looks its offers are collected. What
each look finds is a pure function of the product, the locale and the looks before, so a longer
history begins with the shorter one. Requests may have offers collected besides; the history then
follows from their times as well.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from keeper.domain.locales import Locale
from keeper.domain.prices.types import price_type_of
from keeper.simulator.products.chance import Floats, Ints, uniform_rows
from keeper.simulator.products.markets import CHANCES_PER_LOOK, NO_OFFER, Market
from keeper.simulator.products.series import OF_COLLECTIONS
from keeper.simulator.products.sheets import ProductSheet

Entries: TypeAlias = NDArray[np.int32]

_UPDATES: Final = price_type_of("EXTRA_INFO_UPDATES").index
_COUNTS: Final = (price_type_of("COUNT_NEW").index, price_type_of("COUNT_USED").index)
_WAREHOUSE: Final = price_type_of("WAREHOUSE").index
_FETCHED: Final = 20
"""Offers Keepa collects by itself: two pages."""


class OffersCollection(NamedTuple):
    """A collection of a product's offers for a request: when, and how many offers at most."""

    minute: int
    offers: int


@dataclass(frozen=True, slots=True)
class History:
    """A product's series in one locale up to some time.

    Attributes:
        length: How many series Keepa's `csv` has for this product.
        looks: Keepa minutes at which the product was looked at.
        entries: By price type index, rows of (time, value) or (time, price, shipping). A series
            without rows is absent. AMAZON is there even if Amazon never offered the product.
        market: The series that follow the collections of offers, and counts, as they would be were
            offers collected at every look; they reach beyond the time of the history.
    """

    length: int
    looks: Ints
    entries: Mapping[int, Entries]
    market: Mapping[int, Entries] = field(default_factory=dict)

    @property
    def last_look(self) -> int | None:
        """When the product was looked at last, None if it never was."""
        return int(self.looks[-1]) if len(self.looks) else None

    @property
    def last_collection(self) -> int | None:
        """When offers were collected last, None if they never were."""
        updates = self.entries.get(_UPDATES)
        return int(updates[-1, 0]) if updates is not None else None

    @property
    def collections(self) -> NDArray[np.int32]:
        """When offers were collected, in order."""
        updates = self.entries.get(_UPDATES)
        return np.zeros(0, np.int32) if updates is None else updates[:, 0]

    def price_at(self, index: int, minute: int) -> int:
        """Return a price as of a Keepa minute, were offers collected then; −1 for no offer."""
        course = self.market.get(index, self.entries.get(index))
        if course is None:
            return NO_OFFER
        known = int(course[:, 0].searchsorted(minute, side="right"))
        return int(course[known - 1, 1]) if known else NO_OFFER

    def offers_at(self, minute: int) -> int:
        """Return how many offers there were at a Keepa minute, in all conditions."""
        return int(_offers(self.market, np.array([minute], np.int32))[0])

    def until(self, minute: int) -> "History":
        """Return what was known at a Keepa minute."""
        entries = {}
        for index, rows in self.entries.items():
            known = int(rows[:, 0].searchsorted(minute, side="right"))
            if known:
                entries[index] = rows[:known]
        looks = self.looks[: int(self.looks.searchsorted(minute, side="right"))]
        return replace(self, looks=looks, entries=entries)

    def since(self, minute: int) -> "History":
        """Return the points from a Keepa minute on; a series without any is absent."""
        entries = {}
        for index, rows in self.entries.items():
            first = int(rows[:, 0].searchsorted(minute, side="left"))
            if first < len(rows):
                entries[index] = rows[first:]
        return replace(self, entries=entries)

    def only(self, wanted: Collection[int]) -> "History":
        """Return the history without other series than those wanted."""
        entries = {index: rows for index, rows in self.entries.items() if index in wanted}
        return replace(self, entries=entries)

    def collected(self, collections: Sequence[OffersCollection]) -> "History":
        """Return the history as it is if offers were collected at some more times.

        Args:
            collections: In order of time, none after the time of the history.
        """
        updates = self.entries.get(_UPDATES)
        if not collections or updates is None:
            return self
        asked = np.array([made.minute for made in collections], np.int32)
        times = np.concatenate([updates[:, 0], asked])
        limits = np.concatenate(
            [np.full(len(updates), _FETCHED), [made.offers for made in collections]]
        )
        # Of two collections in one minute the later entry stays: the one asked for.
        times, first = np.unique(times[::-1], return_index=True)
        limits = limits[::-1][first]
        entries = dict(self.entries)
        for index, course in self.market.items():
            if index in OF_COLLECTIONS and index < self.length:
                observed = _observed(course, times)
                if len(observed):
                    entries[index] = observed
        entries[_UPDATES] = _updates(self.market, times, limits)
        return replace(self, entries=entries)

    def csv(self) -> list[Entries | None]:
        """Return the series as Keepa lists them: flat, by index, null where absent."""
        return [
            self.entries[index].reshape(-1) if index in self.entries else None
            for index in range(self.length)
        ]


def make_history(sheet: ProductSheet, locale: Locale, until: int) -> History:
    """Make a product's history in one locale up to a Keepa minute.

    Args:
        sheet: The product.
        locale: One it exists in.
        until: Last Keepa minute; points after it are not there.
    """
    if not sheet.has_history or until < sheet.tracked_since:
        return History(sheet.series_count, np.zeros(0, np.int64), {})
    name = f"{sheet.seed}/{sheet.asin}/{locale.domain}"
    rows = int((until - sheet.tracked_since) / sheet.look_gap * 1.1) + 32
    while True:
        chance = uniform_rows(f"market/{name}", rows, CHANCES_PER_LOOK)
        looks = _looks(sheet, chance[:, 0])
        if looks[-1] > until:
            break
        rows = rows * 5 // 4
    seen = int(np.searchsorted(looks, until, side="right"))
    looks = looks[:seen]
    collects = uniform_rows(f"collections/{name}", seen, 1)[:, 0] < sheet.collection_share
    collects[0] = True
    whole = Market(sheet, locale, looks, chance[:seen])
    entries: dict[int, Entries] = {}
    market: dict[int, Entries] = {}
    for type_name, values in whole.series():
        index = price_type_of(type_name).index
        course = _changes(looks, values, from_first_look=type_name == "AMAZON")
        if not len(course):
            continue
        if index in OF_COLLECTIONS:
            market[index] = course
            observed = _changes(looks[collects], [column[collects] for column in values])
            if len(observed):
                entries[index] = observed
            continue
        if type_name.startswith("COUNT_"):
            market[index] = course
        if index < sheet.series_count:
            entries[index] = course
    times = looks[collects].astype(np.int32)
    entries[_UPDATES] = _updates(market, times, np.full(len(times), _FETCHED))
    return History(sheet.series_count, looks, entries, market)


def _looks(sheet: ProductSheet, chance: Floats) -> Ints:
    # Keepa's minutes are even.
    gaps = 2 * (sheet.look_gap * (0.25 + 1.5 * chance) / 2).astype(np.int64)
    gaps[0] = 0
    return sheet.tracked_since + np.cumsum(gaps)


def _changes(
    looks: NDArray[Any], columns: list[NDArray[Any]], *, from_first_look: bool = False
) -> Entries:
    """Keep the looks that found something new, beginning with the first offer."""
    changed = np.zeros(len(looks), dtype=bool)
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    first = 0
    if not from_first_look:
        offered = columns[0] >= 0
        first = int(offered.argmax())
        if not offered[first]:
            return np.zeros((0, 1 + len(columns)), np.int32)
    changed[:first] = False
    changed[first] = True
    kept = np.flatnonzero(changed)
    entries = np.empty((len(kept), 1 + len(columns)), np.int32)
    for place, column in enumerate([looks, *columns]):
        entries[:, place] = column[kept]
    return entries


def _observed(course: Entries, times: NDArray[np.int32]) -> Entries:
    """Return a course as it looks to somebody who sees it at some times only."""
    place = course[:, 0].searchsorted(times, side="right") - 1
    seen = place >= 0
    rows = course[place[seen]]
    return _changes(times[seen], [rows[:, column] for column in range(1, rows.shape[1])])


def _offers(market: Mapping[int, Entries], times: NDArray[np.int32]) -> Ints:
    """Return how many offers there were at some times."""
    found = np.zeros(len(times), np.int64)
    for index in (*_COUNTS, _WAREHOUSE):
        if index in market:
            course = market[index]
            place = course[:, 0].searchsorted(times, side="right") - 1
            # Amazon's warehouse has one offer at most, and its series is a price.
            most = 1 if index == _WAREHOUSE else None
            found += np.where(place >= 0, np.clip(course[place, 1], 0, most), 0)
    return found


def _updates(
    market: Mapping[int, Entries], times: NDArray[np.int32], limits: NDArray[np.int_]
) -> Entries:
    """Return how many offers each collection found; below zero if it left some out."""
    found = _offers(market, times)
    entries = np.empty((len(times), 2), np.int32)
    entries[:, 0] = times
    entries[:, 1] = np.where(found > limits, -limits, found)
    return entries
