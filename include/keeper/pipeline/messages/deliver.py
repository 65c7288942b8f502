"""Draining the outbox."""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from keeper.alerts.channel_breakers import ChannelBreakers
from keeper.alerts.compose import OLD_AFTER, alert_message, digest_message
from keeper.alerts.links import Links
from keeper.alerts.message import Message
from keeper.alerts.notices import notice_message
from keeper.alerts.photos import linked_with
from keeper.alerts.reports import report_message
from keeper.clock import Clock, utc_now
from keeper.domain.messages.delivery_clock import Hold, hold
from keeper.domain.messages.notices import Trouble
from keeper.domain.messages.queue import (
    Address,
    ChannelKind,
    DeliveryResult,
    DeliveryStatus,
    MessageStatus,
    QueuedAlert,
    QueuedMessage,
    QueuedNotice,
    QueuedReport,
)
from keeper.pipeline.messages.price_verdicts import price_context_of
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.notices import raise_notice, resolve_notices
from keeper.stores.postgres.messages.outbox import Claim, claim_next, is_any_due, next_postponed

_LOG: Final = logging.getLogger(__name__)
GIVE_UP_AFTER: Final = timedelta(hours=72)
"""A message that could not be delivered for so long since its first attempt has failed."""
_FIRST_RETRY: Final = timedelta(seconds=30)
_LAST_RETRY: Final = timedelta(hours=1)
_JITTER: Final = 0.2
_HISTORY_MAY_COME: Final = timedelta(seconds=60)
"""The first check of a product brings its past too, by a topic and a loader of its own; an alert of
that check waits for it so long at most, since with it the message can say how good the price is."""
_LOOK_AGAIN: Final = timedelta(seconds=3)
_SETTINGS: Final = {
    ChannelKind.EMAIL: "SMTP_HOST",
    ChannelKind.TELEGRAM: "TELEGRAM_BOT_TOKEN",
    ChannelKind.DISCORD: "DISCORD_WEBHOOK",
    ChannelKind.APPRISE: "KEEPER_APPRISE_URLS",
}


class _Outcome(StrEnum):
    """What became of a message that was due."""

    SENT = "sent"
    FAILED = "failed"
    NOT_CONFIGURED = "not_configured"
    HELD = "held"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"


class Channel(Protocol):
    """A way to reach a person."""

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        """Try once; say how it ended instead of raising."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How messages are delivered.

    Attributes:
        channels: By kind; a kind that is missing is not configured.
        gates: What the deliverer knows of them; kept as long as it runs.
        clock: The time that decides what is due.
        wait: Lets seconds pass; ends early when asked to stop.
        timeout_s: How long, in all, to wait for channels that ask for a pause.
        stopped: Asked between messages; true ends the work early.
        jitter: A number from 0 to 1, by which retries of many messages fall apart.
        links: Makes the links messages are acted on by; None for messages without.
        images_url: Below which address pictures of products are linked; None for Amazon's.
        operator: Whom to notify of messages that could not be delivered; None for nobody.
        old_after: How old a price may be without its alert saying so.
    """

    channels: Mapping[ChannelKind, Channel]
    breakers: ChannelBreakers = field(default_factory=ChannelBreakers)
    clock: Clock = utc_now
    wait: Callable[[float], object] = time.sleep
    timeout_s: float = 0
    stopped: Callable[[], bool] = lambda: False
    jitter: Callable[[], float] = random.random
    links: Links | None = None
    images_url: str | None = None
    operator: str | None = None
    old_after: timedelta = OLD_AFTER


def deliver_due(connection: Connection, delivery: Delivery) -> dict[str, int]:
    """Deliver every message that is due, each in its own transaction, until none is left.

    Quiet hours, snoozes and daily caps hold alerts back; those that were held go out as one digest.
    Reports wait for quiet hours and a snooze too, notices to the operator for nothing.
    A channel that cannot be reached is left alone for a while; the others go on. Several processes
    may drain at once; a channel is used by one of them at a time. A crash between the provider's
    acceptance and the commit sends that one message again, by mail under the same Message-ID.

    Returns:
        Number of messages by what became of them: sent, failed (or to be tried again),
        not_configured, held, cancelled.
    """
    counts = dict.fromkeys(_Outcome, 0)
    timeout = timedelta(seconds=delivery.timeout_s)
    while not delivery.stopped():
        now, outcome = delivery.clock(), None
        with claim_next(connection, now, delivery.breakers.closed(now)) as claim:
            if claim is not None:
                outcome, messages = _handle(claim, delivery)
                counts[outcome] += messages
        if claim is not None:
            if outcome is _Outcome.SENT:
                delivery.wait(delivery.breakers.breath(claim.message.to).total_seconds())
            continue
        waits = _next_moment(connection, delivery.breakers, now)
        if waits is None or waits - now > timeout:
            break
        timeout -= waits - now
        delivery.wait((waits - now).total_seconds())
    del counts[_Outcome.POSTPONED]
    return {outcome.value: messages for outcome, messages in counts.items()}


def _next_moment(
    connection: Connection, breakers: ChannelBreakers, now: datetime
) -> datetime | None:
    """Return when there will be something to do for what is in the outbox; None if never."""
    moments = [next_postponed(connection, now)]
    if is_any_due(connection, now):
        moments.append(breakers.next_opening(now))
    return min((moment for moment in moments if moment is not None), default=None)


