"""How much each user may have and do, so that nobody takes what all share."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final


class Limit(StrEnum):
    """Something of which a user may have or do so much; an operator as much as they like."""

    WATCHES = "watches"
    DEAL_FILTERS = "deal_filters"
    TOKENS_A_DAY = "tokens_a_day"
    CHECKS_AN_HOUR = "checks_an_hour"
    IMPORTS_AN_HOUR = "imports_an_hour"

    @property
    def span(self) -> timedelta | None:
        """In what time so much may be used; None for what is had at once."""
        return _SPANS[self]

    def sentence(self, most: int) -> str:
        """Return in words how much that is."""
        return f"at most {most:,} {_UNITS[self]}"


_HOUR: Final = timedelta(hours=1)
_SPANS: Final[dict[Limit, timedelta | None]] = {
    Limit.WATCHES: None,
    Limit.DEAL_FILTERS: None,
    Limit.TOKENS_A_DAY: timedelta(days=1),
    Limit.CHECKS_AN_HOUR: _HOUR,
    Limit.IMPORTS_AN_HOUR: _HOUR,
}
_UNITS: Final = {
    Limit.WATCHES: "watches on one list",
    Limit.DEAL_FILTERS: "deal filters of one user",
    Limit.TOKENS_A_DAY: "Keepa tokens a day for checks that one user asks for",
    Limit.CHECKS_AN_HOUR: "checks an hour that one user asks for",
    Limit.IMPORTS_AN_HOUR: "imports an hour of one user, dry runs too",
}

Limits = Mapping[Limit, int]
"""How much of each a user may have or do unless an operator has set something else for them."""

DEFAULT_LIMITS: Final[Limits] = {
    Limit.WATCHES: 1_000,
    Limit.DEAL_FILTERS: 20,
    Limit.TOKENS_A_DAY: 500,
    Limit.CHECKS_AN_HOUR: 20,
    Limit.IMPORTS_AN_HOUR: 30,
}
