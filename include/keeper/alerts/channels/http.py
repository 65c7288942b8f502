"""What the chat channels share: a request, and what its answer means for a delivery."""

import asyncio
import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from keeper.alerts.channels.refusals import GONE, IS_AWAY, LATER, Rule, failed, unknown
from keeper.clock import utc_now
from keeper.domain.messages.queue import DeliveryResult

# It would log every address with the token in it.
logging.getLogger("httpx").setLevel(logging.WARNING)
TIMEOUT_S: Final = 60.0
_CONNECT_S: Final = 10.0
_MOST_BYTES: Final = 1_000_000
_LONGEST_PAUSE_S: Final = timedelta(days=1).total_seconds()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider said.

    Attributes:
        code: HTTP status.
        body: Its JSON, empty if it is none.
        headers: By name, in any case.
    """

    code: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=httpx.Headers)

    @property
    def is_ok(self) -> bool:
        """Whether the provider has taken the message."""
        return 200 <= self.code < 300

    def pause_s(self, *of_body: object) -> float | None:
        """Return how long the provider asks to be left alone, at most a day; None if it does not.

        The longer counts of what the header Retry-After says (RFC 9110: seconds, or a date) and
        what the body does.

        Args:
            of_body: Values of the body that are seconds; whatever is no such number is ignored.
        """
        asked = [*map(_seconds, of_body), _retry_after(self.headers)]
        return max((pause for pause in asked if pause is not None), default=None)


@dataclass(frozen=True, slots=True)
class File:
    """A picture to send: the form's name for it, what it is called, and its bytes, a PNG."""

    field: str
    name: str
    content: bytes


class NoAnswerError(Exception):
    """No answer came; the text is what kind of failure it was, without the address."""

    def __init__(self, problem: str, *, was_sent: bool, is_address: bool = False) -> None:
        """Keep what is known.

        Args:
            problem: What went wrong.
            was_sent: The whole request had been sent.
            is_address: The address is none that can be asked.
        """
        super().__init__(problem)
        self.was_sent = was_sent
        self.is_address = is_address


def ask(method: str, url: str, *, timeout_s: float = TIMEOUT_S, **request: Any) -> Answer:
    """Send a request and return the answer.

    Args:
        method: GET or POST.
        url: Where to; it may hold a secret, which no result contains.
        timeout_s: For all of it: a provider that sends a byte now and then gains nothing.
        request: What httpx takes as such: `params`, `json`, `data`, `files`.

    Raises:
        NoAnswerError: There is none.
    """
    return asyncio.run(_exchange(method, url, timeout_s, request))


def post(
    url: str,
    *,
    body: Mapping[str, Any] | None = None,
    fields: Mapping[str, str] | None = None,
    files: Sequence[File] = (),
    query: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Answer | DeliveryResult:
    """Post a message and return the answer, or how the delivery ended if there is none.

    Args:
        url: Where to; it may hold a secret, which no result contains.
        body: What to send as JSON; or
        fields: a form's fields, and
        files: its pictures.
        query: What to add to the URL's own query.
        timeout_s: For all of it.
    """
    request: dict[str, Any] = {}
    if body is not None:
        request["json"] = body
    if fields is not None:
        request["data"] = dict(fields)
    if files:
        request["files"] = {one.field: (one.name, one.content, "image/png") for one in files}
    if query:
        request["params"] = query
    try:
        return ask("POST", url, timeout_s=timeout_s, **request)
    except NoAnswerError as error:
        if error.is_address:
            return failed(GONE, str(error), "check its address in the settings")
        if error.was_sent:
            return unknown(f"{error}, after the message was sent")
        return failed(IS_AWAY, str(error))


def refused(
    answer: Answer, says: str, found: Rule, remedy: str = "", *, pause_s: object = None
) -> DeliveryResult:
    """Return the failed delivery an answer stands for.

    429 means to come back after the time it names; 5xx, 408 and a redirection that the provider is
    unwell or something stands before it; of anything else a table of the provider's decides.

    Args:
        answer: What the provider said.
        says: Its own words, without secrets.
        found: What the table says.
        remedy: What helps.
        pause_s: For how long its body asks to be left alone, if it does.
    """
    detail = f"{answer.code} {says}".strip()
    pause = answer.pause_s(pause_s)
    if answer.code == httpx.codes.TOO_MANY_REQUESTS:
        return failed(LATER, detail, retry_after_s=pause or 1.0)
    is_unwell = answer.code < 400 or answer.code >= 500
    if is_unwell or answer.code == httpx.codes.REQUEST_TIMEOUT:
        return failed(IS_AWAY, detail, retry_after_s=pause)
    return failed(found.meaning, detail, remedy, retry_after_s=pause)


async def _exchange(method: str, url: str, timeout_s: float, request: dict[str, Any]) -> Answer:
    sent = is_own = False

    async def trace(event: str, info: Mapping[str, Any]) -> None:
        nonlocal sent, is_own
        if event.endswith("send_request_body.started"):
            # A proxy is sent a request of its own first.
            is_own = info["request"].method != b"CONNECT"
        elif event.endswith("send_request_body.complete"):
            sent = is_own

    params = request.pop("params", {})
    limits = httpx.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S))
    answer: Answer | None = None
    try:
        address = httpx.URL(url).copy_merge_params(dict(params))
        async with (
            asyncio.timeout(timeout_s),
            httpx.AsyncClient(timeout=limits) as client,
            client.stream(method, address, extensions={"trace": trace}, **request) as reply,
        ):
            answer = Answer(reply.status_code, {}, reply.headers)
            return Answer(reply.status_code, await _json_of(reply), reply.headers)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise NoAnswerError(type(error).__name__, was_sent=False, is_address=True) from None
    except (httpx.HTTPError, TimeoutError) as error:
        if answer is not None and not answer.is_ok:
            # What it refused is known, whatever it would have said about it.
            return answer
        # Its text may quote the address.
        is_late = isinstance(error, TimeoutError)
        problem = f"no answer within {timeout_s:g} s" if is_late else type(error).__name__
        raise NoAnswerError(problem, was_sent=sent) from None


async def _json_of(reply: httpx.Response) -> Mapping[str, Any]:
    content = b""
    async for piece in reply.aiter_bytes():
        content += piece
        if len(content) > _MOST_BYTES:
            return {}
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after", "")
    if (seconds := _seconds(text)) is not None:
        return seconds
    try:
        until = parsedate_to_datetime(text)
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else utc_now()
        return _seconds((until - now).total_seconds())
    except (TypeError, ValueError):
        # A date without a zone, or none at all.
        return None


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return min(seconds, _LONGEST_PAUSE_S) if math.isfinite(seconds) and seconds > 0 else None
