"""Reads one entry of `csv` into arrays; of a damaged one, what can be trusted.

A whole series is read without making Python objects of its numbers. Only a damaged one is taken
apart entry by entry.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from keeper.domain.prices.types import PriceType
from keeper.sources.keepa.document import LAST_MINUTE, Int64Array, as_array, int64s, plain_list
from keeper.sources.keepa.products.problems import SeriesFault, shown
from keeper.sources.keepa.products.series import NO_OFFER

_RENT: Final = "RENT"
_NO_RENTAL_OFFER: Final = -2
_INT64: Final = range(-(2**63), 2**63)
_WORDS: Final = {
    SeriesFault.NOT_A_LIST: "the series is not a list",
    SeriesFault.INCOMPLETE: "the numbers do not make whole entries",
    SeriesFault.NOT_INTEGERS: "a number is not an integer of 64 bits",
    SeriesFault.OUTSIDE_CALENDAR: "a time lies outside the calendar",
    SeriesFault.REPEATED_TIME: "several entries have one time",
    SeriesFault.NOT_INCREASING: "the times do not increase",
}


Columns = tuple[Int64Array, Int64Array, Int64Array | None]
"""A series' minutes, values and shipping: arrays of one length, as `Series` describes them."""


class DamagedSeriesError(ValueError):
    """Something in a series cannot be read."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Entries of a series that cannot be read, for one reason.

    Attributes:
        fault: The reason.
        index: Position of the first of them.
        count: How many there are; 0 when the series has no entries at all.
        detail: The reason for people, with the first of them.
    """

    fault: SeriesFault
    index: int
    count: int
    detail: str


class Rest(NamedTuple):
    """What is left of a damaged series.

    Attributes:
        columns: Its readable points; None if there are none.
        left_out: What could not be read, never empty.
        lost_newest: The newest entry is among what could not be read.
    """

    columns: Columns | None
    left_out: tuple[LeftOut, ...]
    lost_newest: bool


def read_columns(node: object, price_type: PriceType) -> Columns | None:
    """Read an entry of `csv` that is not null; None if it is empty.

    Raises:
        DamagedSeriesError: Not all of it can be read; `read_rest` returns what can.
    """
    array = as_array(node)
    if array is None:
        raise DamagedSeriesError
    try:
        numbers = int64s(array)
    except ValueError:
        raise DamagedSeriesError from None
    if not len(numbers):
        return None
    width = 3 if price_type.has_shipping else 2
    minutes = numbers[0::width]
    if (
        len(numbers) % width
        or not (minutes[1:] > minutes[:-1]).all()
        or minutes[0] < 0
        or minutes[-1] > LAST_MINUTE
    ):
        raise DamagedSeriesError
    return _columns(numbers, width, price_type)


def read_rest(node: object, price_type: PriceType) -> Rest:
    """Read what can be trusted of a damaged entry of `csv`.

    Entries are left out whose numbers are not integers of 64 bits, whose time lies outside the
    calendar, or whose time is another entry's with another price: a series has one price at a time,
    so that neither can be trusted. Of times that do not increase, as few as possible are left out,
    later ones first. Where the numbers do not make whole entries, one is missing somewhere, and
    nothing is trusted from where the times show it.
    """
    array = as_array(node)
    if array is None:
        fault = SeriesFault.NOT_A_LIST
        return Rest(None, (LeftOut(fault, 0, 0, _WORDS[fault]),), lost_newest=True)
    numbers = plain_list(array)
    width = 3 if price_type.has_shipping else 2
    entries = [tuple(numbers[at : at + width]) for at in range(0, len(numbers), width)]
    faults = _faults(entries, width)
    left_out = _grouped(entries, faults)
    kept = [entry for position, entry in enumerate(entries) if position not in faults]
    if not kept:
        return Rest(None, left_out, lost_newest=True)
    flat = np.array(kept, dtype=np.int64).ravel()
    columns = _columns(_frozen(flat), width, price_type)
    return Rest(columns, left_out, lost_newest=kept[-1] != entries[-1])


def _columns(numbers: Int64Array, width: int, price_type: PriceType) -> Columns:
    minutes, values = numbers[0::width], numbers[1::width]
    if price_type.name == _RENT:
        values = _frozen(np.where(values == _NO_RENTAL_OFFER, NO_OFFER, values))
    if not price_type.has_shipping:
        return minutes, values, None
    charged = numbers[2::width]
    shipping = np.where(charged == -1, 0, charged)
    shipping[values == NO_OFFER] = NO_OFFER
    return minutes, values, _frozen(shipping)


def _frozen(numbers: Int64Array) -> Int64Array:
    numbers.flags.writeable = False
    return numbers


def _faults(entries: Sequence[tuple[Any, ...]], width: int) -> Mapping[int, SeriesFault]:
    """Return what is wrong with which entries, by their positions."""
    faults: dict[int, SeriesFault] = {}
    whole = _whole_entries(entries, width)
    for position, entry in enumerate(entries):
        if position >= whole:
            faults[position] = SeriesFault.INCOMPLETE
        elif not all(type(number) is int and number in _INT64 for number in entry):
            faults[position] = SeriesFault.NOT_INTEGERS
        elif not 0 <= entry[0] <= LAST_MINUTE:
            faults[position] = SeriesFault.OUTSIDE_CALENDAR
    sound = [position for position in range(whole) if position not in faults]
    once = {entries[position] for position in sound}
    times = Counter(entry[0] for entry in once)
    for position in sound:
        if times[entries[position][0]] > 1 or entries[position] not in once:
            faults[position] = SeriesFault.REPEATED_TIME
        once.discard(entries[position])
    sound = [position for position in sound if position not in faults]
    increasing = _longest_increasing([entries[position][0] for position in sound])
    for rank, position in enumerate(sound):
        if rank not in increasing:
            faults[position] = SeriesFault.NOT_INCREASING
    return faults


def _whole_entries(entries: Sequence[tuple[Any, ...]], width: int) -> int:
    """Return how many entries at the start are whole, and surely cut at the right places."""
    if not entries or len(entries[-1]) == width:
        return len(entries)
    for position in range(1, len(entries)):
        time, former = entries[position][0], entries[position - 1][0]
        if type(time) is not int or type(former) is not int or time <= former:
            # A number is missing, or too many, in the entry before the one whose time is wrong.
            return position - 1
    return len(entries) - 1


def _longest_increasing(times: Sequence[int]) -> frozenset[int]:
    """Return the positions of a longest increasing subsequence; of several, the earliest one."""
    least_ends: list[int] = []
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for position, time in enumerate(times):
        length = bisect_left(least_ends, time)
        least_ends[length : length + 1] = [time]
        by_length[length].append(position)
    chosen: list[int] = []
    for length in reversed(range(len(least_ends))):
        after = chosen[-1] if chosen else None
        chosen.append(
            next(
                position
                for position in by_length[length]
                if after is None or (position < after and times[position] < times[after])
            )
        )
    return frozenset(chosen)


def _grouped(
    entries: Sequence[tuple[Any, ...]], faults: Mapping[int, SeriesFault]
) -> tuple[LeftOut, ...]:
    positions: defaultdict[SeriesFault, list[int]] = defaultdict(list)
    for position in sorted(faults):
        positions[faults[position]].append(position)
    return tuple(
        LeftOut(
            fault,
            found[0],
            len(found),
            f"{_WORDS[fault]}: {len(found)} of {len(entries)} entries, the first is number "
            f"{found[0]} [{', '.join(map(shown, entries[found[0]]))}]",
        )
        for fault, found in positions.items()
    )
