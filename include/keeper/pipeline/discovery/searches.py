"""Searches for products worth watching as people ask for them, and decisions on what they propose.

They are the installation's, not one user's: operators alone see and change them by the API.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zlib import crc32

from keeper.domain.discovery import (
    RANK_RANGES,
    Discovery,
    DiscoveryKind,
    Proposal,
    ProposalState,
)
from keeper.domain.locales import Locale, locale_of
from keeper.domain.plain_text import plain_text
from keeper.domain.prices.types import price_type_of
from keeper.domain.users.access import Account
from keeper.sources.keepa.discovery import FinderSelectionError, read_selection
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.discovery.proposals import (
    DiscoveryProgress,
    count_proposals,
    decide,
    list_discoveries,
    proposal_page,
    proposals_named,
    remove_discovery,
    save_discovery,
)
from keeper.stores.postgres.users.accounts import lock_account

__all__ = [
    "Decided",
    "DiscoveryGoneError",
    "DiscoveryKind",
    "DiscoveryProgress",
    "Proposal",
    "ProposalState",
    "SearchTerms",
    "UnclearDiscoveryError",
    "add_discovery",
    "best_sellers",
    "count_proposals_of",
    "decide_proposals",
    "discoveries_of",
    "finder",
    "proposals_of",
    "remove",
]
_LONGEST_NAME: Final = 60


class UnclearDiscoveryError(ValueError):
    """Keepa has no such search, or it cannot be read; one sentence says why."""


class DiscoveryGoneError(LookupError):
    """There is no such search, or no such user."""


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """What every search has.

    Attributes:
        domain: The locale searched.
        name: What people call it; None for what it looks for.
        propose: How many of its proposals may wait for a decision at once.
        price_type: The series an approved product is watched in.
        below_average: The target of an approved product is this many percent below its average;
            None for no target.
    """

    domain: str = "us"
    name: str | None = None
    propose: int = 20
    price_type: str = "NEW"
    below_average: int | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a product that was to be decided on.

    Attributes:
        domain: The locale.
        asin: The product.
        proposal: As it is now; None if it was never proposed there.
        is_new: Whether it was decided just now, not before.
    """

    domain: str
    asin: str
    proposal: Proposal | None
    is_new: bool


def best_sellers(terms: SearchTerms, category: int, rank_range_days: int) -> Discovery:
    """Return the search for the best sellers of a category.

    Raises:
        UnclearDiscoveryError: Keepa has none such.
    """
    if rank_range_days not in RANK_RANGES:
        raise UnclearDiscoveryError(
            f"the rank range is {', '.join(map(str, RANK_RANGES[:-1]))} or {RANK_RANGES[-1]} days"
        )
    locale = locale_of(terms.domain)
    if not locale.has_lists:
        raise UnclearDiscoveryError(
            f"Keepa has no best sellers of {locale.host}; the product finder it has"
        )
    return _discovery(
        terms,
        locale,
        f"best sellers of {category}",
        kind=DiscoveryKind.BEST_SELLERS,
        category=category,
        rank_range_days=rank_range_days,
    )


def finder(terms: SearchTerms, selection: str) -> Discovery:
    """Return the search for what Keepa's product finder selects, by its query as JSON.

    Raises:
        UnclearDiscoveryError: Keepa would refuse the query.
    """
    try:
        selected: Mapping[str, Any] = read_selection(selection)
    except FinderSelectionError as error:
        raise UnclearDiscoveryError(str(error)) from None
    shown = ", ".join(f"{field}={value}" for field, value in selected.items())
    if len(shown) > _LONGEST_NAME:
        # Two long selections may differ after the cut only.
        shown = f"{shown[: _LONGEST_NAME - 10]}… {crc32(shown.encode()):08x}"
    return _discovery(
        terms, locale_of(terms.domain), shown, kind=DiscoveryKind.FINDER, selection=selected
    )


def _discovery(terms: SearchTerms, locale: Locale, name: str, **what: Any) -> Discovery:
    series = price_type_of(terms.price_type)
    if series.is_gone:
        raise UnclearDiscoveryError(f"Keepa keeps no {series.name} prices any more")
    return Discovery(
        name=plain_text(terms.name or "") or name,
        domain=locale.domain,
        propose=terms.propose,
        price_type=series.name,
        below_average_percent=terms.below_average,
        **what,
    )


