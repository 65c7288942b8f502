"""Who watches live: examined at the beginning, and again whenever that may have changed."""

from functools import partial
from typing import Final

from starlette.requests import HTTPConnection, Request

from keeper.console.context import ConsoleContext
from keeper.console.live.hub import Subscription
from keeper.console.serving.proxies import proxied_user
from keeper.console.site import is_own_site, session_cookie
from keeper.pipeline.watches.live import Proof, ProofKind, Viewer, viewer_of

_LOOKS: Final = 3
_SCHEMES: Final = {"ws": "http", "wss": "https"}


def proof_of(connection: HTTPConnection, context: ConsoleContext) -> Proof | None:
    """Return the proof that a request or a handshake brings; a bad token is none.

    A token counts before the proxy and the proxy before a cookie, as in keeper.console.auth. A
    handshake counts as what changes something: browsers let any page begin one, with the cookies
    of console and proxy, and say where it comes from.
    """
    header = connection.headers.get("authorization")
    if header is not None:
        kind, _, text = header.partition(" ")
        return Proof(ProofKind.TOKEN, text.strip()) if kind.lower() == "bearer" else None
    request = _as_request(connection)
    proof = _signed_in(request, context)
    if connection.scope["type"] == "websocket" and not is_own_site(request, context):
        return None
    return proof


def _signed_in(request: Request, context: ConsoleContext) -> Proof | None:
    user = proxied_user(request)
    if user is not None:
        return Proof(ProofKind.ADDRESS, user)
    cookie = session_cookie(request, context)
    secret = request.cookies.get(cookie.name) if cookie else None
    return Proof(ProofKind.SESSION, secret) if secret else None


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
    look = partial(_viewer, proof, context)
    looks = 0
    while True:
        since = context.live.mark
        viewer = await look()
        looks += 1
        if viewer is None:
            return None
        # After some looks the hub goes on: it sends nothing by what was found before a change.
        if looks == _LOOKS or not context.live.is_altered(viewer, since):
            return context.live.subscribe(viewer, look, after, since)
