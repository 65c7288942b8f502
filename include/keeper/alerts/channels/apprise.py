"""Any of the services Apprise knows: https://github.com/caronc/apprise."""

import logging
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from keeper.alerts.channels.refusals import (
    GONE,
    IS_AWAY,
    LATER,
    THIS_MESSAGE,
    failed,
    first_rule,
    rule,
    unknown,
)
from keeper.alerts.message import Message, inert
from keeper.alerts.texts import as_text
from keeper.alerts.words import words_in
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus

if TYPE_CHECKING:
    from apprise import AppriseResult, NotifyBase

_MOST: Final = 30_000
_MOST_PARTS: Final = 10
"""A longer message is cut: some of the services are SMS."""
_READ_S: Final = 20.0
_TIMEOUT_S: Final = 120.0
_LONGEST_REASON: Final = 300
_LONGEST_LOG: Final = 20_000
_SHORTEST_SECRET: Final = 4
_CODE: Final = re.compile(r"error=(\d{3})\b")
# It logs addresses with the secrets in them. What it says of a message is taken from its result.
_LOG: Final = logging.getLogger("apprise")
_LOG.propagate = False
_LOG.setLevel(logging.DEBUG)

_CHECK_URL: Final = "check {name} in KEEPER_APPRISE_URLS"
_MEND_URL: Final = f"{_CHECK_URL}, then keeper channels add apprise {{name}}"
_RULES: Final = (
    rule(r"429|.*too many requests|.*rate limit", LATER),
    rule("40[14]|410", GONE, _MEND_URL),
    rule("403", THIS_MESSAGE, _CHECK_URL),
    rule("408|425", LATER),
    rule("4", THIS_MESSAGE),
    rule("5", IS_AWAY),
    rule(".*connection error", IS_AWAY, _CHECK_URL),
    rule("", LATER),
)
"""By HTTP status, or for a service without one by what Apprise logged."""
# What `requests` raised, which Apprise quotes: the service had been sent the message.
_MAY_HAVE_ARRIVED: Final = re.compile(r"read timed out|connection aborted|incompleteread", re.I)


class AppriseChannel:
    """Sends messages by Apprise URLs; the address is a URL's name in the settings."""

    def __init__(self, urls: Mapping[str, str], *, timeout_s: float = _TIMEOUT_S) -> None:
        """Send to these.

        Args:
            urls: Apprise URLs, which hold secrets, by name.
            timeout_s: For all parts of a message.
        """
        self._urls = urls
        self._timeout_s = timeout_s

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        """Try once, in as many parts as the service needs; blocks up to the timeout."""
        # Half a second that only those who have such a URL are to spend.
        from apprise import Apprise, NotifyFormat, OverflowMode

        url = self._urls.get(address)
        if url is None:
            return DeliveryResult(
                DeliveryStatus.NOT_CONFIGURED, f"no Apprise URL is called {address} in the settings"
            )
        service = Apprise.instantiate(url)
        if service is None:
            remedy = _MEND_URL.format(name=address)
            return failed(GONE, f"Apprise cannot read the URL called {address}", remedy)
        if "overflow=" not in url:
            service.overflow_mode = OverflowMode.SPLIT
        if "rto=" not in url:
            service.socket_read_timeout = _READ_S
        apprise = Apprise()
        apprise.add(service)
        result = apprise.notify(
            body=_text_for(service, message),
            title=message.subject,
            body_format=NotifyFormat.TEXT,
            timeout=self._timeout_s,
            log_level=logging.DEBUG,
        )
        return _outcome(result, address, url)


def _text_for(service: "NotifyBase", message: Message) -> str:
    text = as_text(message)
    most = min(_MOST, _MOST_PARTS * service.body_maxlen) if service.body_maxlen else _MOST
    left_out = f"\n{words_in(message.language).more}"
    return text if len(text) <= most else text[: most - len(left_out)] + left_out


def _outcome(result: "AppriseResult", name: str, url: str) -> DeliveryResult:
    from apprise import AppriseResultStatus

    if result:
        return DeliveryResult(DeliveryStatus.SENT, "accepted, says Apprise")
    entries = [(entry.level, entry.message) for entry in result.logs()]
    has_begun = any(level == "INFO" and said.startswith("Sent ") for level, said in entries)
    reason = _without_secrets("; ".join(_reasons(entries)) or "Apprise does not say why", url)
    if result.status is AppriseResultStatus.TIMEOUT:
        return unknown(f"no answer in time: {reason}")
    log = inert(" ".join(said for _, said in entries), _LONGEST_LOG)
    code = _CODE.search(log)
    found = first_rule(_RULES, f"{code[1]} {reason}" if code else f"- {log}")
    if has_begun and found.meaning.retry:
        return unknown(f"taken in part: {reason}")
    if has_begun:
        # Sent again, what has arrived would arrive twice, and the rest be refused as before.
        return DeliveryResult(DeliveryStatus.SENT, f"taken in part: {reason}")
    if code is None and _MAY_HAVE_ARRIVED.search(log):
        return unknown(reason)
    return failed(found.meaning, reason, found.remedy.format(name=name))


def _reasons(entries: list[tuple[str, str]]) -> Iterator[str]:
    """Yield what Apprise warned of and what the service answered, each once."""
    for number, (level, said) in enumerate(entries):
        is_answer = said.startswith("Response Details:")
        if (level in ("WARNING", "ERROR") or is_answer) and (level, said) not in entries[:number]:
            yield inert(said.removeprefix("Response Details:"), _LONGEST_REASON)


def _without_secrets(text: str, url: str) -> str:
    """Return the text without any part of the URL but the service's name."""
    _, _, rest = url.partition("://")
    parts = set(re.split(r"[/:@?&=#,]+", rest))
    for part in sorted(parts | {unquote(part) for part in parts}, key=len, reverse=True):
        if len(part) >= _SHORTEST_SECRET:
            text = text.replace(part, "…")
    return inert(text, _LONGEST_REASON)