def discoveries_of(connection: Connection, account: Account) -> list[DiscoveryProgress]:
    """Return the active searches; none for who is no operator."""
    return list_discoveries(connection) if account.is_operator else []


def add_discovery(
    connection: Connection, account: Account, discovery: Discovery
) -> tuple[DiscoveryProgress, bool]:
    """Save a search, or change the one of that name in its locale.

    Returns:
        The search, and whether it is new.

    Raises:
        DiscoveryGoneError: The user is no operator.
    """
    if not account.is_operator:
        raise DiscoveryGoneError("only operators save searches")
    with connection.transaction():
        known = {search.discovery.discovery_id for search in list_discoveries(connection)}
        number = save_discovery(connection, discovery)
        (saved,) = (
            search
            for search in list_discoveries(connection)
            if search.discovery.discovery_id == number
        )
    return saved, number not in known


def remove(connection: Connection, account: Account, discovery_id: int) -> None:
    """Stop a search; what it proposed stays.

    Raises:
        DiscoveryGoneError: There is no such search, or the user is no operator.
    """
    if not account.is_operator or remove_discovery(connection, discovery_id) is None:
        raise DiscoveryGoneError(f"there is no search {discovery_id}")


def proposals_of(
    connection: Connection,
    account: Account,
    *,
    state: ProposalState | None,
    domain: str | None,
    discovery_id: int | None,
    after: tuple[str, str] | None,
    most: int,
) -> list[Proposal]:
    """Return a page of the proposals by locale and ASIN; none for who is no operator.

    Args:
        connection: Where they are.
        account: Who asks.
        state: Only in this state; None for all.
        domain: Only of this locale; None for all.
        discovery_id: Only of this search; None for all.
        after: Locale and ASIN the page begins after; None for the first.
        most: How many at most.
    """
    if not account.is_operator:
        return []
    return proposal_page(
        connection,
        state=state,
        domain=domain,
        discovery_id=discovery_id,
        after=after,
        most=most,
    )


def count_proposals_of(
    connection: Connection,
    account: Account,
    *,
    state: ProposalState | None,
    domain: str | None,
    discovery_id: int | None,
) -> int:
    """Return how many proposals there are, 10,001 for more; none for who is no operator."""
    if not account.is_operator:
        return 0
    return count_proposals(connection, state=state, domain=domain, discovery_id=discovery_id)


def decide_proposals(
    connection: Connection,
    account: Account,
    products: Sequence[tuple[str, str]],
    *,
    is_approved: bool,
    owner_id: int | None,
    at: datetime,
) -> list[Decided]:
    """Approve or reject proposals; one decided before stays as it is.

    Args:
        connection: Where they are.
        account: Who decides.
        products: Locale and ASIN of each.
        is_approved: Whether they are watched from now on, else refused for good.
        owner_id: Whose watch list they join; None for Keeper's own, without targets.
        at: Now.

    Returns:
        What became of each, in their order.

    Raises:
        DiscoveryGoneError: There is no such owner, or the user is no operator.
    """
    if not account.is_operator:
        raise DiscoveryGoneError("only operators decide")
    with connection.transaction():
        email = None
        if owner_id is not None:
            owner = lock_account(connection, owner_id, ())
            if owner is None:
                raise DiscoveryGoneError(f"there is no user {owner_id}")
            email = owner.email
        open_before = _open(connection, products)
        decide(
            connection,
            approved=products if is_approved else (),
            rejected=() if is_approved else products,
            decided_by=account.email,
            decided_at=at,
            email=email,
        )
        found = {(one.domain, one.asin): one for one in proposals_named(connection, products)}
    return [
        Decided(domain, asin, found.get((domain, asin)), (domain, asin) in open_before)
        for domain, asin in products
    ]


def _open(connection: Connection, products: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of some products that wait for a decision, which nobody else makes meanwhile."""
    found = proposals_named(connection, products)
    return {(one.domain, one.asin) for one in found if one.state is ProposalState.PROPOSED}
