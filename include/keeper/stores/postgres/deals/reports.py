"""Daily deal reports in PostgreSQL: the deals they may list, past reports, and their readers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

import msgspec
from psycopg.types.json import Jsonb

from keeper.domain.deals.events import DealEvent
from keeper.domain.deals.report import DealReport, ReportedDeal
from keeper.domain.messages.delivery_clock import known_zone
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.prices.stored_events import deal_event
from keeper.stores.postgres.watches.watch_list import ensure_user

_SQL: Final = "deal_reports"
FIRST_SPAN: Final = timedelta(days=1)
"""How far a first report looks back."""
_GRACE: Final = timedelta(days=1)
"""A deal may be stored so long after it was found, and is still new then."""
_STILL_THERE: Final = timedelta(days=1)
"""A deal that Keepa has not returned for so long is over."""


class ReportsWanted(StrEnum):
    """When a reader wants the daily report."""

    OFF = "OFF"
    WITH_DEALS = "WITH_DEALS"
    ALWAYS = "ALWAYS"


@dataclass(frozen=True, slots=True)
class Reader:
    """A user with saved searches.

    Attributes:
        user_id: Their key.
        wants: When they want a report.
        since: When their last one was made; None before the first.
        is_done: This run has made theirs already.
        time_zone: The zone of their clock.
        due_from: The next daily report is due at the first morning after.
    """

    user_id: int
    wants: ReportsWanted
    since: datetime | None
    is_done: bool
    time_zone: str
    due_from: datetime


@dataclass(frozen=True, slots=True)
class KnownReport:
    """A report as its reader may look it up: how many deals it lists, and what became of it."""

    report_id: int
    since: datetime
    until: datetime
    left_out: int
    deals: int
    channels: str | None


@dataclass(frozen=True, slots=True)
class NewDeals:
    """The deals that a report may list; `simulated` if any price is."""

    deals: Sequence[ReportedDeal]
    simulated: bool


def report_readers(connection: Connection, run_id: str) -> list[Reader]:
    """Return the users with active searches who want reports."""
    rows = connection.execute(statements(_SQL)["readers"], {"run_id": run_id})
    return [_reader(row) for row in rows]


def reader_of(connection: Connection, email: str) -> Reader | None:
    """Return the user with an address as a reader; None if they have no active search."""
    row = connection.execute(statements(_SQL)["reader_of"], {"email": email}).fetchone()
    return None if row is None else _reader(row | {"is_done": False})


def _reader(row: Mapping[str, Any]) -> Reader:
    # As of messages: a zone nobody knows any more must not keep a report from its reader.
    zone = known_zone(row["time_zone"])
    return Reader(**{**row, "wants": ReportsWanted(row["wants"]), "time_zone": zone})


def mark_looked(connection: Connection, user_id: int, at: datetime) -> None:
    """Record that a user's deals were looked through for the daily report, reported or not."""
    connection.execute(statements(_SQL)["mark_looked"], {"user_id": user_id, "at": at})


def new_deals(connection: Connection, user_id: int, *, since: datetime, at: datetime) -> NewDeals:
    """Return a user's deals that were in no report yet, the best first, without their histories.

    A deal is left out when its price has changed since, when Keepa no longer returns it, or when
    its lightning deal is over.

    Args:
        connection: Where deals are.
        user_id: Whose.
        since: When the last report was made.
        at: Now.
    """
    rows = connection.execute(
        statements(_SQL)["new_deals"],
        {
            "user_id": user_id,
            "since": since - _GRACE,
            "seen_from": at - _STILL_THERE,
            "at": at,
        },
    ).fetchall()
    simulated = any(row["source"] == "simulator" for row in rows)
    return NewDeals([_deal(row) for row in rows], simulated)


