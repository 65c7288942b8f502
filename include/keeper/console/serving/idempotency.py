"""The header Idempotency-Key of requests that post: who repeats one gets the first one's answer.

The key is claimed when it is known who asks, and may (keeper.console.auth); what was answered is
kept before it is sent. Secrets are never kept: what only a session may do takes no key, nor do
tickets.

What takes too long is answered with 503, and goes on: its key stays claimed until it has ended, and
who repeats the request gets the answer it has had then.
"""

import asyncio
import logging
import re
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keeper.console.context import ConsoleContext
from keeper.console.database import FIRST_PAUSE, when_late
from keeper.console.problems import (
    INVALID,
    KEY_REUSED,
    STILL_RUNNING,
    UNAVAILABLE,
    ProblemError,
    answers,
    response,
)
from keeper.domain.users.access import Identity
from keeper.errors import KeeperError
from keeper.pipeline.users.idempotency import (
    KeptAnswer,
    KeyClaim,
    KeyReusedError,
    StillRunningError,
    free_key,
    keep_answer,
    new_claim,
    use_key,
)

_LOG: Final = logging.getLogger(__name__)
HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
_PATTERN: Final = "^[!-~]{1,200}$"
_KEY: Final = re.compile(_PATTERN)
_UNKEPT: Final = frozenset({"live-make-ticket"})
"""Operations that take no key, for their answer is a secret."""
_CLAIM: Final = "idempotency_claim"
_WHEN_LATE: Final = "idempotency_when_late"
_KEPT_HEADERS: Final = ("content-type", "content-disposition", "etag", "location")


class _KeptAnswerError(Exception):
    """Ends a request with the answer that an earlier one got."""

    def __init__(self, answer: KeptAnswer) -> None:
        super().__init__("answered before")
        self.answer = answer


async def claim_key(request: Request, context: ConsoleContext, identity: Identity) -> None:
    """Claim the key of a request that posts, if it has one.

    Raises:
        ProblemError: It is no key, or came with another request, or the first is not answered yet.
        DatabaseUnavailableError: PostgreSQL does not answer.
    """
    key = request.headers.get(HEADER)
    if request.method != "POST" or key is None:
        return
    if getattr(request.scope.get("route"), "unique_id", None) in _UNKEPT:
        return
    if not _KEY.fullmatch(key):
        raise ProblemError(INVALID, f"{HEADER} has 1 to 200 visible characters")
    digest = sha256()
    # Who is no operator any more gets no answer they got as one.
    for part in (identity.account.role.value, request.url.path, request.url.query):
        digest.update(part.encode() + b"\0")
    digest.update(await request.body())
    claim = new_claim(identity.account.user_id, key, digest.digest())
    try:
        kept = await context.database.run(partial(use_key, claim=claim, at=context.clock()))
    except KeyReusedError as error:
        raise ProblemError(KEY_REUSED, str(error)) from None
    except StillRunningError as error:
        raise ProblemError(STILL_RUNNING, str(error), headers={"Retry-After": "1"}) from None
    if kept is not None:
        raise _KeptAnswerError(kept)
    setattr(request.state, _CLAIM, claim)
    when_late.set(getattr(request.state, _WHEN_LATE))


@dataclass(slots=True)
class _Sender:
    """Sends a request's answer, unless another was sent instead.

    Attributes:
        send: As ASGI says.
        has_begun: Whether something was sent.
        is_shut: Whether nothing is sent any more.
    """

    send: Send
    has_begun: bool = False
    is_shut: bool = False

    async def __call__(self, message: Message) -> None:
        if not self.is_shut:
            self.has_begun = True
            await self.send(message)


