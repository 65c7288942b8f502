"""Endpoints whose answers are kept: they show a product, to everybody who may ask the same."""

from collections.abc import Callable, Coroutine
from hashlib import sha256
from typing import Any, Final, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute

from keeper.console.cache.memory import Kept
from keeper.console.cache.reads import ReadCache, subject_of
from keeper.console.context import ConsoleContext
from keeper.console.serving.proxies import proxied_user
from keeper.console.tags import is_known

_F = TypeVar("_F", bound=Callable[..., object])
_MARK: Final = "__keeper_shows_product__"
_HEADERS: Final = {"Cache-Control": "private, no-cache"}
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def shows_product(endpoint: _F) -> _F:
    """Mark an endpoint that shows the product its address names as `asin`, and nobody's own.

    Its answer depends on its address and on what is stored of the product alone: what depends on
    who asks must not have this mark (tests/architecture/test_cached_endpoints.py).
    """
    setattr(endpoint, _MARK, True)
    return endpoint


class CachedRoute(APIRoute):
    """Keeps the answers of endpoints that `shows_product` marks; others are as they are."""

    def get_route_handler(self) -> Handler:
        """Return what answers a request."""
        handle = super().get_route_handler()
        if not getattr(self.endpoint, _MARK, False):
            return handle
        name = self.unique_id

        async def answer(request: Request) -> Response:
            context: ConsoleContext = request.app.state.console
            cache = context.cache
            return await (
                handle(request) if cache is None else _answer(cache, request, name, handle)
            )

        return answer


async def _answer(cache: ReadCache, request: Request, endpoint: str, handle: Handler) -> Response:
    key = f"{request.url.path}?{request.url.query}"
    subjects = (subject_of(request.path_params["asin"]),)
    credentials = _credentials_of(request)
    examined_from = cache.admissions.mark()

    async def read() -> Kept | Response:
        asked = _without_condition(request)
        answered = await handle(asked)
        body = getattr(answered, "body", None)
        if answered.status_code != 200 or not isinstance(body, bytes):
            return answered
        expires_at = getattr(asked.state, "credentials_expire_at", None)
        if expires_at is not None and cache.trust:
            cache.admissions.add(credentials, endpoint, expires_at=expires_at, mark=examined_from)
        return Kept(body, answered.headers.get("etag"), answered.headers.get("content-type", ""))

    if cache.trust and cache.admissions.holds(credentials, endpoint):
        found = await cache.find(key, subjects, read)
    else:
        # Whether they may ask is for the endpoint to say, which then answers itself.
        found = await read()
        if isinstance(found, Kept):
            await cache.overtake(key, subjects, found)
    return _response(found, request) if isinstance(found, Kept) else found


def _credentials_of(request: Request) -> bytes:
    """Return a digest of all by which a request is admitted."""
    said = (
        request.headers.get("authorization", ""),
        proxied_user(request) or "",
        request.headers.get("cookie", ""),
        request.headers.get("host", ""),
        request.url.scheme,
    )
    return sha256("\0".join(said).encode()).digest()


def _without_condition(request: Request) -> Request:
    """Return the request as if its sender had no answer yet, so that there is one to keep."""
    headers = [one for one in request.scope["headers"] if one[0] != b"if-none-match"]
    return Request({**request.scope, "headers": headers}, request.receive)


def _response(kept: Kept, request: Request) -> Response:
    headers = dict(_HEADERS)
    if kept.etag is not None:
        headers["ETag"] = kept.etag
        if is_known(request, kept.etag):
            return Response(status_code=304, headers=headers)
    return Response(kept.body, headers=headers, media_type=kept.media_type)
