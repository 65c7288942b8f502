"""The spells of time a LIGHTNING_DEAL series has an offer in."""

from typing import Final, NamedTuple

from keeper.simulator.products.histories import Entries

_DAY: Final = 1440
LONGEST_SPELL: Final = 30 * _DAY
"""Minutes after which a spell that goes on counts as ended."""


class Spell(NamedTuple):
    """A lightning deal: the Keepa minutes it begins and ends at, and its price in minor units."""

    start: int
    end: int
    price: int


def spell_at(course: Entries, at: int) -> Spell | None:
    """Return the spell that runs at a Keepa minute or begins within a day of it, if any.

    Its price is that at `at`, or at its begin if it is still to come.

    Args:
        course: The series, which must reach LONGEST_SPELL beyond `at`.
        at: The Keepa minute.
    """
    start, price = None, -1
    for minute, value in course.tolist():
        if value < 0:
            if start is not None and minute > at:
                return Spell(start, minute, price)
            start = None
        elif start is None and minute <= at + _DAY:
            start, price = minute, value
        elif start is not None and minute <= at:
            price = value
    return Spell(start, at + LONGEST_SPELL, price) if start is not None else None
