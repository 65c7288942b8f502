"""What changes, by a WebSocket: for programs, and for pages that have one already.

Who can send no header with a handshake, as browsers on other pages, asks for a ticket before.
"""

import asyncio
import json
from contextlib import suppress
from functools import partial
from typing import Final

from fastapi import APIRouter, Response, WebSocket, WebSocketDisconnect, status
from pydantic import Field

from keeper.console.api.live.access import proof_of, subscribe
from keeper.console.api.shapes import Moment, Reply
from keeper.console.auth import AnyCaller
from keeper.console.context import ConsoleContext, Context
from keeper.console.live.hub import STALLED_S, Subscription
from keeper.console.problems import NOT_SIGNED_IN as NOBODY
from keeper.console.problems import OTHER_SITE, answers
from keeper.errors import KeeperError
from keeper.pipeline.watches.live import Proof, ProofKind, make_ticket, proof_of_ticket

router = APIRouter()
_FIRST_MESSAGE_S: Final = 10.0
_PING_S: Final = 15.0
_PING: Final = '{"event": "ping", "id": null, "ids": null}'
NOT_SIGNED_IN: Final = 4401
UNCLEAR: Final = 4400
SLOW_OR_ENDED: Final = 4408
UNAVAILABLE: Final = 1013


class TicketReply(Reply):
    """A ticket for the WebSocket at /api/v1/feed."""

    ticket: str = Field(description="Shown this once, good once: /api/v1/feed?ticket=…")
    expires_at: Moment


@router.post(
    "/feed/tickets",
    tags=["live"],
    status_code=status.HTTP_201_CREATED,
    responses=answers(NOBODY, OTHER_SITE),
    name="make-ticket",
)
async def make_feed_ticket(caller: AnyCaller, context: Context, response: Response) -> TicketReply:
    """Make a ticket for the WebSocket, for who can send no header there; a token needs no scope.

    It opens what the session or token may see that made it, and ends with it.
    """
    work = partial(make_ticket, identity=caller, at=context.clock())
    made = await context.database.run(work)
    response.headers["Cache-Control"] = "no-store"
    return TicketReply(ticket=made.text, expires_at=made.expires_at)


@router.websocket("/feed", name="live-feed")
async def feed(socket: WebSocket) -> None:
    """Send what changes of what the caller may see, as `{"event": …, "id": …, "ids": […]}`.

    The token comes in the handshake's header, or a ticket as `ticket` in the address, with the
    place to go on after as `after`; or both in a first message `{"token": "keeper_pat_…", "after":
    4711}`.
    """
    context: ConsoleContext = socket.app.state.console
    await socket.accept()
    try:
        proof, after = await _introduction(socket, context)
        subscription = await subscribe(proof, context, after) if proof else None
    except (ValueError, TimeoutError):
        await socket.close(UNCLEAR, "the first message is {token, after}, within ten seconds")
        return
    except WebSocketDisconnect:
        return
    except KeeperError:
        await socket.close(UNAVAILABLE, "PostgreSQL does not answer")
        return
    if subscription is None:
        await socket.close(NOT_SIGNED_IN, "no token or session that is worth anything")
        return
    try:
        await _serve(socket, subscription, context)
    finally:
        context.live.leave(subscription)


async def _introduction(
    socket: WebSocket, context: ConsoleContext
) -> tuple[Proof | None, int | None]:
    """Return by what the caller proves who they are, and after which place to go on.

    Raises:
        ValueError, TimeoutError: They have not said so.
    """
    after = socket.query_params.get("after")
    ticket = socket.query_params.get("ticket")
    if ticket is not None and "authorization" not in socket.headers:
        # It was made for whoever has it: where the page is from, and who else has signed in, says
        # nothing more.
        find = partial(proof_of_ticket, text=ticket, at=context.clock())
        place = None if after is None else int(after)
        return await context.database.run(find), place
    if (proof := proof_of(socket, context)) is not None:
        return proof, None if after is None else int(after)
    text = await asyncio.wait_for(socket.receive_text(), _FIRST_MESSAGE_S)
    said = json.loads(text)
    if not isinstance(said, dict):
        raise ValueError("no object")
    token, place = said.get("token"), said.get("after")
    if not isinstance(token, str) or not isinstance(place, int | None):
        raise ValueError("not of these types")
    return Proof(ProofKind.TOKEN, token), place


async def _serve(socket: WebSocket, subscription: Subscription, context: ConsoleContext) -> None:
    ready = {"event": "ready", "id": subscription.place, "ids": None}
    reading = asyncio.create_task(_read_until_closed(socket, subscription))
    try:
        await socket.send_text(json.dumps(ready))
        while subscription.is_owed(context.clock()):
            events = await subscription.next_events(_PING_S)
            texts = [event.as_json() for event in events] or [_PING]
            for text in texts:
                await asyncio.wait_for(socket.send_text(text), STALLED_S)
        await socket.close(SLOW_OR_ENDED, "too slow, or not admitted any more: come again")
    except (WebSocketDisconnect, RuntimeError, TimeoutError):
        # Gone, or stalled for so long that it counts as gone.
        pass
    finally:
        reading.cancel()


async def _read_until_closed(socket: WebSocket, subscription: Subscription) -> None:
    """Take what the client sends, which means nothing, and end when it has gone."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await socket.receive()
            if socket.client_state.name == "DISCONNECTED":
                break
    subscription.end()
