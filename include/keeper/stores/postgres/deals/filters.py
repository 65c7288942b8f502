"""Saved searches for deals in PostgreSQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from keeper.domain.deals.deal import DealFilter
from keeper.domain.watches.watch import WatchStatus
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.watches.watch_list import Saved, ensure_user

_SQL: Final = "deal_filters"
_FIELDS: Final = ("name", "domain", "price_type", "selection", "min_score", "filter_id")


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A filter with what has become of it.

    Attributes:
        filter: The search.
        status: ACTIVE ones are searched by each run of collect_deals.
        problem: Why Keepa refused it in the last run, None if it did not.
        problem_at: When.
        deals: How many deals it has found.
        last_seen_at: When it last found one.
    """

    filter: DealFilter
    status: WatchStatus
    problem: str | None
    problem_at: datetime | None
    deals: int
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class CollectedDeal:
    """A deal with its latest score; amounts in minor units of `currency`."""

    filter: str
    asin: str
    domain: str
    price_type: str
    currency: str
    title: str | None
    price_minor: int | None
    original_minor: int | None
    discount_percent: int | None
    score: int
    reasons: list[str]
    observed_at: datetime
    first_seen_at: datetime
    last_seen_at: datetime
    source: str


def best_deals(
    connection: Connection,
    email: str,
    *,
    since: datetime,
    filter_name: str | None = None,
    min_score: int = 0,
    domain: str | None = None,
    limit: int = 20,
) -> list[CollectedDeal]:
    """Return a user's deals seen since a moment that score enough for their filter, best first."""
    rows = connection.execute(
        statements(_SQL)["best_deals"],
        {
            "email": email,
            "filter": filter_name,
            "min_score": min_score,
            "domain": domain,
            "since": since,
            "limit": limit,
        },
    )
    return [CollectedDeal(**row) for row in rows]


def save_filter(connection: Connection, email: str, found_by: DealFilter) -> Saved:
    """Add a filter or change the user's one of that name; the user is made if new."""
    with connection.transaction():
        row = connection.execute(
            statements(_SQL)["save_filter"],
            {
                "user_id": ensure_user(connection, email),
                "name": found_by.name,
                "domain": found_by.domain,
                "price_type": found_by.price_type,
                "selection": Jsonb(dict(found_by.selection)),
                "min_score": found_by.min_score,
            },
        ).fetchone()
    if row is None:
        return Saved.UNCHANGED
    return Saved.ADDED if row["is_new"] else Saved.CHANGED


def active_filters(connection: Connection) -> list[DealFilter]:
    """Return the filters of all users that the next run searches for."""
    rows = connection.execute(statements(_SQL)["active_filters"])
    return [DealFilter(**row) for row in rows]


def list_filters(connection: Connection, email: str) -> list[SavedFilter]:
    """Return a user's filters by name, without the removed ones."""
    rows = connection.execute(statements(_SQL)["list_filters"], {"email": email})
    return [saved_filter(row) for row in rows]


def saved_filter(row: Mapping[str, Any]) -> SavedFilter:
    """Return a filter with what has become of it, as queries give it."""
    return SavedFilter(
        filter=DealFilter(**{name: row[name] for name in _FIELDS}),
        status=WatchStatus(row["status"]),
        problem=row["problem"],
        problem_at=row["problem_at"],
        deals=row["deals"],
        last_seen_at=row["last_seen_at"],
    )


class FilterNameTakenError(ValueError):
    """Its user has, or had, another filter of that name."""


def change_filter(connection: Connection, changed: DealFilter) -> None:
    """Replace what a saved filter looks for; what Keepa had against it is forgotten.

    Raises:
        FilterNameTakenError: Its user has another one of that name, a removed one perhaps.
    """
    row = {
        "filter_id": changed.filter_id,
        "name": changed.name,
        "domain": changed.domain,
        "price_type": changed.price_type,
        "selection": Jsonb(dict(changed.selection)),
        "min_score": changed.min_score,
    }
    try:
        with connection.transaction():
            connection.execute(statements(_SQL)["change_filter"], row)
    except psycopg.errors.UniqueViolation:
        raise FilterNameTakenError(
            f"there is, or was, another filter called {changed.name!r}; add that one again"
        ) from None


def set_filter_status(
    connection: Connection, email: str, name: str, status: WatchStatus
) -> WatchStatus | None:
    """Set the status of a user's filter and return the former; None if there is no such filter."""
    row = connection.execute(
        statements(_SQL)["set_filter_status"],
        {"email": email, "name": name, "status": status.value},
    ).fetchone()
    return WatchStatus(row["before"]) if row else None


def record_problem(connection: Connection, filter_id: int, problem: str | None) -> None:
    """Keep why Keepa refused a filter, or with None that it no longer does."""
    connection.execute(
        statements(_SQL)["record_problem"], {"filter_id": filter_id, "problem": problem}
    )
