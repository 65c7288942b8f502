"""The outbox: alerts handed out one channel at a time, under row locks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from keeper.domain.alerts import Address, ChannelKind, DeliveryResult, PriceAlert, QueuedAlert
from keeper.domain.delivery_clock import DeliveryRules, Hold, day_start
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "outbox"
WAKE_UP: Final = "keeper_outbox"
"""Loaders notify it when they have put something in."""
_CANCELLED: Final = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Claim:
    """A message held by this deliverer until the block it was claimed in ends."""

    message: QueuedAlert
    connection: Connection

    def sent_today(self, now: datetime) -> int:
        """Return how many messages the channel has got on its reader's day; a digest is one."""
        since = day_start(self.message.rules, now)
        row = self.connection.execute(
            statements(_SQL)["sent_since"], {"channel_id": self.message.channel_id, "since": since}
        ).fetchone()
        return row["sent"] if row else 0

    def held_with(self, now: datetime) -> list[QueuedAlert]:
        """Hold what else of the channel was held and is due, to go out together; oldest first."""
        where = {"channel_id": self.message.channel_id}
        rows = self.connection.execute(
            statements(_SQL)["held_with"],
            {**where, "message_id": self.message.message_id, "now": now},
        )
        return _queued(self.connection, [row["message_id"] for row in rows])

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
        """Settle a message nobody wants any more."""
        self._settle([self.message.message_id], _CANCELLED, attempted=0, now=now, again=None)

    def settle(
        self,
        result: DeliveryResult,
        *,
        status: str,
        seconds: float,
        now: datetime,
        next_attempt_at: datetime | None = None,
        together: Sequence[QueuedAlert] = (),
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
        self._settle(ids, status, attempted=1, now=now, again=next_attempt_at)

    def _settle(
        self,
        ids: Sequence[int],
        status: str,
        *,
        attempted: int,
        now: datetime,
        again: datetime | None,
    ) -> None:
        row = {
            "message_id": self.message.message_id,
            "message_ids": list(ids),
            "status": status,
            "attempted": attempted,
            "now": now,
            "next_attempt_at": again,
        }
        self.connection.execute(statements(_SQL)["settle"], row)
        self.connection.execute(statements(_SQL)["sum_up"], row)


def requeue_undelivered(connection: Connection) -> int:
    """Make alerts due again that failed for good or had no channel; return how many."""
    return len(connection.execute(statements(_SQL)["requeue_undelivered"]).fetchall())


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
    """Tell whether anything is due, whatever channel it goes to."""
    row = connection.execute(statements(_SQL)["due_behind"], {"now": now}).fetchone()
    return bool(row and row["is_due"])


def next_postponed(connection: Connection, now: datetime) -> datetime | None:
    """Return when the first message is due that was postponed; None if there is none."""
    row = connection.execute(statements(_SQL)["next_postponed"], {"now": now}).fetchone()
    return row["due_at"] if row else None


def latest_alert(connection: Connection) -> QueuedAlert | None:
    """Return the message that was put in last, whatever became of it; None if there is none."""
    row = connection.execute(statements(_SQL)["latest_message"]).fetchone()
    found = _queued(connection, [row["message_id"]]) if row else []
    return found[0] if found else None


def listen(connection: Connection) -> None:
    """Let a connection hear from now on when something is put into the outbox."""
    connection.execute("LISTEN " + WAKE_UP)


def wait_for_news(connection: Connection, timeout_s: float) -> None:
    """Return when something has been put into the outbox, or after the time.

    What came since the connection has listened counts, also while it did something else.
    """
    for _ in connection.notifies(timeout=timeout_s, stop_after=1):
        return


def _queued(connection: Connection, ids: Sequence[int]) -> list[QueuedAlert]:
    rows = connection.execute(statements(_SQL)["queued_alerts"], {"message_ids": list(ids)})
    return [_message(row) for row in rows]


@cache
def _known_zone(name: str) -> str:
    """Return a time zone's name, UTC for one nobody knows: a message must not fail over it."""
    return name if name in available_timezones() else "UTC"


def _message(row: Mapping[str, Any]) -> QueuedAlert:
    return QueuedAlert(
        message_id=row["message_id"],
        channel_id=row["channel_id"],
        to=Address(ChannelKind(row["kind"]), row["address"]),
        alert=PriceAlert(**{field.name: row[field.name] for field in fields(PriceAlert)}),
        rules=DeliveryRules(
            **{field.name: row[field.name] for field in fields(DeliveryRules)}
            | {"time_zone": _known_zone(row["time_zone"])}
        ),
        queued_at=row["queued_at"],
        attempts=row["attempts"],
        first_attempt_at=row["first_attempt_at"],
        held_for=row["held_for"],
        is_wanted=row["is_wanted"],
    )
