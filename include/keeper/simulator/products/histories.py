"""Makes a product's price history in one locale: what happened on its market, look by look.

A product is looked at every few hours. What each look finds is a pure function of the product, the
locale and the looks before, so a longer history begins with the shorter one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from keeper.domain.locales import Locale
from keeper.domain.prices.types import price_type_of
from keeper.simulator.products.chance import Floats, Ints, uniform_rows
from keeper.simulator.products.markets import CHANCES_PER_LOOK, Market
from keeper.simulator.products.sheets import ProductSheet

Entries: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class History:
    """A product's series in one locale up to some time.

    Attributes:
        length: How many series Keepa's `csv` has for this product.
        looks: Keepa minutes at which the product was looked at.
        entries: By price type index, rows of (time, value) or (time, price, shipping). A series
            without rows is absent. AMAZON is there even if Amazon never offered the product.
    """

    length: int
    looks: Ints
    entries: Mapping[int, Entries]

    def until(self, minute: int) -> "History":
        """Return what was known at a Keepa minute."""
        entries = {}
        for index, rows in self.entries.items():
            known = int(rows[:, 0].searchsorted(minute, side="right"))
            if known:
                entries[index] = rows[:known]
        looks = self.looks[: int(self.looks.searchsorted(minute, side="right"))]
        return History(self.length, looks, entries)

    def since(self, minute: int) -> "History":
        """Return the points from a Keepa minute on; a series without any is absent."""
        entries = {}
        for index, rows in self.entries.items():
            first = int(rows[:, 0].searchsorted(minute, side="left"))
            if first < len(rows):
                entries[index] = rows[first:]
        return History(self.length, self.looks, entries)

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
    name = f"market/{sheet.seed}/{sheet.asin}/{locale.domain}"
    rows = int((until - sheet.tracked_since) / sheet.look_gap * 1.1) + 32
    while True:
        chance = uniform_rows(name, rows, CHANCES_PER_LOOK)
        looks = _looks(sheet, chance[:, 0])
        if looks[-1] > until:
            break
        rows = rows * 5 // 4
    seen = int(np.searchsorted(looks, until, side="right"))
    looks = looks[:seen]
    market = Market(sheet, locale, looks, chance[:seen])
    entries = {}
    for type_name, values in market.series():
        index = price_type_of(type_name).index
        if index < sheet.series_count:
            kept = _changes(looks, values, from_first_look=type_name == "AMAZON")
            if len(kept):
                entries[index] = kept
    return History(sheet.series_count, looks, entries)


def _looks(sheet: ProductSheet, chance: Floats) -> Ints:
    # Keepa's minutes are even.
    gaps = 2 * (sheet.look_gap * (0.25 + 1.5 * chance) / 2).astype(np.int64)
    gaps[0] = 0
    return sheet.tracked_since + np.cumsum(gaps)


def _changes(looks: Ints, columns: list[Ints], *, from_first_look: bool) -> Entries:
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
