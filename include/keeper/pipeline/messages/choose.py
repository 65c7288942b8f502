"""The first step of a delivery: a message that is due is claimed, or held, cancelled or postponed.

All of it is one short transaction. What is claimed is committed before anything is sent: its count
of attempts, and when it is due again should nobody record how the attempt ended. So neither a crash
nor a database that refuses the outcome can send a message again before its time.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import uuid4

from keeper.domain.messages.delivery_clock import Hold, hold
from keeper.domain.messages.queue import (
    DeliveryResult,
    DeliveryStatus,
    QueuedAlert,
    QueuedMessage,
    QueuedNotice,
    QueuedReport,
    QueuedSignIn,
)
from keeper.domain.prices.verdict import PriceContext
from keeper.domain.users.links import LINK_LIFETIME
from keeper.pipeline.messages.options import Attempt, Delivery, reason_of
from keeper.pipeline.messages.price_verdicts import price_context_of
from keeper.pipeline.messages.record import record_abandoned
from keeper.stores.postgres.connection import Connection, is_of_database
from keeper.stores.postgres.messages.claims import (
    DueMessage,
    begin_attempt,
    cancel,
    claimed_with,
    held_with,
    hold_message,
    lock_next,
    postpone,
    sent_today,
)
from keeper.stores.postgres.messages.outbox import read_messages

_LOG: Final = logging.getLogger(__name__)
LEASE: Final = timedelta(minutes=30)
"""Longer than any attempt: a mail server may take ten minutes after the final dot alone
(RFC 5321, 4.5.3.2.6), and some for each command before it."""
_HISTORY_MAY_COME: Final = timedelta(seconds=60)
"""The first check of a product brings its history too, by a topic and a loader of its own; an alert
of that check waits for it so long at most: with it the message can say how good the price is."""
_LOOK_AGAIN: Final = timedelta(seconds=3)
_ASIDE_FOR: Final = timedelta(minutes=15)
_ABANDONED: Final = DeliveryResult(
    DeliveryStatus.UNKNOWN,
    "the deliverer ended, or could not record how it ended, while the message was being sent",
)


class Decision(StrEnum):
    """What became of a message that is not sent now."""

    HELD = "held"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    UNKNOWN = "unknown"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Decided:
    """Nothing is sent: what became of how many messages."""

    decision: Decision
    messages: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """Messages that this deliverer, and no other, is to send now.

    Attributes:
        claim: The attempt's name.
        due: The message that was due.
        messages: That one, and those that go out with it; nothing if they cannot be read.
        context: The past of its price, if it was looked up already.
        problem: Why the message cannot be read; blank if it can.
        until: When the lease is over.
    """

    claim: str
    due: DueMessage
    messages: tuple[QueuedMessage, ...] = ()
    context: PriceContext | None = None
    problem: str = ""
    until: datetime


def choose(connection: Connection, options: Delivery) -> Claimed | Decided | None:
    """Decide what becomes of the next message that is due; return None if none is.

    A message that cannot be read is claimed all the same, so that its failure is recorded.

    Raises:
        psycopg.Error: The connection is lost, or the database takes nothing.
    """
    now, memory = options.clock(), options.memory
    for message_id in [key for key, until in memory.aside.items() if until <= now]:
        del memory.aside[message_id]
    due = None
    try:
        with connection.transaction():
            aside = list(memory.aside)
            due = lock_next(connection, now, memory.breakers.closed(now), aside)
            return None if due is None else _decide(connection, due, now, options)
    except Exception as error:
        if due is None or is_of_database(connection, error):
            raise
        _LOG.exception("message %d is left alone for a while", due.message_id)
        memory.aside[due.message_id] = now + _ASIDE_FOR
        return Decided(Decision.ASIDE)


def _decide(
    connection: Connection, due: DueMessage, now: datetime, options: Delivery
) -> Claimed | Decided:
    if due.abandoned_claim is not None:
        return _end_abandoned(connection, due, now, options)
    try:
        # A savepoint: what cannot be read is claimed in the same transaction.
        with connection.transaction():
            decided = _as_its_reader_wants(connection, due, now, options)
    except Exception as error:
        if is_of_database(connection, error):
            raise
        _LOG.exception("message %d cannot be read", due.message_id)
        decided = [], None, f"cannot be read: {reason_of(error, options.secrets)}"
    if isinstance(decided, Decided):
        return decided
    others, context, problem = decided
    claimed = Claimed(
        claim=uuid4().hex,
        due=due,
        messages=tuple(others),
        context=context,
        problem=problem,
        until=now + LEASE,
    )
    ids = [message.message_id for message in claimed.messages] or [due.message_id]
    begin_attempt(connection, claimed.claim, due, ids, now=now, until=claimed.until)
    return claimed


def _as_its_reader_wants(
    connection: Connection, due: DueMessage, now: datetime, options: Delivery
) -> Decided | tuple[list[QueuedMessage], PriceContext | None, str]:
    """Return what is sent: the messages and, if it was looked up, the past of the price."""
    (message,) = read_messages(connection, [due.message_id])
    is_late = isinstance(message, QueuedSignIn) and message.asked_at + LINK_LIFETIME <= now
    if is_late or not message.is_wanted:
        cancel(connection, due.message_id, now)
        return Decided(Decision.CANCELLED)
    if waits := _hold(connection, message, now):
        hold_message(connection, due.message_id, waits, now)
        return Decided(Decision.HELD)
    if not isinstance(message, QueuedAlert):
        return [message], None, ""
    context = None
    if now - message.queued_at < _HISTORY_MAY_COME:
        context = price_context_of(connection, message.alert)
        if len(context.points) < 2:
            postpone(connection, due.message_id, now + _LOOK_AGAIN)
            return Decided(Decision.POSTPONED)
    together = _held_with(connection, due, now, options) if message.held_for else []
    return [message, *together], context, ""


def _hold(connection: Connection, message: QueuedMessage, now: datetime) -> Hold | None:
    """Return whether and why the message waits for its reader."""
    match message:
        case QueuedNotice() | QueuedSignIn():
            return None
        case QueuedReport(rules=rules):
            return hold(rules, now, 0)
        case QueuedAlert(rules=rules):
            return hold(rules, now, sent_today(connection, message, now))


def _held_with(
    connection: Connection, due: DueMessage, now: datetime, options: Delivery
) -> list[QueuedMessage]:
    """Return the alerts that go out together with one; those that cannot be read come by turn."""
    ids = held_with(connection, due, now, list(options.memory.aside))
    found = _readable(connection, ids)
    if found is None:
        found = [one for key in ids for one in _readable(connection, [key]) or ()]
    return [message for message in found if isinstance(message, QueuedAlert)]


def _readable(connection: Connection, message_ids: list[int]) -> list[QueuedMessage] | None:
    """Return messages; None if one of them cannot be read."""
    try:
        with connection.transaction():
            return read_messages(connection, message_ids)
    except Exception as error:
        if is_of_database(connection, error):
            raise
        _LOG.warning("of the messages %s one cannot be read: %s", message_ids, reason_of(error))
        return None


def _end_abandoned(
    connection: Connection, due: DueMessage, now: datetime, options: Delivery
) -> Decided:
    """Record that nobody knows how an attempt ended; its deliverer may still say so."""
    ids = tuple(claimed_with(connection, due))
    attempt = Attempt(
        claim=due.abandoned_claim or "",
        due=due,
        message_ids=ids,
        name=f"message {due.message_id}",
        result=_ABANDONED,
        at=now,
        until=now,
    )
    record_abandoned(connection, attempt, options)
    return Decided(Decision.UNKNOWN, len(ids))
