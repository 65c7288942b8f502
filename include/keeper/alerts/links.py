"""Signed links in messages, by which a reader acts without logging in.

A link says what to do and to which row, and is signed; who has the message may use it, nobody can
make another. Opening it shows what it would do and does nothing: mail scanners open links too.

A row's number alone is not enough: a restored or new database gives the same number to another
row. So a link carries a mark of the row too, and whoever follows it compares the two.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from math import ceil
from typing import Any, Final
from urllib.parse import quote, urlencode

from itsdangerous import BadData, URLSafeSerializer

from keeper.alerts.words import Words, words_in
from keeper.clock import Clock, utc_now
from keeper.domain.messages.queue import Address
from keeper.domain.users.languages import Language

PATH: Final = "/a/"
_PAGES_PATH: Final = "/app"
LINK_LIFE: Final = timedelta(days=90)
"""For so long a link may snooze or stop. One that unsubscribes stays valid: RFC 8058 and many laws
want it to work whenever a reader finds the message."""
_SALT: Final = "keeper.alerts.links.v2"
_FORMER_SALT: Final = "keeper.alerts.links.v1"
"""Signed links without a mark and a time. They are in people's mail."""


class LinkProblem(StrEnum):
    """Why a link does nothing."""

    NOT_VALID = "not valid"
    TOO_OLD = "too old"
    OLDER_VERSION = "of an older version"

    def said_in(self, words: Words) -> str:
        """Return the sentence that says so, and what helps."""
        match self:
            case LinkProblem.NOT_VALID:
                return words.pages.link_not_valid
            case LinkProblem.TOO_OLD:
                return words.counted(words.pages.link_too_old, LINK_LIFE.days)
            case LinkProblem.OLDER_VERSION:
                return words.pages.link_of_older_version


class InvalidLinkError(ValueError):
    """The link does nothing: not signed with one of the keys, too old, or of a former form."""

    def __init__(self, problem: LinkProblem) -> None:
        """Say why, in English; `problem` says it in any language."""
        super().__init__(problem.said_in(words_in(Language.ENGLISH)))
        self.problem = problem


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
        mark: Of the row that had this number when the link was made: `watch_mark` or
            `channel_mark`. None only if the link unsubscribes and is of the former form.
        issued_at: When it was made; None where the mark is.
    """

    action: LinkAction
    number: int
    mark: str | None = None
    issued_at: datetime | None = None


def watch_mark(asin: str, domain: str, price_type: str, watched_since: datetime) -> str:
    """Return what distinguishes a watch from every other, of any database."""
    return _mark("watch", asin, domain, price_type, _instant(watched_since))


def channel_mark(to: Address, channel_since: datetime) -> str:
    """Return what distinguishes a reader's channel from every other, of any database."""
    return _mark("channel", to.kind, to.address, _instant(channel_since))


class Links:
    """Makes and reads links to the console."""

    def __init__(self, base_url: str, keys: Sequence[str], clock: Clock = utc_now) -> None:
        """Sign with the first key and accept links signed with any.

        Args:
            base_url: Where readers reach the console, without a slash at the end.
            keys: What links are signed with, at least one, the newest first. Links signed with a
                key that is not among them any more are invalid.
            clock: When a link is made and read.
        """
        if isinstance(keys, str):
            # Each of its letters would be a key.
            raise TypeError("keys are a sequence of texts, not one text")
        self._base_url = base_url
        self._clock = clock
        # The library signs with the last.
        oldest_first = list(reversed(keys))
        self._serializer = URLSafeSerializer(oldest_first, salt=_SALT)
        self._former = URLSafeSerializer(oldest_first, salt=_FORMER_SALT)

    def to(self, action: LinkAction, number: int, mark: str) -> str:
        """Return the link that does this to the row with this number and mark."""
        # Rounded up: a snooze that ended right before the link was made must not seem to be later.
        issued = ceil(self._clock().timestamp() * 1000)
        token = self._serializer.dumps([action.value, number, mark, issued])
        return f"{self._base_url}{PATH}{token!s}"

    def product_page(self, asin: str, domain: str, price_type: str) -> str:
        """Return the address of a product's own page, for whom it is signed in."""
        query = urlencode({"type": price_type})
        return f"{self._base_url}{_PAGES_PATH}/products/{quote(domain)}/{quote(asin)}?{query}"

    def deals_page(self) -> str:
        """Return the address of the page with all deals."""
        return f"{self._base_url}{_PAGES_PATH}/deals"

    def read(self, token: str) -> LinkTarget:
        """Return what a link's last part means.

        Raises:
            InvalidLinkError: It does nothing any more; the error says why and what helps.
        """
        content = _content(self._serializer, token)
        if content is None:
            return self._read_former(token)
        try:
            action, number, mark, issued = content
            issued_at = datetime.fromtimestamp(issued / 1000, UTC)
            target = LinkTarget(LinkAction(action), int(number), str(mark), issued_at)
        except (TypeError, ValueError, OverflowError, OSError):
            raise InvalidLinkError(LinkProblem.NOT_VALID) from None
        is_old = self._clock() - issued_at > LINK_LIFE
        if is_old and target.action is not LinkAction.UNSUBSCRIBE:
            raise InvalidLinkError(LinkProblem.TOO_OLD)
        return target

    def _read_former(self, token: str) -> LinkTarget:
        """Return what a link of the former form means, if it unsubscribes."""
        try:
            action, number = _content(self._former, token)
            target = LinkTarget(LinkAction(action), int(number))
        except (TypeError, ValueError, OverflowError):
            raise InvalidLinkError(LinkProblem.NOT_VALID) from None
        if target.action is not LinkAction.UNSUBSCRIBE:
            raise InvalidLinkError(LinkProblem.OLDER_VERSION)
        return target


def _content(serializer: URLSafeSerializer, token: str) -> Any:
    """Return what was signed; None if no key of the serializer signed it."""
    try:
        return serializer.loads(token)
    except (BadData, ValueError):
        return None


def _mark(*facts: str) -> str:
    digest = sha256("\n".join(facts).encode()).digest()
    return urlsafe_b64encode(digest[:12]).decode()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
