"""The last step of a delivery: how the attempt ended, what becomes of its messages, who must know.

An outcome the database does not take is kept and offered again. It is never a reason to send the
message again: when that happens was committed with the claim.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from keeper.domain.messages.queue import DeliveryStatus, MessageStatus
from keeper.pipeline.messages.alarms import raise_alarms
from keeper.pipeline.messages.options import Attempt, Delivery
from keeper.stores.postgres.connection import Connection, is_of_database
from keeper.stores.postgres.messages.claims import Outcome, free_channel, record_outcome

_LOG: Final = logging.getLogger(__name__)
GIVE_UP_AFTER: Final = timedelta(hours=72)
"""A message that could not be delivered for so long, the time it was held left out, has failed."""
UNKNOWN_RETRY: Final = timedelta(hours=1)
"""When a message is sent once more of which nobody knows whether it arrived: it may have."""
_FIRST_RETRY: Final = timedelta(seconds=30)
_LAST_RETRY: Final = timedelta(hours=1)
_JITTER: Final = 0.2


def record(connection: Connection, attempt: Attempt, options: Delivery) -> None:
    """Record how an attempt ended and raise the notices it calls for.

    An outcome that cannot be recorded is remembered; see `record_remembered`.

    Raises:
        psycopg.Error: The connection is lost, or the database takes nothing.
    """
    level = logging.INFO if attempt.result.status is DeliveryStatus.SENT else logging.WARNING
    more = len(attempt.message_ids) - 1
    _LOG.log(
        level,
        "%s by %s: %s%s%s",
        attempt.name,
        attempt.due.to.kind,
        attempt.result.status.value,
        f", with {more} more" if more else "",
        "" if attempt.result.status is DeliveryStatus.SENT else f": {attempt.result.detail}",
    )
    try:
        _record(connection, attempt, options)
    except Exception as error:
        options.memory.unrecorded.append(attempt)
        if is_of_database(connection, error):
            raise
        _LOG.exception("the outcome of %s is not recorded yet", attempt.name)
        free_channel(connection, attempt.claim, attempt.due.channel_id)


def record_remembered(connection: Connection, options: Delivery) -> None:
    """Record the outcomes that could not be recorded before.

    One whose lease is over is dropped once the database has refused it again: the attempt then
    counts as unknown.

    Raises:
        psycopg.Error: The connection is lost, or the database takes nothing.
    """
    for attempt in list(options.memory.unrecorded):
        try:
            _record(connection, attempt, options)
        except Exception as error:
            if options.clock() > attempt.until:
                options.memory.unrecorded.remove(attempt)
            if is_of_database(connection, error):
                raise
            _LOG.warning("the outcome of %s is still not recorded: %s", attempt.name, error)
        else:
            options.memory.unrecorded.remove(attempt)


def record_abandoned(connection: Connection, attempt: Attempt, options: Delivery) -> None:
    """Record an attempt whose deliverer has not said how it ended; it may still do so."""
    outcome = _outcome(attempt, options.jitter())
    record_outcome(connection, outcome, is_known=False)
    raise_alarms(connection, attempt, outcome.status, options)


def _record(connection: Connection, attempt: Attempt, options: Delivery) -> None:
    outcome = _outcome(attempt, options.jitter())
    with connection.transaction():
        if record_outcome(connection, outcome):
            raise_alarms(connection, attempt, outcome.status, options)


def _outcome(attempt: Attempt, jitter: float) -> Outcome:
    due, result = attempt.due, attempt.result
    is_unknown = result.status is DeliveryStatus.UNKNOWN
    unknown_at = due.unknown_at or (attempt.at if is_unknown else None)
    again = _next_attempt(attempt, jitter)
    status = MessageStatus(result.status.value)
    if again is not None:
        status = MessageStatus.PENDING
    elif unknown_at is not None and status is MessageStatus.FAILED:
        # This attempt failed; the one before may have arrived.
        status = MessageStatus.UNKNOWN
    return Outcome(
        claim=attempt.claim,
        due=due,
        message_ids=attempt.message_ids,
        result=result,
        status=status,
        next_attempt_at=again,
        unknown_at=unknown_at,
        digest_id=_digest_id(attempt) if again is not None and unknown_at is not None else None,
        seconds=attempt.seconds,
        at=attempt.at,
    )


def _digest_id(attempt: Attempt) -> int | None:
    """Return by what number a digest keeps its name when it is sent once more."""
    if attempt.due.sent_with is not None and attempt.due.unknown_at is not None:
        return attempt.due.sent_with
    return min(attempt.message_ids) if len(attempt.message_ids) > 1 else None


def _next_attempt(attempt: Attempt, jitter: float) -> datetime | None:
    """Return when to try again; None when it has been tried for long enough, or need not be."""
    due, result, now = attempt.due, attempt.result, attempt.at
    if result.status is DeliveryStatus.UNKNOWN:
        return now + UNKNOWN_RETRY if due.unknown_at is None else None
    if result.address_is_gone or not (result.retry or result.closes_channel):
        return None
    if now - (due.first_attempt_at or now) >= GIVE_UP_AFTER:
        return None
    # Seven doublings pass the last retry; far more would overflow.
    delay = min(_FIRST_RETRY * 2.0 ** min(due.attempts, 7), _LAST_RETRY)
    delay *= 1 - _JITTER + 2 * _JITTER * jitter
    return now + max(delay, timedelta(seconds=result.retry_after_s or 0))
