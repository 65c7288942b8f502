"""Notifying the operator of a trouble, also when the database or the outbox is the trouble."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final

from keeper.alerts.message import Message
from keeper.domain.messages.notices import Trouble
from keeper.domain.messages.queue import ChannelKind, DeliveryResult, DeliveryStatus
from keeper.errors import KeeperError
from keeper.pipeline.messages.options import Channel
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.notices import raise_notice

_LOG: Final = logging.getLogger(__name__)


def notify_operator(
    trouble: Trouble,
    database: Callable[[], AbstractContextManager[Connection]],
    channels: Callable[[], dict[ChannelKind, Channel]],
    *,
    operator: str,
    at: datetime,
) -> None:
    """Raise a notice; without a database to record it in, mail the operator at once.

    Args:
        trouble: What was seen.
        database: Opens Keeper's database.
        channels: Gives the channels; only mail is used, for its address needs no database.
        operator: E-mail address of who is notified.
        at: When it was seen.

    Raises:
        KeeperError: The database does not answer, and no mail could be sent either.
    """
    try:
        with database() as connection:
            raise_notice(connection, trouble, operator=operator, at=at)
    except KeeperError as error:
        problem = f"Keeper's database cannot be reached: {error}"
        if not mail_operator(trouble, problem, channels(), operator=operator, at=at):
            raise
        _LOG.warning("mailed to the operator, since %s", error)


def mail_operator(
    trouble: Trouble,
    problem: str,
    channels: Mapping[ChannelKind, Channel],
    *,
    operator: str,
    at: datetime,
) -> bool:
    """Mail the operator at once, past the outbox; return whether the mail was accepted.

    One that was not is in the log, with the trouble. Blocks as long as the mail server takes.

    Args:
        trouble: What was seen.
        problem: Why it goes by mail, at its end.
        channels: Only mail is used.
        operator: Their e-mail address.
        at: When it was seen.
    """
    result = _mail(trouble, problem, channels, operator, at)
    if result.status is DeliveryStatus.SENT:
        return True
    _LOG.error("%s; %s", trouble.subject, trouble.details)
    _LOG.error("the operator could not be mailed: %s", result.detail)
    return False


def _mail(
    trouble: Trouble,
    problem: str,
    channels: Mapping[ChannelKind, Channel],
    operator: str,
    at: datetime,
) -> DeliveryResult:
    mail = channels.get(ChannelKind.EMAIL)
    if mail is None:
        return DeliveryResult(DeliveryStatus.NOT_CONFIGURED, "SMTP_HOST is not set")
    message = Message(
        key=f"trouble-{at:%Y%m%d%H%M%S%f}",
        subject=f"Keeper: {trouble.subject}",
        lead=trouble.subject,
        sections=(),
        made_at=at,
        closing=f"{trouble.details}\n\n{problem}",
    )
    try:
        return mail.deliver(operator, message)
    except Exception as error:  # noqa: BLE001  # the log is then all there is to say it in
        return DeliveryResult(DeliveryStatus.FAILED, type(error).__name__)
