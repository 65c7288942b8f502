"""Whom the outcome of an attempt concerns besides its reader, and how they are notified.

A trouble of one channel is reported by another: the notice is queued for every channel of the
operator, and where they have no other than the one that is closed, the log and the deliverer's
health say so.
"""

import logging
from dataclasses import replace
from typing import Final

from keeper.alerts.words import words_in
from keeper.domain.messages.notices import Trouble
from keeper.domain.messages.queue import DeliveryStatus, MessageStatus
from keeper.domain.users.languages import Language
from keeper.pipeline.messages.options import Attempt, Delivery
from keeper.stores.postgres.connection import Connection, is_of_database
from keeper.stores.postgres.messages.channels import active_kinds, pause_for_good
from keeper.stores.postgres.messages.claims import DueMessage
from keeper.stores.postgres.messages.notices import (
    raise_notice,
    resolve_notices,
    resolve_unwritten,
)

_LOG: Final = logging.getLogger(__name__)
UNWRITTEN: Final = "delivery:unwritten"
_RETRY: Final = "Once that is mended: keeper deliver --retry-failed"


def raise_alarms(
    connection: Connection, attempt: Attempt, status: MessageStatus, options: Delivery
) -> None:
    """Notify those concerned by an outcome, and end the notices that are over.

    Whatever goes wrong here is logged: the outcome itself has been recorded.

    Args:
        connection: Where notices are, in the transaction that recorded the outcome.
        attempt: The attempt.
        status: What became of its messages.
        options: Who the operator is, and which channels there are.

    Raises:
        psycopg.Error: The connection is lost, or the database takes nothing.
    """
    try:
        with connection.transaction():
            _raise_alarms(connection, attempt, status, options)
    except Exception as error:
        if is_of_database(connection, error):
            raise
        _LOG.exception("nobody was notified of the outcome of %s", attempt.name)


def _raise_alarms(
    connection: Connection, attempt: Attempt, status: MessageStatus, options: Delivery
) -> None:
    result, to = attempt.result, attempt.due.to
    if result.address_is_gone:
        _pause(connection, attempt, options)
        return
    if options.operator is None:
        return
    if result.status is DeliveryStatus.SENT:
        resolve_notices(connection, f"delivery:{to.kind}", f"delivery:{to}", at=attempt.at)
        resolve_unwritten(connection, UNWRITTEN, at=attempt.at)
        return
    trouble = _trouble(attempt, status)
    if trouble is None:
        return
    raise_notice(connection, trouble, operator=options.operator, at=attempt.at)
    if result.closes_channel:
        others = active_kinds(connection, options.operator) - {to.kind}
        if not others & options.channels.keys():
            _LOG.error(
                "%s is closed, and the operator %s has no other channel to be notified by: %s; "
                "add one: keeper channels add",
                to.kind,
                options.operator,
                result.detail,
            )


def _trouble(attempt: Attempt, status: MessageStatus) -> Trouble | None:
    """Return what the operator should know of an attempt that did not succeed; None for nothing."""
    result, to, says = attempt.result, attempt.due.to, attempt.result.detail
    # A mail server that is away fails everybody's mail: that is one trouble, not one for each.
    of_all, of_this = f"delivery:{to.kind}", f"delivery:{to}"
    if result.closes_channel:
        return Trouble(
            of_all,
            f"{to.kind} is closed: the provider refuses Keeper itself",
            f"{says}\nMessages by {to.kind} wait. One of them tries again after 15 minutes, then "
            "every hour; one that was tried for three days is given up.",
        )
    if attempt.is_unforeseen:
        # Also for a notice: the topic is raised once, however many messages fail so.
        is_unwritten = result.status is DeliveryStatus.FAILED
        return Trouble(
            UNWRITTEN if is_unwritten else of_all,
            "a message cannot be written" if is_unwritten else f"{to.kind} fails unexpectedly",
            f"To {to.address}, {attempt.name}: {says}\nOther messages go on; the deliverer's log "
            f"has more. {_RETRY}",
        )
    if attempt.due.is_notice:
        return None
    if status is MessageStatus.FAILED:
        return Trouble(
            of_all if result.unreachable else of_this,
            f"a message by {to.kind} was given up",
            f"To {to.address}, {attempt.name}. The last answer: {says}\n{_RETRY}",
        )
    if status is MessageStatus.UNKNOWN:
        return Trouble(
            of_this,
            f"nobody knows whether a message by {to.kind} arrived",
            f"To {to.address}, {attempt.name}. It was sent once more and is not sent again. "
            f"The last answer: {says}",
        )
    return None


def _pause(connection: Connection, attempt: Attempt, options: Delivery) -> None:
    """Pause a channel whose address is gone, and notify its reader elsewhere, or the operator."""
    due, says = attempt.due, attempt.result.detail
    reader = pause_for_good(connection, due.channel_id, says)
    if reader is None:
        return
    if active_kinds(connection, reader.email) & options.channels.keys():
        trouble = _paused(due, says, reader.language)
        raise_notice(connection, trouble, operator=reader.email, at=attempt.at)
    elif options.operator is not None:
        trouble = _paused(due, says, Language.ENGLISH)
        details = f"{reader.email} has no other channel. {trouble.details}"
        for_operator = replace(trouble, details=details)
        raise_notice(connection, for_operator, operator=options.operator, at=attempt.at)
        if not active_kinds(connection, options.operator) & options.channels.keys():
            _LOG.error("nobody can be notified that %s; %s", trouble.subject, trouble.details)


def _paused(due: DueMessage, says: str, language: Language) -> Trouble:
    words, to = words_in(language), {"kind": due.to.kind.value, "address": due.to.address}
    return Trouble(
        f"channel:{due.channel_id}",
        words.channel_paused.format(**to),
        words.channel_paused_details.format(**to, says=says),
    )
