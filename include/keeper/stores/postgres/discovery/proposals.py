"""Saved searches for products, and what became of their proposals, in PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from keeper.domain.discovery import Discovery, DiscoveryKind, Proposal, ProposalState
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.row_counts import count_rows

_SQL: Final = "discovery"


@dataclass(frozen=True, slots=True)
class DiscoveryProgress:
    """A saved search and how many of its proposals are where.

    Attributes:
        discovery: The search.
        proposed: Proposals that wait for a decision.
        approved: Approved ones.
        rejected: Rejected ones.
        of_run: Those the run asked about proposed, decided or not.
        left_over: Those that wait since other runs.
    """

    discovery: Discovery
    proposed: int
    approved: int
    rejected: int
    of_run: int
    left_over: int


@dataclass(frozen=True, slots=True)
class Decision:
    """How many proposals were decided now; those decided before are in neither count."""

    approved: int
    rejected: int


def save_discovery(connection: Connection, discovery: Discovery) -> int:
    """Save a search, or change the one of that name in its locale, and return its key."""
    selection = None if discovery.selection is None else Jsonb(dict(discovery.selection))
    row = connection.execute(
        statements(_SQL)["save_discovery"],
        {**asdict(discovery), "selection": selection, "kind": discovery.kind.value},
    ).fetchone()
    if row is None:
        raise TypeError("INSERT … RETURNING gave no row")
    return int(row["discovery_id"])


def remove_discovery(connection: Connection, discovery_id: int) -> str | None:
    """Stop a search and return its name, None if there is none; its proposals stay."""
    row = connection.execute(
        statements(_SQL)["remove_discovery"], {"discovery_id": discovery_id}
    ).fetchone()
    return None if row is None else str(row["name"])


def list_discoveries(connection: Connection, run_id: str | None = None) -> list[DiscoveryProgress]:
    """Return the active searches, those that searched longest ago first.

    Args:
        connection: Where they are.
        run_id: The run that `of_run` and `left_over` are about.
    """
    rows = connection.execute(statements(_SQL)["list_discoveries"], {"run_id": run_id})
    return [_progress(row) for row in rows]


def record_search(
    connection: Connection, discovery_id: int, searched_at: datetime, problem: str | None
) -> None:
    """Note when a search was made, and why it failed if it did."""
    connection.execute(
        statements(_SQL)["record_search"],
        {"discovery_id": discovery_id, "searched_at": searched_at, "problem": problem},
    )


def known_products(connection: Connection, domain: str, asins: Sequence[str]) -> set[str]:
    """Return those of some products that were ever watched or proposed in a locale."""
    rows = connection.execute(
        statements(_SQL)["known_products"], {"domain": domain, "asins": list(asins)}
    )
    return {row["asin"] for row in rows}


def add_proposals(connection: Connection, proposals: Iterable[Proposal]) -> int:
    """Keep proposals, all in one transaction, and return how many products were new."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            statements(_SQL)["add_proposal"], [asdict(proposal) for proposal in proposals]
        )
        return max(cursor.rowcount, 0)


def list_proposals(
    connection: Connection, state: ProposalState | None = ProposalState.PROPOSED
) -> list[Proposal]:
    """Return the proposals in a state, or all, by locale, search and sales rank."""
    rows = connection.execute(statements(_SQL)["list_proposals"], {"state": state})
    return [_proposal(row) for row in rows]


def proposal_page(
    connection: Connection,
    *,
    state: ProposalState | None = None,
    domain: str | None = None,
    discovery_id: int | None = None,
    after: tuple[str, str] | None = None,
    most: int,
) -> list[Proposal]:
    """Return a page of proposals by locale and ASIN.

    Args:
        connection: Where they are.
        state: Only in this state; None for all.
        domain: Only of this locale; None for all.
        discovery_id: Only of this search; None for all.
        after: Locale and ASIN the page begins after; None for the first.
        most: How many at most.
    """
    values = {
        "state": state,
        "domain": domain,
        "discovery_id": discovery_id,
        "after_domain": after[0] if after else None,
        "after_asin": after[1] if after else None,
        "most": most,
    }
    rows = connection.execute(statements(_SQL)["proposal_page"], values)
    return [_proposal(row) for row in rows]


def count_proposals(
    connection: Connection,
    *,
    state: ProposalState | None,
    domain: str | None,
    discovery_id: int | None,
) -> int:
    """Return how many proposals there are; None lets everything pass; see count_rows."""
    values = {
        "state": state,
        "domain": domain,
        "discovery_id": discovery_id,
        "after_domain": None,
        "after_asin": None,
    }
    return count_rows(connection, statements(_SQL)["proposal_page"], values)


def proposals_named(connection: Connection, products: Iterable[tuple[str, str]]) -> list[Proposal]:
    """Return the proposals of products, by locale and ASIN, and lock them."""
    named = list(products)
    values = {"domains": [domain for domain, _ in named], "asins": [asin for _, asin in named]}
    rows = connection.execute(statements(_SQL)["proposals_named"], values)
    return [_proposal(row) for row in rows]


def _proposal(row: Mapping[str, Any]) -> Proposal:
    return Proposal(**{**row, "state": ProposalState(row["state"])})


def decide(
    connection: Connection,
    *,
    approved: Iterable[tuple[str, str]],
    rejected: Iterable[tuple[str, str]],
    decided_by: str,
    decided_at: datetime,
    email: str | None,
) -> Decision:
    """Approve or reject proposals that are still open, all in one transaction.

    Approved ones join the watch list of a user; a product decided before stays as it is, and so
    does a watch the user already has.

    Args:
        connection: Where they are.
        approved: (domain, ASIN) of each product to watch.
        rejected: (domain, ASIN) of each to refuse for good.
        decided_by: Who says so.
        decided_at: When.
        email: Whose list; made if new. None for the system user's.
    """
    sql = statements(_SQL)

    def record_answer(
        products: Iterable[tuple[str, str]], state: ProposalState
    ) -> list[dict[str, Any]]:
        answered = []
        for domain, asin in products:
            row = {
                "asin": asin,
                "domain": domain,
                "state": state.value,
                "decided_by": decided_by,
                "decided_at": decided_at,
            }
            if connection.execute(sql["decide"], row).fetchone() is not None:
                answered.append(row)
        return answered

    with connection.transaction():
        if email is None:
            system = connection.execute(sql["system_user"]).fetchone()
            owner = system["email"] if system else None
        else:
            connection.execute(statements("watches")["ensure_user"], {"email": email})
            owner = email
        welcome = record_answer(approved, ProposalState.APPROVED)
        for row in welcome:
            connection.execute(sql["watch_proposed"], {**row, "email": owner})
        refused = record_answer(rejected, ProposalState.REJECTED)
    return Decision(len(welcome), len(refused))


def _progress(row: dict[str, Any]) -> DiscoveryProgress:
    names = ("proposed", "approved", "rejected", "of_run", "left_over")
    counts = {name: row.pop(name) for name in names}
    return DiscoveryProgress(Discovery(**{**row, "kind": DiscoveryKind(row["kind"])}), **counts)
