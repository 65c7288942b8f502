"""What decoding left out of a reply, and why."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

ProblemKind = Literal[
    "malformed_product",
    "unknown_domain",
    "unknown_product_type",
    "malformed_series",
    "malformed_entries",
    "malformed_stats",
    "malformed_deal",
]


class SeriesFault(StrEnum):
    """What is wrong with a series or its entries; the value is what a quarantined record names."""

    NOT_A_LIST = "series_is_a_list"
    INCOMPLETE = "entries_are_complete"
    NOT_INTEGERS = "entries_are_integers"
    OUTSIDE_CALENDAR = "times_are_in_the_calendar"
    REPEATED_TIME = "times_are_unique"
    NOT_INCREASING = "times_increase"


@dataclass(frozen=True, slots=True)
class DecodeProblem:
    """Something that could not be read and was left out.

    Attributes:
        kind: A whole product (`malformed_product`, `unknown_domain`), its sort, one series or some
            of its entries, or the statistics; a whole deal.
        detail: What is wrong, for people.
        asin: The product, None if it has no proper ASIN.
        domain: Keeper's locale name, None if unknown.
        series: The price type's name, or `csv` for all of them, when the kind is about series.
        fault: What is wrong with the series, when the kind is about series.
        index: Position among the series' entries of the first that is left out for this fault.
        count: How many of its entries are left out for this fault.
    """

    kind: ProblemKind
    detail: str
    asin: str | None = None
    domain: str | None = None
    series: str | None = None
    fault: SeriesFault | None = None
    index: int | None = None
    count: int = 0

    def __str__(self) -> str:
        """Put it on one line."""
        where = " ".join(part for part in (self.asin, self.domain, self.series) if part)
        return f"{where or 'product'}: {self.detail}"


def shown(node: object) -> str:
    """Return a JSON value as a problem's text quotes it."""
    return repr(node)[:40] if node is None or isinstance(node, str | int | float) else "nested"