def save_report(
    connection: Connection,
    report: DealReport,
    *,
    user_id: int,
    run_id: str,
    considered: Collection[str],
) -> bool:
    """Keep a report and queue it for its reader's channels; False if the run has made it before.

    Args:
        connection: Where reports are.
        report: The report; its key is given here.
        user_id: The reader.
        run_id: The run that made it; a run makes one report for each reader.
        considered: The deals it was made of, which will not come up again.
    """
    sql_of = statements(_SQL)
    with connection.transaction():
        row = {
            "user_id": user_id,
            "run_id": run_id,
            "since": report.since,
            "until": report.until,
            "simulated": report.simulated,
            "left_out": report.left_out,
        }
        added = connection.execute(sql_of["add_report"], row).fetchone()
        if added is None:
            return False
        listed = {deal.event_id: (position, deal) for position, deal in enumerate(report.deals)}
        deals = [
            {**added, "event_id": event_id, **_listing(listed.get(event_id))}
            for event_id in sorted({*considered, *listed})
        ]
        with connection.cursor() as cursor:
            cursor.executemany(sql_of["add_deal"], deals)
        connection.execute(
            statements("outbox")["queue_for_user"],
            {**added, "notice_id": None, "user_id": user_id},
        )
    return True


def read_reports(connection: Connection, report_ids: Sequence[int]) -> dict[int, DealReport]:
    """Return reports by their keys; those nobody knows are missing."""
    sql_of, where = statements(_SQL), {"report_ids": list(report_ids)}
    deals = {
        report_id: tuple(msgspec.convert(row["deal"], ReportedDeal) for row in rows)
        for report_id, rows in groupby(
            connection.execute(sql_of["reported_deals"], where), lambda row: row["report_id"]
        )
    }
    return {
        row["report_id"]: DealReport(**row, deals=deals.get(row["report_id"], ()))
        for row in connection.execute(sql_of["reports"], where)
    }


def list_reports(
    connection: Connection, email: str, *, since: datetime | None = None, most: int
) -> list[KnownReport]:
    """Return a user's latest reports, the newest first; with `since` those made then or later."""
    where = {"email": email, "since": since, "most": most}
    rows = connection.execute(statements(_SQL)["list_reports"], where)
    return [KnownReport(**row) for row in rows]


def is_report_of(connection: Connection, report_id: int, email: str) -> bool:
    """Return whether a report is that of the user with an address."""
    where = {"report_id": report_id, "email": email}
    row = connection.execute(statements(_SQL)["is_of"], where).fetchone()
    return bool(row and row["is_of"])


def reports_wanted(connection: Connection, email: str) -> ReportsWanted:
    """Return when a user wants reports; the default for one nobody knows yet."""
    row = connection.execute(statements(_SQL)["wanted"], {"email": email}).fetchone()
    return ReportsWanted(row["wants"]) if row else ReportsWanted.WITH_DEALS


def set_reports_wanted(connection: Connection, email: str, wants: ReportsWanted) -> None:
    """Set when a user wants reports; the user is made if new."""
    with connection.transaction():
        row = {"user_id": ensure_user(connection, email), "wants": wants.value}
        connection.execute(statements(_SQL)["set_wanted"], row)


def unpublished_reports(connection: Connection) -> list[int]:
    """Return the reports whose deals were not published yet."""
    return [row["report_id"] for row in connection.execute(statements(_SQL)["unpublished"])]


def events_of_reports(connection: Connection, report_ids: Sequence[int]) -> list[DealEvent]:
    """Return the events of the deals that reports list."""
    rows = connection.execute(statements(_SQL)["to_publish"], {"report_ids": list(report_ids)})
    return [deal_event(row) for row in rows]


def mark_published(connection: Connection, report_ids: Sequence[int], at: datetime) -> None:
    """Note that the deals of reports were published."""
    row = {"report_ids": list(report_ids), "at": at}
    connection.execute(statements(_SQL)["mark_published"], row)


def _deal(row: Mapping[str, Any]) -> ReportedDeal:
    names = [field.name for field in fields(ReportedDeal) if field.name != "points"]
    return ReportedDeal(**{name: row[name] for name in names} | {"reasons": tuple(row["reasons"])})


def _listing(listed: tuple[int, ReportedDeal] | None) -> dict[str, object]:
    """Return the columns of a deal's place in a report; null for one considered and left out."""
    if listed is None:
        return {"position": None, "deal": None}
    position, deal = listed
    return {"position": position, "deal": Jsonb(msgspec.to_builtins(asdict(deal)))}
