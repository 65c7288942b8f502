"""Mails links to sign in, at once: they are good for minutes, and no other program may see them."""

import logging
from collections.abc import Callable
from typing import Final

from keeper.alerts.channels.email import EmailChannel
from keeper.alerts.message import Message
from keeper.domain.messages.queue import DeliveryStatus
from keeper.pipeline.services.configuration import smtp_config
from keeper.settings import Settings

_LOG: Final = logging.getLogger(__name__)


def mail_sender(settings: Settings) -> Callable[[str, Message], None] | None:
    """Return what mails a message to an address; None where no mail server is configured.

    It tries once, blocks meanwhile, and logs a failure without the message: who waits in vain asks
    again.
    """
    config = smtp_config(settings)
    if config is None:
        return None
    channel = EmailChannel(config)

    def send(address: str, message: Message) -> None:
        result = channel.deliver(address, message)
        if result.status is not DeliveryStatus.SENT:
            _LOG.warning("a link to sign in was not mailed: %s", result.detail)

    return send
