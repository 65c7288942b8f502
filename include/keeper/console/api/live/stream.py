"""What changes, as a stream of events (SSE)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from keeper.console.api.live.access import proof_of, subscribe
from keeper.console.auth import AnyCaller
from keeper.console.context import ConsoleContext, Context
from keeper.console.live.hub import STALLED_S, Subscription
from keeper.console.problems import NOT_SIGNED_IN, ProblemError, answers

router = APIRouter(prefix="/events", tags=["live"])
_PING_S: Final = 15.0
LONGEST_S: Final = 600
_FARTHEST: Final = 10**18 - 1
"""What Last-Event-ID takes: who is greeted with an id may come again with it."""
_EXAMPLE: Final = 'id: 4711\nevent: product\ndata: {"ids": ["us/B00EXAMPL0"]}\n\n'


class EventStream(StreamingResponse):
    """An answer that is events, as its description says."""

    media_type = "text/event-stream"


class _OwedEvents(EventStream):
    """What a subscription is owed: an answer that goes on, for as long as its reader takes it."""

    def __init__(self, subscription: Subscription, context: ConsoleContext, seconds: int) -> None:
        super().__init__(
            _frames(subscription, context, seconds),
            headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
        )
        self._leave = partial(context.live.leave, subscription)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, as ASGI says."""

        async def send_or_stall(message: Message) -> None:
            await asyncio.wait_for(send(message), STALLED_S)

        # Who has gone before the first frame leaves too: the frames then never begin.
        try:
            with suppress(TimeoutError, ClientDisconnect):
                await super().__call__(scope, receive, send_or_stall)
        finally:
            self._leave()


@router.get(
    "",
    responses=answers(NOT_SIGNED_IN)
    | {
        200: {
            "description": "Events, for as long as the stream lasts.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        }
    },
    response_class=EventStream,
    name="stream",
)
async def stream(
    caller: AnyCaller,
    context: Context,
    request: Request,
    after: Annotated[
        int | None,
        Query(ge=-1, le=2**63 - 1, description="The id after which to go on, as Last-Event-ID."),
    ] = None,
    last_event_id: Annotated[str | None, Header(pattern=r"^-?\d{1,18}$")] = None,
    seconds: Annotated[
        int,
        Query(ge=0, le=LONGEST_S, description="How long at most; 0: what there is since the id."),
    ] = LONGEST_S,
) -> EventStream:
    """Stream what changes of what the caller may see: ids to read again, by kind.

    Kinds: product (of one's own list), watch, alert, deal, each with the token's scope for reading
    it; reset: something may have been missed, read all again; reconnect: the stream has lasted
    long enough. Who comes again with the last id gets what came meanwhile.
    """
    place = after if last_event_id is None else int(last_event_id)
    place = None if place is None else min(place, _FARTHEST)
    proof = proof_of(request, context)
    subscription = await subscribe(proof, context, place) if proof else None
    if subscription is None:
        raise ProblemError(NOT_SIGNED_IN)
    return _OwedEvents(subscription, context, seconds)


async def _frames(
    subscription: Subscription, context: ConsoleContext, seconds: int
) -> AsyncIterator[bytes]:
    ends_at = time.monotonic() + seconds
    yield f"retry: 3000\nid: {subscription.place}\n: ready\n\n".encode("ascii")
    while subscription.is_owed(context.clock()):
        left = ends_at - time.monotonic()
        events = await subscription.next_events(max(min(_PING_S, left), 0))
        if events:
            yield b"".join(event.as_frame() for event in events)
        elif left > 0:
            yield b": ping\n\n"
        else:
            yield b"event: reconnect\ndata: {}\n\n"
            return
