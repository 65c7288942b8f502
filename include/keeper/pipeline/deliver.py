"""Draining the alert outbox."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

from keeper.clock import Clock, utc_now
from keeper.domain.alerts import DeliveryResult, DeliveryStatus, PriceAlert
from keeper.stores.postgres.alert_outbox import Claim, claim_next
from keeper.stores.postgres.connection import Connection

_LOG: Final = logging.getLogger(__name__)
MAX_ATTEMPTS: Final = 80
"""About three days: the first seven delays add up to an hour, the others are an hour."""
_FIRST_RETRY: Final = timedelta(seconds=30)
_LAST_RETRY: Final = timedelta(hours=1)


class Channel(Protocol):
    """A way to reach a person."""

    name: str

    def deliver(self, alert: PriceAlert) -> DeliveryResult:
        """Try once; say how it ended instead of raising."""


def deliver_due_alerts(
    connection: Connection,
    channel: Channel,
    *,
    clock: Clock = utc_now,
    stopped: Callable[[], bool] = lambda: False,
) -> dict[str, int]:
    """Deliver every alert that is due, each in its own transaction, until none is left.

    When the channel cannot be reached at all, the others stay due instead of waiting for the same
    time-out one by one. Several processes may drain at once; an alert is held by one of them. A
    crash between the channel's acceptance and the commit sends that one alert again, under the same
    Message-ID.

    Args:
        connection: Where the outbox is.
        channel: How alerts reach their user.
        clock: The time that decides what is due.
        stopped: Asked between alerts; true ends the work early.

    Returns:
        Number of attempts by their status: sent, failed, not_configured.
    """
    counts: Counter[str] = Counter({status.value.lower(): 0 for status in DeliveryStatus})
    while not stopped():
        with claim_next(connection, clock()) as claim:
            if claim is None:
                break
            result = _deliver(claim, channel, clock)
            counts[result.status.value.lower()] += 1
        if result.unreachable:
            _LOG.warning("%s cannot be reached; the other alerts wait", channel.name)
            break
    return dict(counts)


def _deliver(claim: Claim, channel: Channel, clock: Clock) -> DeliveryResult:
    started = time.monotonic()
    result = channel.deliver(claim.alert)
    attempt = claim.alert.attempts + 1
    again = result.retry and attempt < MAX_ATTEMPTS
    now = clock()
    claim.settle(
        channel.name,
        result,
        status="PENDING" if again else result.status.value,
        seconds=time.monotonic() - started,
        now=now,
        next_attempt_at=now + _delay(attempt) if again else None,
    )
    level = logging.INFO if result.status is DeliveryStatus.SENT else logging.WARNING
    _LOG.log(level, "alert %s by %s: %s", claim.alert.alert_id, channel.name, result.status.value)
    return result


def _delay(attempt: int) -> timedelta:
    # Seven doublings pass the last retry; far more would overflow.
    return min(_FIRST_RETRY * 2.0 ** min(attempt - 1, 7), _LAST_RETRY)
