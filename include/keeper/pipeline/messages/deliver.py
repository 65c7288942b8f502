"""Draining the outbox: choose, write, send and record, one message after the other."""

import time
from dataclasses import replace
from datetime import datetime, timedelta

from keeper.alerts.channel_breakers import ChannelBreakers
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus
from keeper.pipeline.messages.choose import Claimed, Decided, choose
from keeper.pipeline.messages.options import Attempt, Channel, Delivery
from keeper.pipeline.messages.record import GIVE_UP_AFTER, record, record_remembered
from keeper.pipeline.messages.send import not_configured, send
from keeper.pipeline.messages.write import Written, write
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.outbox import is_any_due, next_postponed

__all__ = ["GIVE_UP_AFTER", "Channel", "Delivery", "deliver_due", "not_configured"]

_COUNTED = ("sent", "failed", "unknown", "not_configured", "held", "cancelled")


def deliver_due(connection: Connection, options: Delivery) -> dict[str, int]:
    """Deliver every message that is due, one after the other, until none is left.

    Quiet hours, snoozes and daily caps hold alerts back; those that were held go out as one digest.
    Reports wait for quiet hours and a snooze too, notices to the operator for nothing.
    A channel that cannot be reached is left alone for a while; the others go on. Several processes
    may drain at once; a channel is used by one of them at a time. A crash between the provider's
    acceptance and the record of it leaves that one message unknown: it is sent once more after an
    hour, by mail under the same Message-ID, and says that it may be a second copy.

    Returns:
        Number of messages by what became of them: sent, failed (or to be tried again), unknown,
        not_configured, held, cancelled.
    """
    counts = dict.fromkeys(_COUNTED, 0)
    timeout = timedelta(seconds=options.timeout_s)
    record_remembered(connection, options)
    while not options.stopped():
        now = options.clock()
        chosen = choose(connection, options)
        if isinstance(chosen, Claimed):
            _deliver(connection, chosen, options, counts)
            continue
        if isinstance(chosen, Decided):
            if chosen.decision.value in counts:
                counts[chosen.decision.value] += chosen.messages
            continue
        waits = _next_moment(connection, options.memory.breakers, now)
        if waits is None or waits - now > timeout:
            break
        timeout -= waits - now
        options.wait((waits - now).total_seconds())
    return counts


def _next_moment(
    connection: Connection, breakers: ChannelBreakers, now: datetime
) -> datetime | None:
    """Return when there will be something to do for what is in the outbox; None if never."""
    moments = [next_postponed(connection, now)]
    if is_any_due(connection, now):
        moments.append(breakers.next_opening(now))
    return min((moment for moment in moments if moment is not None), default=None)


def _deliver(
    connection: Connection, claimed: Claimed, options: Delivery, counts: dict[str, int]
) -> None:
    """Write, send and record what was claimed; nothing is locked while it is sent."""
    parts = iter(write(connection, claimed, options))
    for written in parts:
        attempt = _attempt(claimed, written, options)
        counts[attempt.result.status.value.lower()] += len(attempt.message_ids)
        if written.message is not None:
            _learn(attempt, options)
        try:
            record(connection, attempt, options)
        except Exception:
            # Only the first part is sent; of the others it is known that they were not.
            options.memory.unrecorded.extend(_attempt(claimed, rest, options) for rest in parts)
            raise
        if attempt.result.status is DeliveryStatus.SENT:
            options.wait(options.memory.breakers.breath(claimed.due.to).total_seconds())


def _attempt(claimed: Claimed, written: Written, options: Delivery) -> Attempt:
    started = time.monotonic()
    if written.message is None:
        failed = DeliveryResult(DeliveryStatus.FAILED, written.problem, retry=True)
        result, is_unforeseen = failed, True
    else:
        result, is_unforeseen = send(claimed.due.to, written.message, options)
    if result.remedy and result.remedy not in result.detail:
        result = replace(result, detail=f"{result.detail}; {result.remedy}")
    return Attempt(
        claim=claimed.claim,
        due=claimed.due,
        message_ids=written.message_ids,
        name=written.name,
        result=result,
        is_unforeseen=is_unforeseen,
        seconds=time.monotonic() - started,
        at=options.clock(),
        until=claimed.until,
    )


def _learn(attempt: Attempt, options: Delivery) -> None:
    """Remember what an attempt says about its channel, and let the deliverer's health say it."""
    to, result, breakers = attempt.due.to, attempt.result, options.memory.breakers
    # Whoever does not answer one message would hold all others up; a channel that raises may not.
    is_silent = result.status is DeliveryStatus.UNKNOWN and not attempt.is_unforeseen
    breakers.saw(to, replace(result, unreachable=True) if is_silent else result, attempt.at)
    if result.closes_channel:
        options.report_closed(to.kind.value, f"{to.kind} is closed: {result.detail}")
    elif not breakers.is_refused(to.kind):
        options.report_closed(to.kind.value, None)
