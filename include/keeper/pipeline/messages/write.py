"""The second step of a delivery: what was claimed is written as a message.

Nothing is locked meanwhile. What cannot be written fails by itself, with its reason; a digest is
then written without those of its alerts that cannot be.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from keeper.alerts.compose import alert_message, digest_message, presses
from keeper.alerts.message import Message
from keeper.alerts.notices import notice_message
from keeper.alerts.photos import linked_with
from keeper.alerts.reports import report_message
from keeper.alerts.sign_in import sign_in_message
from keeper.domain.messages.queue import (
    ChannelKind,
    QueuedAlert,
    QueuedMessage,
    QueuedNotice,
    QueuedReport,
    QueuedSignIn,
)
from keeper.domain.users.links import LINK_LIFETIME, SIGN_IN_PATH
from keeper.domain.users.secrets import digest_of, new_secret
from keeper.pipeline.messages.choose import Claimed
from keeper.pipeline.messages.options import Delivery, reason_of
from keeper.pipeline.messages.price_verdicts import price_context_of
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.users.sign_in import give_link_its_secret
from keeper.stores.postgres.users.telegram import is_linked_chat

_LOG: Final = logging.getLogger(__name__)
PERHAPS_DOUBLED: Final = (
    "This message may have reached you before: the connection was lost while it was sent."
)


@dataclass(frozen=True, slots=True)
class Written:
    """A message as it goes out, or why there is none.

    Attributes:
        message_ids: What it is about.
        name: What people call it: `alert 7`.
        message: What is sent; None if it cannot be written.
        problem: Why it cannot be; blank if it can.
    """

    message_ids: tuple[int, ...]
    name: str
    message: Message | None
    problem: str = ""


def write(connection: Connection, claimed: Claimed, options: Delivery) -> list[Written]:
    """Write what was claimed: one message, and those that cannot be written each by itself."""
    due = claimed.due
    if not claimed.messages:
        return [Written((due.message_id,), f"message {due.message_id}", None, claimed.problem)]
    whole = _written(connection, claimed, claimed.messages, options)
    if whole.message is not None or len(claimed.messages) == 1:
        return [whole]
    alone = {
        queued.message_id: _written(connection, claimed, [queued], options)
        for queued in claimed.messages
    }
    good = [queued for queued in claimed.messages if alone[queued.message_id].message is not None]
    if not good or len(good) == len(claimed.messages):
        return [whole]
    rest = _written(connection, claimed, good, options)
    return [rest, *(one for one in alone.values() if one.message is None)]


def _written(
    connection: Connection,
    claimed: Claimed,
    messages: list[QueuedMessage] | tuple[QueuedMessage, ...],
    options: Delivery,
) -> Written:
    ids = tuple(queued.message_id for queued in messages)
    name = _name(messages[0])
    try:
        message = _message_of(connection, claimed, messages, options)
        if options.images_url is not None:
            message = linked_with(message, options.images_url)
        if claimed.due.unknown_at is not None:
            message = _marked(message, claimed)
    except Exception as error:  # noqa: BLE001  # whatever it is, the other messages go on
        _LOG.exception("%s cannot be written", name)
        return Written(ids, name, None, f"cannot be written: {reason_of(error, options.secrets)}")
    return Written(ids, name, message)


def _message_of(
    connection: Connection,
    claimed: Claimed,
    messages: list[QueuedMessage] | tuple[QueuedMessage, ...],
    options: Delivery,
) -> Message:
    first, links, old_after = messages[0], options.links, options.old_after
    match first:
        case QueuedNotice():
            return notice_message(first)
        case QueuedSignIn():
            return _sign_in_message(connection, first, options.clock())
        case QueuedReport():
            return report_message(first, links)
        case QueuedAlert():
            alerts = [queued for queued in messages if isinstance(queued, QueuedAlert)]
            # A digest its reader may have seen stays one, whatever has become of its other alerts.
            if len(alerts) > 1 or claimed.due.sent_with is not None:
                return digest_message(alerts, links, old_after=old_after)
            known = claimed.context if first is claimed.messages[0] else None
            context = known or price_context_of(connection, first.alert)
            message = alert_message(first, context, links, old_after=old_after)
            is_answered = first.to.kind is ChannelKind.TELEGRAM and is_linked_chat(
                connection, first.to.address
            )
            return replace(message, presses=presses(first.alert)) if is_answered else message


def _sign_in_message(connection: Connection, queued: QueuedSignIn, at: datetime) -> Message:
    """Give a link its secret, which only the mail will have, and write the mail."""
    secret = new_secret()
    give_link_its_secret(
        connection, queued.link_id, digest_of(secret), expires_at=at + LINK_LIFETIME
    )
    return sign_in_message(queued.link_id, f"{queued.base_url}{SIGN_IN_PATH}{secret}", at)


def _marked(message: Message, claimed: Claimed) -> Message:
    """Return a message that says it may be a second copy, under the first one's name."""
    digest = claimed.due.sent_with
    notice = " ".join(part for part in (message.notice, PERHAPS_DOUBLED) if part)
    key = message.key if digest is None else f"digest-{digest}"
    return replace(message, notice=notice, key=key)


def _name(queued: QueuedMessage) -> str:
    match queued:
        case QueuedAlert(alert=alert):
            return f"alert {alert.alert_id}"
        case QueuedReport(report=report):
            return f"report {report.report_id}"
        case QueuedNotice(notice=notice):
            return f"notice {notice.notice_id}"
        case QueuedSignIn(link_id=link_id):
            return f"sign-in link {link_id}"
