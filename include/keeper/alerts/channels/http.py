"""What the chat channels share: a request, and what its answer means for a delivery."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus

# It would log every address with the token in it.
logging.getLogger("httpx").setLevel(logging.WARNING)
_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider said.

    Attributes:
        code: HTTP status.
        body: Its JSON, empty if it is none.
    """

    code: int
    body: Mapping[str, Any]

    @property
    def is_ok(self) -> bool:
        """Whether the provider has taken the message."""
        return 200 <= self.code < 300


def post(
    url: str,
    *,
    fields: Mapping[str, str],
    files: Mapping[str, bytes] | None = None,
    query: Mapping[str, str] | None = None,
    timeout_s: float = _TIMEOUT_S,
) -> Answer | DeliveryResult:
    """Send a form and return the answer, or the failed delivery if there is none.

    Args:
        url: Where to; it may hold a secret, which no result contains.
        fields: The form's fields.
        files: Pictures by the form's name for them.
        query: What to add to the URL's own query.
        timeout_s: How long to wait for each step.
    """
    pictures = {
        name: (f"{name}.png", content, "image/png") for name, content in (files or {}).items()
    }
    try:
        address = httpx.URL(url).copy_merge_params(dict(query or {}))
        reply = httpx.post(address, data=dict(fields), files=pictures or None, timeout=timeout_s)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Its text may quote the address.
        return DeliveryResult(
            DeliveryStatus.FAILED, type(error).__name__, retry=True, unreachable=True
        )
    try:
        body = reply.json()
    except ValueError:
        body = {}
    return Answer(reply.status_code, body if isinstance(body, dict) else {})


def refused(answer: Answer, says: str, *, retry_after_s: float | None = None) -> DeliveryResult:
    """Return the failed delivery an answer stands for.

    429 means to come back after the time it names; 5xx that the provider is unwell; anything else
    that this message will never be taken.

    Args:
        answer: What the provider said.
        says: Its own words.
        retry_after_s: How long it asks to be left alone.
    """
    detail = f"{answer.code} {says}".strip()
    if answer.code == httpx.codes.TOO_MANY_REQUESTS:
        return DeliveryResult(
            DeliveryStatus.FAILED, detail, retry=True, retry_after_s=retry_after_s or 1.0
        )
    if answer.code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return DeliveryResult(DeliveryStatus.FAILED, detail, retry=True, unreachable=True)
    return DeliveryResult(DeliveryStatus.FAILED, detail)
