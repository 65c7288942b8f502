"""The outbox: what messages say, and when there is something to do; claims.py hands them out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from keeper.domain.deals.report import DealReport
from keeper.domain.messages.delivery_clock import DeliveryRules, known_zone
from keeper.domain.messages.notices import OperatorNotice
from keeper.domain.messages.queue import (
    Address,
    ChannelKind,
    PriceAlert,
    QueuedAlert,
    QueuedMessage,
    QueuedNotice,
    QueuedReport,
    QueuedSignIn,
)
from keeper.domain.prices.types import price_type_of
from keeper.domain.users.languages import Language
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.deals.reports import read_reports

_SQL: Final = "outbox"
WAKE_UP: Final = "keeper_outbox"
"""Loaders notify it when they have put something in."""


def requeue_undelivered(connection: Connection) -> int:
    """Make messages due again that failed for good or had no channel; return how many."""
    row = connection.execute(statements(_SQL)["requeue_undelivered"]).fetchone()
    return row["messages"] if row else 0


def queue_sign_in(connection: Connection, link_id: int) -> None:
    """Put a mail with a link to sign in into the outbox, to its user's own address."""
    connection.execute(statements(_SQL)["queue_link"], {"link_id": link_id})


def read_messages(connection: Connection, message_ids: Sequence[int]) -> list[QueuedMessage]:
    """Return messages with all they say, the oldest first; those that are gone are left out.

    Raises:
        ValueError, LookupError: One has something in it that this version of Keeper does not know.
    """
    rows = connection.execute(
        statements(_SQL)["queued"], {"message_ids": list(message_ids)}
    ).fetchall()
    reports = {row["report_id"] for row in rows if row["report_id"] is not None}
    known = read_reports(connection, sorted(reports)) if reports else {}
    return [_message(row, known) for row in rows]


def is_any_due(connection: Connection, now: datetime) -> bool:
    """Return whether anything is due, whatever channel it goes to."""
    row = connection.execute(statements(_SQL)["due_behind"], {"now": now}).fetchone()
    return bool(row and row["is_due"])


@dataclass(frozen=True, slots=True)
class Overdue:
    """Messages that nobody has delivered although they are due.

    Attributes:
        messages: How many.
        oldest: Since when the first of them is due; None if there is none.
        kinds: By which kinds of channels they go; None if there is none.
        detail: How the last attempt by these kinds ended that did not succeed; None without one.
    """

    messages: int
    oldest: datetime | None
    kinds: str | None
    detail: str | None


def overdue(connection: Connection, before: datetime) -> Overdue:
    """Return the messages that have been due since before a moment; those held are not due."""
    (row,) = connection.execute(statements(_SQL)["overdue"], {"before": before}).fetchall()
    return Overdue(**row)


def next_postponed(connection: Connection, now: datetime) -> datetime | None:
    """Return when the first message is due that was postponed; None if there is none."""
    row = connection.execute(statements(_SQL)["next_postponed"], {"now": now}).fetchone()
    return row["due_at"] if row else None


def latest_alert(connection: Connection) -> QueuedAlert | None:
    """Return the alert that was put in last, whatever became of it; None if there is none."""
    found = _latest(connection, "latest_alert")
    return found if isinstance(found, QueuedAlert) else None


def latest_report(connection: Connection) -> QueuedReport | None:
    """Return the report that was put in last, whatever became of it; None if there is none."""
    found = _latest(connection, "latest_report")
    return found if isinstance(found, QueuedReport) else None


def _latest(connection: Connection, statement: str) -> QueuedMessage | None:
    row = connection.execute(statements(_SQL)[statement]).fetchone()
    return read_messages(connection, [row["message_id"]])[0] if row else None


def listen(connection: Connection) -> None:
    """Let a connection be notified from now on when something is put into the outbox."""
    connection.execute("LISTEN " + WAKE_UP)


def wait_for_messages(connection: Connection, timeout_s: float) -> None:
    """Return when something has been put into the outbox, or after the time.

    What came since the connection has listened counts, also while it did something else.
    """
    for _ in connection.notifies(timeout=timeout_s, stop_after=1):
        return


def _message(row: Mapping[str, Any], reports: Mapping[int, DealReport]) -> QueuedMessage:
    rules = {field.name: row[field.name] for field in fields(DeliveryRules)}
    envelope: dict[str, Any] = {
        "message_id": row["message_id"],
        "channel_id": row["channel_id"],
        "channel_since": row["channel_since"],
        "to": Address(ChannelKind(row["kind"]), row["address"]),
        "rules": DeliveryRules(**rules | {"time_zone": known_zone(row["time_zone"])}),
        "queued_at": row["queued_at"],
        "attempts": row["attempts"],
        "first_attempt_at": row["first_attempt_at"],
        "held_for": row["held_for"],
        "is_wanted": row["is_wanted"],
        "language": Language(row["language"]),
    }
    if row["report_id"] is not None:
        return QueuedReport(**envelope, report=reports[row["report_id"]])
    if row["link_id"] is not None:
        return QueuedSignIn(
            **envelope,
            link_id=row["link_id"],
            base_url=row["base_url"],
            asked_at=row["asked_at"],
        )
    if row["notice_id"] is not None:
        notice = OperatorNotice(**{field.name: row[field.name] for field in fields(OperatorNotice)})
        return QueuedNotice(**envelope, notice=notice)
    values = {field.name: row[field.name] for field in fields(PriceAlert)}
    # Watches of series without shipping may have the flag from before it was refused.
    counts_shipping = values["with_shipping"] and price_type_of(row["price_type"]).has_shipping
    alert = PriceAlert(**values | {"with_shipping": counts_shipping})
    return QueuedAlert(**envelope, alert=alert)