def _handle(claim: Claim, delivery: Delivery) -> tuple[_Outcome, int]:
    """Deliver, hold or cancel what was claimed; return what became of how many messages."""
    now, queued = delivery.clock(), claim.message
    if not queued.is_wanted:
        claim.cancel(now)
        return _Outcome.CANCELLED, 1
    if waits := _hold(claim, now):
        claim.hold(waits)
        return _Outcome.HELD, 1
    if not isinstance(queued, QueuedAlert):
        return _deliver(claim, lambda: _message_of(queued, delivery.links), delivery), 1
    together = claim.held_with(now) if queued.held_for else []
    context = price_context_of(claim.connection, queued.alert)
    if len(context.points) < 2 and now - queued.queued_at < _HISTORY_MAY_COME:
        claim.postpone(now + _LOOK_AGAIN)
        return _Outcome.POSTPONED, 1

    def write() -> Message:
        if together:
            return digest_message([queued, *together], delivery.links, old_after=delivery.old_after)
        return alert_message(queued, context, delivery.links, old_after=delivery.old_after)

    return _deliver(claim, write, delivery, together), 1 + len(together)


def _hold(claim: Claim, now: datetime) -> Hold | None:
    """Return whether and why the message waits for its reader."""
    match claim.message:
        case QueuedNotice():
            return None
        case QueuedReport(rules=rules):
            return hold(rules, now, 0)
        case QueuedAlert(rules=rules):
            return hold(rules, now, claim.sent_today(now))


def _message_of(queued: QueuedReport | QueuedNotice, links: Links | None) -> Message:
    if isinstance(queued, QueuedNotice):
        return notice_message(queued)
    return report_message(queued, links)


def _deliver(
    claim: Claim,
    write: Callable[[], Message],
    delivery: Delivery,
    together: Sequence[QueuedMessage] = (),
) -> _Outcome:
    """Try once and record how it ended; return that."""
    queued = claim.message
    started = time.monotonic()
    result = _attempt(queued.to, lambda: _linked(write(), delivery), delivery.channels)
    now = delivery.clock()
    delivery.breakers.saw(queued.to, result, now)
    again = _next_attempt(queued, result, now, delivery.jitter()) if result.retry else None
    claim.record_outcome(
        result,
        status=MessageStatus(result.status) if again is None else MessageStatus.PENDING,
        seconds=time.monotonic() - started,
        now=now,
        next_attempt_at=again,
        together=together,
    )
    if delivery.operator is not None and not isinstance(queued, QueuedNotice):
        _notify_operator(claim, result, is_final=again is None, now=now, operator=delivery.operator)
    level = logging.INFO if result.status is DeliveryStatus.SENT else logging.WARNING
    _LOG.log(
        level,
        "%s by %s: %s%s",
        _name(queued),
        queued.to.kind,
        result.status.value,
        f", with {len(together)} more" if together else "",
    )
    return _Outcome[result.status.name]


def _linked(message: Message, delivery: Delivery) -> Message:
    return message if delivery.images_url is None else linked_with(message, delivery.images_url)


def _notify_operator(
    claim: Claim, result: DeliveryResult, *, is_final: bool, now: datetime, operator: str
) -> None:
    """Raise a notice of a message given up, and resolve it once the channel takes one."""
    to = claim.message.to
    # A mail server that is away fails everybody's mail: that is one trouble, not one for each.
    of_all, of_this = f"delivery:{to.kind}", f"delivery:{to}"
    if result.status is DeliveryStatus.SENT:
        resolve_notices(claim.connection, of_all, of_this, at=now)
    elif result.status is DeliveryStatus.FAILED and is_final:
        trouble = Trouble(
            of_all if result.unreachable else of_this,
            f"a message by {to.kind} was given up",
            f"To {to.address}, {_name(claim.message)}. The last answer: {result.detail}\n"
            "Once that is mended: keeper deliver --retry-failed",
        )
        raise_notice(claim.connection, trouble, operator=operator, at=now)


def _name(queued: QueuedMessage) -> str:
    match queued:
        case QueuedAlert(alert=alert):
            return f"alert {alert.alert_id}"
        case QueuedReport(report=report):
            return f"report {report.report_id}"
        case QueuedNotice(notice=notice):
            return f"notice {notice.notice_id}"


def _attempt(
    to: Address, write: Callable[[], Message], channels: Mapping[ChannelKind, Channel]
) -> DeliveryResult:
    channel = channels.get(to.kind)
    if channel is None:
        return not_configured(to)
    try:
        message = write()
    except ValueError as error:
        return DeliveryResult(DeliveryStatus.FAILED, f"cannot be written: {error}")
    return channel.deliver(to.address, message)


def not_configured(to: Address) -> DeliveryResult:
    """Return the result for a kind of channel the settings say nothing of."""
    return DeliveryResult(DeliveryStatus.NOT_CONFIGURED, f"{_SETTINGS[to.kind]} is not set")


def _next_attempt(
    queued: QueuedMessage, result: DeliveryResult, now: datetime, jitter: float
) -> datetime | None:
    """Return when to try again; None when it has been tried for long enough."""
    if now - (queued.first_attempt_at or now) >= GIVE_UP_AFTER:
        return None
    # Seven doublings pass the last retry; far more would overflow.
    delay = min(_FIRST_RETRY * 2.0 ** min(queued.attempts, 7), _LAST_RETRY)
    delay *= 1 - _JITTER + 2 * _JITTER * jitter
    return now + max(delay, timedelta(seconds=result.retry_after_s or 0))
