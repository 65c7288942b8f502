"""Attempts to deliver messages: claimed with a lease before they are sent, recorded after it.

Row locks last as long as the transaction that claims; while a provider is asked there are none. A
lease takes their place: until it is over, nobody else uses the message or its channel. A deliverer
that ends before it has recorded how its attempt ended leaves a claim behind, which the next one
finds once the lease is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.domain.messages.delivery_clock import Hold, day_start
from keeper.domain.messages.queue import (
    Address,
    ChannelKind,
    DeliveryResult,
    MessageStatus,
    QueuedMessage,
)
from keeper.domain.plain_text import storable
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "outbox"
_KINDS: Final = [kind.value for kind in ChannelKind]
_LONGEST_DETAIL: Final = 1000


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message that is due, as its rows in the outbox and of its channel say.

    Attributes:
        message_id: Its key.
        channel_id: Its channel's.
        to: Where it goes.
        attempts: How often it has been tried.
        first_attempt_at: When it was first tried, later by as long as it was held since then.
        unknown_at: When an attempt ended of which nobody knows whether it arrived; None for none.
        sent_with: What the digest of that attempt was called; None for a message of its own.
        is_notice: Whether it is a notice to the operator.
        abandoned_claim: The attempt whose deliverer ended without recording how that ended.
    """

    message_id: int
    channel_id: int
    to: Address
    attempts: int
    first_attempt_at: datetime | None
    unknown_at: datetime | None
    sent_with: int | None
    is_notice: bool
    abandoned_claim: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended, and what becomes of its messages.

    Attributes:
        claim: The attempt's name.
        due: The message it was made for.
        message_ids: That one first, then those in its digest.
        result: What the channel said.
        status: What becomes of the messages.
        next_attempt_at: When they are tried again; None for never.
        unknown_at: Since when it is unknown whether they arrived; None if it is not.
        digest_id: What their digest is called when it is tried again; None for none such.
        seconds: How long the attempt took.
        at: When it ended.
    """

    claim: str
    due: DueMessage
    message_ids: Sequence[int]
    result: DeliveryResult
    status: MessageStatus
    next_attempt_at: datetime | None
    unknown_at: datetime | None
    digest_id: int | None
    seconds: float
    at: datetime


def lock_next(
    connection: Connection, now: datetime, closed: Sequence[str], aside: Sequence[int]
) -> DueMessage | None:
    """Lock the next message that is due, and its channel, until the transaction ends.

    Args:
        connection: Where the outbox is, in a transaction.
        now: What is due by then.
        closed: Kinds of channels (`telegram`) and addresses (`telegram:4711`) to leave alone.
        aside: Messages to leave alone.
    """
    row = connection.execute(
        statements(_SQL)["lock_next"],
        {"now": now, "kinds": _KINDS, "closed": list(closed), "aside": list(aside)},
    ).fetchone()
    if row is None:
        return None
    values = dict(row)
    to = Address(ChannelKind(values.pop("kind")), values.pop("address"))
    return DueMessage(to=to, **values)


def sent_today(connection: Connection, message: QueuedMessage, now: datetime) -> int:
    """Return how many alerts the channel has got on its reader's day; a digest is one."""
    since = day_start(message.rules, now)
    row = connection.execute(
        statements(_SQL)["sent_since"], {"channel_id": message.channel_id, "since": since}
    ).fetchone()
    return row["sent"] if row else 0


def held_with(
    connection: Connection, due: DueMessage, now: datetime, aside: Sequence[int]
) -> list[int]:
    """Lock the channel's other alerts that were held and are due, to go out together.

    Those of a digest nobody knows the arrival of go out with each other, and with no others: under
    its name a reader may have seen it already.

    Returns:
        Their keys, the oldest first.
    """
    if due.unknown_at is not None and due.sent_with is None:
        return []
    where = {"channel_id": due.channel_id, "message_id": due.message_id, "now": now}
    rows = connection.execute(
        statements(_SQL)["held_with"],
        {**where, "aside": list(aside), "sent_with": due.sent_with if due.unknown_at else None},
    )
    return [row["message_id"] for row in rows]


def hold_message(connection: Connection, message_id: int, hold: Hold, now: datetime) -> None:
    """Let a message wait for its reader; how long it is tried counts without that time."""
    row = {"message_id": message_id, "until": hold.until, "held_for": hold.reason, "now": now}
    connection.execute(statements(_SQL)["hold"], row)


def postpone(connection: Connection, message_id: int, until: datetime) -> None:
    """Let a message wait for a moment, by itself."""
    connection.execute(statements(_SQL)["postpone"], {"message_id": message_id, "until": until})


def cancel(connection: Connection, message_id: int, now: datetime) -> None:
    """Cancel a message that nobody wants any more."""
    connection.execute(statements(_SQL)["cancel"], {"message_id": message_id, "now": now})
    connection.execute(statements(_SQL)["sum_up"], {"message_ids": [message_id]})


def begin_attempt(
    connection: Connection,
    claim: str,
    due: DueMessage,
    message_ids: Sequence[int],
    *,
    now: datetime,
    until: datetime,
) -> None:
    """Claim messages and their channel until a moment, and count the attempt.

    Args:
        connection: Where they are locked.
        claim: A name no other attempt has.
        due: The message the attempt is for.
        message_ids: That one, and those that go out with it.
        now: When the attempt begins.
        until: When the lease is over.
    """
    row = {"claim": claim, "channel_id": due.channel_id, "message_ids": list(message_ids)}
    connection.execute(statements(_SQL)["begin_attempt"], {**row, "now": now, "until": until})


def claimed_with(connection: Connection, due: DueMessage) -> list[int]:
    """Return the messages of an abandoned attempt, the one that is due first."""
    rows = connection.execute(
        statements(_SQL)["claimed_with"],
        {"channel_id": due.channel_id, "claim": due.abandoned_claim},
    )
    others = [row["message_id"] for row in rows if row["message_id"] != due.message_id]
    return [due.message_id, *others]


def record_outcome(connection: Connection, outcome: Outcome, *, is_known: bool = True) -> bool:
    """Record how an attempt ended and what becomes of its messages, in a transaction of its own.

    Args:
        connection: Where the outbox is.
        outcome: The outcome.
        is_known: False for one that nobody reported: its deliverer still may.

    Returns:
        Whether there was something to record: not if a later attempt has claimed the messages, or
        the outcome was recorded already.
    """
    result, lead = outcome.result, outcome.due.message_id
    row = {
        "claim": outcome.claim,
        "is_known": is_known,
        "channel_id": outcome.due.channel_id,
        "channel": outcome.due.to.kind.value,
        "message_ids": list(outcome.message_ids),
        "lead_id": lead if lead in outcome.message_ids else outcome.message_ids[0],
        "digest_id": outcome.digest_id,
        "status": outcome.status.value,
        "attempt_status": result.status.value,
        # A server's own words.
        "detail": storable(result.detail)[:_LONGEST_DETAIL],
        "seconds": outcome.seconds,
        "now": outcome.at,
        "next_attempt_at": outcome.next_attempt_at,
        "unknown_at": outcome.unknown_at,
    }
    with connection.transaction():
        connection.execute(statements(_SQL)["lock_alerts"], row)
        ended = connection.execute(statements(_SQL)["record_outcome"], row).fetchall()
        connection.execute(statements(_SQL)["sum_up"], row)
    return bool(ended)


def free_channel(connection: Connection, claim: str, channel_id: int) -> None:
    """Let others use the channel of an attempt that has ended but cannot be recorded."""
    row = {"claim": claim, "channel_id": channel_id}
    connection.execute(statements(_SQL)["free_channel"], row)
