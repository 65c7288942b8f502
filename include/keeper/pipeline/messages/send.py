"""The third step of a delivery: one attempt on a channel, with no transaction and no lock.

An attempt never raises: a channel that does fails that attempt, and nobody knows whether the
message went out before it did.
"""

import logging
from typing import Final

from keeper.alerts.message import Message
from keeper.domain.messages.queue import Address, ChannelKind, DeliveryResult, DeliveryStatus
from keeper.pipeline.messages.options import Delivery, reason_of

_LOG: Final = logging.getLogger(__name__)
_SETTINGS: Final = {
    ChannelKind.EMAIL: "SMTP_HOST",
    ChannelKind.TELEGRAM: "TELEGRAM_BOT_TOKEN",
    ChannelKind.DISCORD: "DISCORD_WEBHOOK",
    ChannelKind.APPRISE: "KEEPER_APPRISE_URLS",
}


def send(to: Address, message: Message, options: Delivery) -> tuple[DeliveryResult, bool]:
    """Try once; return how it ended, and whether the channel raised instead of saying so."""
    channel = options.channels.get(to.kind)
    if channel is None:
        return not_configured(to), False
    try:
        return channel.deliver(to.address, message), False
    except Exception as error:  # noqa: BLE001  # whatever it is, the other messages go on
        reason = reason_of(error, options.secrets)
        # Without its traceback: libraries put requests, and with them secrets, into it.
        _LOG.error("%s raised: %s", to.kind, reason)
        return DeliveryResult(DeliveryStatus.UNKNOWN, f"the channel raised {reason}"), True


def not_configured(to: Address) -> DeliveryResult:
    """Return the result for a kind of channel the settings say nothing of."""
    return DeliveryResult(DeliveryStatus.NOT_CONFIGURED, f"{_SETTINGS[to.kind]} is not set")
