"""The outbox: messages handed out one channel at a time, under row locks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from keeper.domain.deals.report import DealReport
from keeper.domain.messages.delivery_clock import DeliveryRules, Hold, day_start
from keeper.domain.messages.notices import OperatorNotice
from keeper.domain.messages.queue import (
    Address,
    ChannelKind,
    DeliveryResult,
    MessageStatus,
    PriceAlert,
    QueuedAlert,
    QueuedMessage,
    QueuedNotice,
    QueuedReport,
)
from keeper.domain.prices.types import price_type_of
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.deals.reports import read_reports

_SQL: Final = "outbox"
WAKE_UP: Final = "keeper_outbox"
"""Loaders notify it when they have put something in."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A message held by this deliverer until the block it was claimed in ends."""

    message: QueuedMessage
    connection: Connection

    def sent_today(self, now: datetime) -> int:
        """Return how many alerts the channel has got on its reader's day; a digest is one."""
        since = day_start(self.message.rules, now)
        row = self.connection.execute(
            statements(_SQL)["sent_since"], {"channel_id": self.message.channel_id, "since": since}
        ).fetchone()
        return row["sent"] if row else 0

    def held_with(self, now: datetime) -> list[QueuedAlert]:
        """Hold the channel's other alerts that were held and are due, to go out together.

        The oldest comes first.
        """
        where = {"channel_id": self.message.channel_id}
        rows = self.connection.execute(
            statements(_SQL)["held_with"],
            {**where, "message_id": self.message.message_id, "now": now},
        )
        held = _queued(self.connection, [row["message_id"] for row in rows])
        return [message for message in held if isinstance(message, QueuedAlert)]

    def hold(self, hold: Hold) -> None:
        """Let the message wait."""
        where = {"message_id": self.message.message_id}
        self.connection.execute(
            statements(_SQL)["hold"], {**where, "until": hold.until, "held_for": hold.reason}
        )

    def postpone(self, until: datetime) -> None:
        """Let the message wait for a moment, by itself."""
        where = {"message_id": self.message.message_id}
        self.connection.execute(statements(_SQL)["postpone"], {**where, "until": until})

    def cancel(self, now: datetime) -> None:
        """Cancel a message that nobody wants any more."""
        self._record_outcome(
            [self.message.message_id], MessageStatus.CANCELLED, attempted=0, now=now, again=None
        )

    def record_outcome(
        self,
        result: DeliveryResult,
        *,
        status: MessageStatus,
        seconds: float,
        now: datetime,
        next_attempt_at: datetime | None = None,
        together: Sequence[QueuedMessage] = (),
    ) -> None:
        """Record an attempt and what becomes of the message, and of those sent with it."""
        ids = [self.message.message_id, *(other.message_id for other in together)]
        delivery = {
            "message_ids": ids,
            "channel": self.message.to.kind.value,
            "status": result.status.value,
            # A server's own words; PostgreSQL would refuse NUL, and it would be sent again.
            "detail": result.detail.replace("\0", "")[:1000],
            "seconds": seconds,
            "now": now,
            "next_attempt_at": next_attempt_at,
        }
        self.connection.execute(statements(_SQL)["record_delivery"], delivery)
        self._record_outcome(ids, status, attempted=1, now=now, again=next_attempt_at)

    def _record_outcome(
        self,
        ids: Sequence[int],
        status: MessageStatus,
        *,
        attempted: int,
        now: datetime,
        again: datetime | None,
    ) -> None:
        row = {
            "message_id": self.message.message_id,
            "message_ids": list(ids),
            "status": status.value,
            "attempted": attempted,
            "now": now,
            "next_attempt_at": again,
        }
        self.connection.execute(statements(_SQL)["record_outcome"], row)
        self.connection.execute(statements(_SQL)["sum_up"], row)


def requeue_undelivered(connection: Connection) -> int:
    """Make messages due again that failed for good or had no channel; return how many."""
    row = connection.execute(statements(_SQL)["requeue_undelivered"]).fetchone()
    return row["messages"] if row else 0


@contextmanager
def claim_next(
    connection: Connection, now: datetime, closed: Sequence[str] = ()
) -> Iterator[Claim | None]:
    """Hold the next due message for the block, or give None when none is due.

    The block is one transaction: an error inside gives the message back as it was.

    Args:
        connection: Where the outbox is.
        now: What is due by then.
        closed: Kinds of channels (`telegram`) and addresses (`telegram:4711`) to leave alone.
    """
    with connection.transaction():
        found = connection.execute(
            statements(_SQL)["claim_next"], {"now": now, "closed": list(closed)}
        ).fetchone()
        if found is None:
            yield None
            return
        (message,) = _queued(connection, [found["message_id"]])
        yield Claim(message, connection)


def is_any_due(connection: Connection, now: datetime) -> bool:
    """Return whether anything is due, whatever channel it goes to."""
    row = connection.execute(statements(_SQL)["due_behind"], {"now": now}).fetchone()
    return bool(row and row["is_due"])


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
    return _queued(connection, [row["message_id"]])[0] if row else None


def listen(connection: Connection) -> None:
    """Let a connection be notified from now on when something is put into the outbox."""
    connection.execute("LISTEN " + WAKE_UP)


def wait_for_messages(connection: Connection, timeout_s: float) -> None:
    """Return when something has been put into the outbox, or after the time.

    What came since the connection has listened counts, also while it did something else.
    """
    for _ in connection.notifies(timeout=timeout_s, stop_after=1):
        return


def _queued(connection: Connection, ids: Sequence[int]) -> list[QueuedMessage]:
    rows = connection.execute(statements(_SQL)["queued"], {"message_ids": list(ids)}).fetchall()
    reports = {row["report_id"] for row in rows if row["report_id"] is not None}
    known = read_reports(connection, sorted(reports)) if reports else {}
    return [_message(row, known) for row in rows]


@cache
def _known_zone(name: str) -> str:
    """Return a time zone's name, UTC for one nobody knows: a message must not fail over it."""
    return name if name in available_timezones() else "UTC"


def _message(row: Mapping[str, Any], reports: Mapping[int, DealReport]) -> QueuedMessage:
    rules = {field.name: row[field.name] for field in fields(DeliveryRules)}
    envelope: dict[str, Any] = {
        "message_id": row["message_id"],
        "channel_id": row["channel_id"],
        "channel_since": row["channel_since"],
        "to": Address(ChannelKind(row["kind"]), row["address"]),
        "rules": DeliveryRules(**rules | {"time_zone": _known_zone(row["time_zone"])}),
        "queued_at": row["queued_at"],
        "attempts": row["attempts"],
        "first_attempt_at": row["first_attempt_at"],
        "held_for": row["held_for"],
        "is_wanted": row["is_wanted"],
    }
    if row["report_id"] is not None:
        return QueuedReport(**envelope, report=reports[row["report_id"]])
    if row["notice_id"] is not None:
        notice = OperatorNotice(**{field.name: row[field.name] for field in fields(OperatorNotice)})
        return QueuedNotice(**envelope, notice=notice)
    values = {field.name: row[field.name] for field in fields(PriceAlert)}
    # Watches of series without shipping may have the flag from before it was refused.
    counts_shipping = values["with_shipping"] and price_type_of(row["price_type"]).has_shipping
    alert = PriceAlert(**values | {"with_shipping": counts_shipping})
    return QueuedAlert(**envelope, alert=alert)