class KeptAnswers:
    """Keeps an application's answers to requests that have claimed a key."""

    def __init__(self, app: ASGIApp, context: ConsoleContext) -> None:
        """Wrap an application."""
        self._app = app
        self._context = context
        self._left: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI says."""
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        if not is_post or HEADER not in Headers(scope=scope):
            await self._app(scope, receive, send)
            return
        late, sender = asyncio.Event(), _Sender(send)
        scope.setdefault("state", {})[_WHEN_LATE] = late.set
        answering = asyncio.create_task(self._answer(scope, receive, sender))
        waiting = asyncio.create_task(late.wait())
        try:
            await asyncio.wait([answering, waiting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            if not answering.done():
                # Nobody waits any longer, but what it does is being done.
                self._left.add(answering)
                answering.add_done_callback(self._forget)
        if answering.done() or sender.has_begun:
            await answering
            return
        sender.is_shut = True
        seconds = f"{FIRST_PAUSE.total_seconds():.0f}"
        sorry = response(UNAVAILABLE, headers={"Retry-After": seconds}, part="postgres")
        await sorry(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The request's state is the scope's: the claim shows up in it.
        state = scope["state"]
        held: list[Message] = []

        async def hold(message: Message) -> None:
            if _CLAIM not in state:
                await send(message)
                return
            held.append(message)
            if message.get("more_body") or message["type"] == "http.response.start":
                return
            await self._end(state.pop(_CLAIM), held)
            for one in held:
                await send(one)

        try:
            await self._app(scope, receive, hold)
        except asyncio.CancelledError:
            # A thread may still do it: the claim lasts until it counts as abandoned.
            state.pop(_CLAIM, None)
            raise
        finally:
            # It raised, and what answers for it stands further out.
            if _CLAIM in state:
                await self._run(partial(free_key, claim=state.pop(_CLAIM)))

    def _forget(self, answering: asyncio.Task[None]) -> None:
        self._left.discard(answering)
        if not answering.cancelled() and (error := answering.exception()):
            _LOG.error("a request that took too long has failed", exc_info=error)

    async def _end(self, claim: KeyClaim, held: list[Message]) -> None:
        start, *bodies = held
        if start["status"] >= 400:
            await self._run(partial(free_key, claim=claim))
            return
        headers = Headers(raw=start["headers"])
        kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
        body = b"".join(message.get("body", b"") for message in bodies)
        answer = KeptAnswer(start["status"], kept, body)
        await self._run(partial(keep_answer, claim=claim, answer=answer))

    async def _run(self, work: Any) -> None:
        # Who asks gets the answer, kept or not.
        when_late.set(None)
        try:
            await self._context.database.run(work)
        except KeeperError as error:
            # What was asked for is done; who repeats it minutes later has it done again.
            _LOG.warning("an answer is not kept for its Idempotency-Key: %s", error)


def install(app: FastAPI) -> None:
    """Let an application answer with what it has kept."""

    @app.exception_handler(_KeptAnswerError)
    async def on_kept(request: Request, error: _KeptAnswerError) -> Response:
        kept = error.answer
        return Response(kept.body, kept.status, headers={**kept.headers, REPLAYED: "true"})


def describe(document: dict[str, Any]) -> None:
    """Add the header to the description of every operation that takes it."""
    for methods in document["paths"].values():
        operation = methods.get("post")
        if operation is None or not _takes_key(operation):
            continue
        operation.setdefault("parameters", []).append(
            {
                "name": HEADER,
                "in": "header",
                "required": False,
                "description": "Chosen by who asks, new for each thing to do: repeated within a "
                "day, the request does nothing and gets the first one's answer.",
                "schema": {"type": "string", "pattern": _PATTERN},
            }
        )
        for status, answer in answers(STILL_RUNNING, KEY_REUSED).items():
            known = operation["responses"].setdefault(str(status), answer)
            if known is not answer and answer["description"] not in known["description"]:
                known["description"] += f"; {answer['description']}"


def _takes_key(operation: dict[str, Any]) -> bool:
    if operation["operationId"] in _UNKEPT:
        return False
    return any("token" in one for one in operation.get("security", []))
