"""How Keeper is, in numbers and sentences: summary, notices, storage."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.domain.users.access import Account
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.notice_pages import count_notices, notice_page
from keeper.stores.postgres.messages.notices import KnownNotice
from keeper.stores.postgres.runs.figures import (
    AlertFigures,
    OperatorFigures,
    WatchFigures,
    alert_figures,
    operator_figures,
    watch_figures,
)
from keeper.stores.postgres.storage.retention import TableSize, partitions, problems, tables
from keeper.stores.postgres.tokens.accounts import TokenAccount, token_accounts
from keeper.stores.postgres.users.visibility import visible_to

__all__ = [
    "AlertFigures",
    "KnownNotice",
    "OperatorFigures",
    "Storage",
    "Summary",
    "TableSize",
    "TokenAccount",
    "WatchFigures",
    "notices_of",
    "storage_of",
    "summary_of",
]
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers of a dashboard.

    Attributes:
        watches: About the watches somebody may see.
        alerts: About their alerts, of a day and of a week.
        operator: About Keeper as a whole, of a day; None for who is no operator.
        tokens: The account of Keepa's in use; None before its first report, and for readers.
    """

    watches: WatchFigures
    alerts: AlertFigures
    operator: OperatorFigures | None
    tokens: TokenAccount | None


@dataclass(frozen=True, slots=True)
class Storage:
    """What the database takes, and what is wrong with it, a sentence each with its remedy."""

    tables: list[TableSize]
    problems: list[str]


def summary_of(
    connection: Connection,
    account: Account,
    *,
    at: datetime,
    stale_before: datetime,
    with_operations: bool,
) -> Summary:
    """Return the numbers of a dashboard.

    Args:
        connection: Where they come from.
        account: Who asks.
        at: Now.
        stale_before: What was last checked before this moment is stale.
        with_operations: Whether operators' numbers are wanted; readers get none.
    """
    visibility = visible_to(account)
    is_operator = account.is_operator and with_operations
    accounts = token_accounts(connection) if is_operator else []
    return Summary(
        watch_figures(connection, visibility, stale_before),
        alert_figures(connection, visibility, day=at - _DAY, week=at - 7 * _DAY),
        operator_figures(connection, at - _DAY) if is_operator else None,
        accounts[0] if accounts else None,
    )


def notices_of(
    connection: Connection,
    account: Account,
    *,
    with_resolved: bool,
    topic: str | None,
    before: int | None,
    most: int,
) -> list[KnownNotice]:
    """Return notices to the operator, the newest first; nothing for who is none."""
    if not account.is_operator:
        return []
    return notice_page(
        connection, with_resolved=with_resolved, topic=topic, before=before, most=most
    )


def count_notices_of(
    connection: Connection, account: Account, *, with_resolved: bool, topic: str | None
) -> int:
    """Return how many notices there are, 10,001 for more; none for who is no operator."""
    if not account.is_operator:
        return 0
    return count_notices(connection, with_resolved=with_resolved, topic=topic)


def storage_of(connection: Connection, account: Account, *, at: datetime) -> Storage:
    """Return what the database takes, partitions first; nothing for who is no operator."""
    if not account.is_operator:
        return Storage([], [])
    return Storage([*partitions(connection), *tables(connection)], problems(connection, at))
