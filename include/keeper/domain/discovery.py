"""Searches for products worth watching, what they propose, and the target a watch gets from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from keeper.domain.watches.watch import DEFAULT_PRICE_TYPE

RANK_RANGES: Final = (0, 30, 90, 180)
"""Days over which Keepa averages the ranks of a best-seller list; 0 is the rank right now."""


class DiscoveryKind(StrEnum):
    """Where a discovery looks."""

    BEST_SELLERS = "best_sellers"
    FINDER = "finder"


class ProposalState(StrEnum):
    """What became of a proposal; a product has one for ever, so nothing is proposed twice."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class Discovery:
    """A saved search for products to propose.

    Attributes:
        name: What people call it; unique in its locale.
        kind: Best sellers of `category`, or what the product finder selects by `selection`.
        domain: The locale searched.
        category: Amazon's category number, for best sellers.
        selection: The finder's fields by Keepa's own names, without `page` and `perPage`, which
            Keeper fills in.
        rank_range_days: One of RANK_RANGES, for best sellers.
        propose: How many of its proposals may wait for a decision at once.
        price_type: The series an approved product is watched in.
        below_average_percent: The target of an approved product is this much below its average of
            90 days; None watches without a target.
        discovery_id: Its key once saved.
        searched_at: When it last searched.
        problem: Why the last search failed, None if it did not.
    """

    name: str
    kind: DiscoveryKind
    domain: str
    category: int | None = None
    selection: Mapping[str, object] | None = None
    rank_range_days: int = 0
    propose: int = 20
    price_type: str = DEFAULT_PRICE_TYPE
    below_average_percent: int | None = None
    discovery_id: int | None = None
    searched_at: datetime | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A product that may join the watch list; money in minor units of `currency`.

    Attributes:
        asin: The product.
        domain: The locale.
        discovery_id: The search that found it.
        title: As Amazon shows it.
        price_type: The series it would be watched in; the prices below are of it.
        price_minor: The price when proposed, without shipping; None without an offer.
        currency: ISO 4217 code.
        average_90_days_minor: The average of 90 days, as far as their prices are comparable
            (keeper.domain.prices.landed), without shipping that Keepa gives apart; None without an
            offer.
        target_minor: The target its watch would get; None if it would get none.
        rating: 0.0 to 5.0.
        review_count: Reviews.
        sales_rank: Rank in the root category; lower sells better.
        source: "keepa" or "simulator".
        run_id: The run that proposed it.
        state: Whether it was decided, and how.
        decided_by: Who decided.
        decided_at: When.
        found_by: Name of the search, where it has been looked up.
    """

    asin: str
    domain: str
    discovery_id: int
    title: str | None
    price_type: str
    price_minor: int | None
    currency: str
    average_90_days_minor: int | None
    target_minor: int | None
    rating: float | None
    review_count: int | None
    sales_rank: int | None
    source: str
    run_id: str
    state: ProposalState = ProposalState.PROPOSED
    decided_by: str | None = None
    decided_at: datetime | None = None
    found_by: str | None = None


def target_below(average_minor: int | None, percent: int | None) -> int | None:
    """Return the price `percent` below an average, rounded down; None where either is missing.

    A target that would round to nothing is none: targets are above zero.
    """
    if average_minor is None or percent is None:
        return None
    return average_minor * (100 - percent) // 100 or None
