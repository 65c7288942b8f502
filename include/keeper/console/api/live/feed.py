"""What changes, by a WebSocket: for programs, and for pages that have one already."""

import asyncio
import json
from contextlib import suppress
from typing import Final

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from keeper.console.api.live.access import proof_of, subscribe
from keeper.console.context import ConsoleContext
from keeper.console.live.hub import STALLED_S, Subscription
from keeper.errors import KeeperError
from keeper.pipeline.watches.live import Proof, ProofKind

router = APIRouter()
_FIRST_MESSAGE_S: Final = 10.0
_PING_S: Final = 15.0
_PING: Final = '{"event": "ping", "id": null, "ids": null}'
NOT_SIGNED_IN: Final = 4401
UNCLEAR: Final = 4400
SLOW_OR_ENDED: Final = 4408
UNAVAILABLE: Final = 1013


@router.websocket("/feed", name="live-feed")
async def feed(socket: WebSocket) -> None:
    """Send what changes of what the caller may see, as `{"event": …, "id": …, "ids": […]}`.

    The token comes in the handshake's header, with the place to go on after as `after` in the
    address, or both in a first message `{"token": "keeper_pat_…", "after": 4711}`.
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
    if (proof := proof_of(socket, context)) is not None:
        after = socket.query_params.get("after")
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
