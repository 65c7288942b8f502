"""Who watches live: examined at the beginning, and again whenever that may have changed."""

from functools import partial
from typing import Final

from starlette.requests import HTTPConnection, Request

from keeper.console.context import ConsoleContext
from keeper.console.live.hub import Subscription
from keeper.console.site import is_own_site, session_cookie
from keeper.errors import KeeperError
from keeper.pipeline.watches.live import Proof, Viewer, viewer_of

_SCHEMES: Final = {"ws": "http", "wss": "https"}


def proof_of(connection: HTTPConnection, context: ConsoleContext) -> Proof | None:
    """Return the proof that a request or a handshake brings; a bad token is none.

    A handshake counts as what changes something: browsers let any page begin one, with the cookie,
    and say where it comes from.
    """
    header = connection.headers.get("authorization")
    if header is not None:
        kind, _, text = header.partition(" ")
        return Proof(text.strip(), is_token=True) if kind.lower() == "bearer" else None
    request = _as_request(connection)
    cookie = session_cookie(request, context)
    secret = request.cookies.get(cookie.name) if cookie else None
    if not secret:
        return None
    if connection.scope["type"] == "websocket" and not is_own_site(request, context):
        return None
    return Proof(secret, is_token=False)


def _as_request(connection: HTTPConnection) -> Request:
    scheme = connection.scope.get("scheme", "http")
    http = {"type": "http", "method": "GET", "scheme": _SCHEMES.get(scheme, scheme)}
    return Request({**connection.scope, **http})


async def _viewer(proof: Proof, context: ConsoleContext) -> Viewer | None:
    find = partial(viewer_of, proof=proof, at=context.clock(), operators=context.operators)
    return await context.database.run(find)


async def subscribe(
    proof: Proof, context: ConsoleContext, after: int | None
) -> Subscription | None:
    """Return a subscription to what somebody may see; None if the proof is worth nothing.

    Raises:
        KeeperError: The database does not answer.
    """

    async def look() -> Viewer | None:
        try:
            return await _viewer(proof, context)
        except KeeperError:
            # Whether they may still see anything cannot be said.
            return None

    while True:
        position = context.live.position
        viewer = await _viewer(proof, context)
        if viewer is None:
            return None
        # What was found may be of before a change meanwhile.
        if position == context.live.position:
            return context.live.subscribe(viewer, look, after)
