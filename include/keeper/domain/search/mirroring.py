"""What two stores of the same things are compared by: sums of each day and locale."""

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple


class DayOfLocale(NamedTuple):
    """A day, in UTC, of a locale."""

    domain: str
    day: date


class DaySums(NamedTuple):
    """What a store has of a day.

    Attributes:
        number: How many points or deals there are.
        checked_ms: Sum of the times of their latest checks, in milliseconds.
        figures: Sums of their figures, by name.
    """

    number: int
    checked_ms: int
    figures: Mapping[str, int]


_ROUNDING_MS: Final = 1_000


def is_mirrored(original: DaySums | None, mirror: DaySums | None) -> bool:
    """Return whether a mirror has what the original has of a day; None is a day without rows.

    The mirror's checks may be later: the original does not change when an older point is published
    again. Sums of times may be short by less than a second: a store that adds them as floating
    point numbers is exact to that only, and two checks of a product are minutes apart.
    """
    if original is None or mirror is None:
        return original is mirror
    return (
        original.number == mirror.number
        and original.figures == mirror.figures
        and original.checked_ms < mirror.checked_ms + _ROUNDING_MS
    )
