"""Deals and daily reports as a program asks for them: only what its user may see."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from keeper.domain.deals.report import DealReport
from keeper.domain.locales import locale_of
from keeper.domain.money import InvalidAmountError, read_amount
from keeper.domain.users.access import Account
from keeper.pipeline.deals.report import draft
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.deals.deal_pages import (
    BadPageStartError,
    DealCount,
    DealSort,
    DealStart,
    DealWhere,
    PagedDeal,
    PagedReport,
    deal_counts,
    deal_page,
    report_page,
)
from keeper.stores.postgres.deals.reports import read_reports, reader_of
from keeper.stores.postgres.messages.message_pages import (
    MessageFilter,
    PagedMessage,
    message_page,
)
from keeper.stores.postgres.prices.sparklines import Sparkline, SparklineSpan, deal_sparklines
from keeper.stores.postgres.users.visibility import visible_to

__all__ = [
    "BadPageStartError",
    "DealCount",
    "DealGoneError",
    "DealSort",
    "DealStart",
    "DealWhere",
    "InvalidAmountError",
    "PagedDeal",
    "PagedReport",
    "ReportWithMessages",
    "SparklineSpan",
    "amount_of",
    "counts_of",
    "deal_of",
    "deal_sparklines_of",
    "deals_of",
    "next_report",
    "report_of",
    "reports_of",
]

_MOST_CHANNELS = 500


class DealGoneError(LookupError):
    """There is no such deal or report, or none that the user may see."""


@dataclass(frozen=True, slots=True)
class ReportWithMessages:
    """A daily report with its message for each channel."""

    report: PagedReport
    messages: tuple[PagedMessage, ...]


def amount_of(text: str, domain: str | None) -> tuple[int, str]:
    """Return an amount in minor units, and its currency: that of a locale, dollars without one.

    Raises:
        InvalidAmountError: It is no amount.
    """
    currency = locale_of(domain or "us").currency
    return read_amount(text, currency), currency


def deals_of(
    connection: Connection,
    account: Account,
    where: DealWhere,
    *,
    sort: DealSort,
    after: DealStart | None,
    most: int,
) -> list[PagedDeal]:
    """Return a page of the deals a user may see.

    Raises:
        BadPageStartError: The page begins after what is no key of its order.
    """
    return deal_page(connection, visible_to(account), where, sort=sort, after=after, most=most)


def deal_of(connection: Connection, account: Account, event_id: str) -> PagedDeal:
    """Return a deal.

    Raises:
        DealGoneError: The user may see no such deal.
    """
    for found in deal_page(connection, visible_to(account), DealWhere(), event_id=event_id):
        return found
    raise DealGoneError(f"there is no deal {event_id}")


def deal_sparklines_of(
    connection: Connection, account: Account, event_ids: list[str], span: SparklineSpan
) -> list[Sparkline[str]]:
    """Return what the prices of deals a user may see did lately."""
    return deal_sparklines(connection, visible_to(account), event_ids, span)


def counts_of(connection: Connection, account: Account, where: DealWhere) -> list[DealCount]:
    """Return how many deals a user may see, in all and by what they have in common."""
    return deal_counts(connection, visible_to(account), where)


def reports_of(
    connection: Connection,
    account: Account,
    *,
    user_id: int | None,
    since: datetime | None,
    before: int | None,
    most: int,
) -> list[ReportWithMessages]:
    """Return a page of the reports a user may see, the newest first, before a report's number."""
    visibility = visible_to(account)
    found = report_page(
        connection, visibility, user_id=user_id, since=since, before=before, most=most
    )
    return _with_messages(connection, account, found)


def report_of(
    connection: Connection, account: Account, report_id: int
) -> tuple[ReportWithMessages, DealReport]:
    """Return a report, and its deals as they were sent.

    Raises:
        DealGoneError: The user may see no such report.
    """
    for report in _with_messages(
        connection, account, report_page(connection, visible_to(account), report_id=report_id)
    ):
        return report, read_reports(connection, [report_id])[report_id]
    raise DealGoneError(f"there is no report {report_id}")


def next_report(connection: Connection, account: Account, *, at: datetime) -> DealReport:
    """Return the report a user would get now; nothing counts as reported.

    Raises:
        DealGoneError: The user has no search that is active.
    """
    reader = reader_of(connection, account.email)
    if reader is None:
        raise DealGoneError("no search is active, and without one there are no reports")
    report, _ = draft(connection, None, reader, at=at)
    return report


def _with_messages(
    connection: Connection, account: Account, reports: Iterable[PagedReport]
) -> list[ReportWithMessages]:
    found = list(reports)
    where = MessageFilter(report_ids=[report.report_id for report in found])
    most = _MOST_CHANNELS * (len(found) or 1)
    of_report: defaultdict[int | None, list[PagedMessage]] = defaultdict(list)
    for message in reversed(message_page(connection, visible_to(account), where, most=most)):
        of_report[message.report_id].append(message)
    return [ReportWithMessages(report, tuple(of_report[report.report_id])) for report in found]
