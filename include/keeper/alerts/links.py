"""Signed links in messages, by which a reader acts without logging in.

A link says what to do and to what, and is signed; who has the message may use it, nobody can make
another. Opening it shows what it would do and does nothing, since mail scanners open links too.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer

_SALT: Final = "keeper.alerts.links.v1"
PATH: Final = "/a/"


class InvalidLinkError(ValueError):
    """The link is not one of Keeper's, or was made with another secret."""


class LinkAction(StrEnum):
    """What a link does."""

    SNOOZE = "snooze"
    STOP = "stop"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """What a link is about.

    Attributes:
        action: What it does.
        number: The watch it snoozes or stops, or the channel it unsubscribes.
    """

    action: LinkAction
    number: int


class Links:
    """Makes and reads links to the console."""

    def __init__(self, base_url: str, secret: str) -> None:
        """Sign with a secret.

        Args:
            base_url: Where readers reach the console, without a slash at the end.
            secret: What links are signed with; another one makes all former links invalid.
        """
        self._base_url = base_url
        self._serializer = URLSafeSerializer(secret, salt=_SALT)

    def to(self, action: LinkAction, number: int) -> str:
        """Return the link that does this."""
        return f"{self._base_url}{PATH}{self._serializer.dumps([action.value, number])}"

    def read(self, token: str) -> LinkTarget:
        """Return what a link's last part means.

        Raises:
            InvalidLinkError: It is not signed with the secret.
        """
        try:
            action, number = self._serializer.loads(token)
            return LinkTarget(LinkAction(action), int(number))
        except (BadSignature, TypeError, ValueError):
            raise InvalidLinkError("this link is not valid any more") from None
