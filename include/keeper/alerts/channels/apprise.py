"""Any of the services Apprise knows: https://github.com/caronc/apprise."""

import logging
from collections.abc import Mapping
from typing import Final

from keeper.alerts.message import Message
from keeper.alerts.texts import as_text
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus

_MOST: Final = 30_000
# It would log URLs it cannot read, with the secrets in them.
logging.getLogger("apprise").setLevel(logging.CRITICAL)


class AppriseChannel:
    """Sends messages by Apprise URLs; the address is a URL's name in the settings."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        """Send to these.

        Args:
            urls: Apprise URLs, which hold secrets, by name.
        """
        self._urls = urls

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        """Try once; blocks up to Apprise's own time-outs. It does not say why it failed."""
        # Half a second that only those who have such a URL are to spend.
        from apprise import Apprise, NotifyFormat

        url = self._urls.get(address)
        if url is None:
            return DeliveryResult(
                DeliveryStatus.NOT_CONFIGURED, f"no Apprise URL is called {address} in the settings"
            )
        service = Apprise()
        if not service.add(url):
            return DeliveryResult(
                DeliveryStatus.FAILED, f"Apprise cannot read the URL called {address}"
            )
        sent = service.notify(
            body=as_text(message)[:_MOST], title=message.subject, body_format=NotifyFormat.TEXT
        )
        if sent:
            return DeliveryResult(DeliveryStatus.SENT, "accepted, says Apprise")
        return DeliveryResult(
            DeliveryStatus.FAILED,
            f"the service called {address} did not take it, says Apprise",
            retry=True,
            unreachable=True,
        )
