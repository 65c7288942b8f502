"""Puts the simulated API on HTTP: paths, compression, the request log, start and stop."""

import asyncio
import gzip
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from threading import Thread
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from keeper.errors import KeeperError, SettingsError
from keeper.simulator.api.control import add_fault, change_clock, set_tokens, state_of
from keeper.simulator.api.keepa_api import JSON, Answer, KeepaApi
from keeper.simulator.api.posted import MOST_BODY_BYTES, PostedBody
from keeper.simulator.documents import InvalidDocumentError, read_document, write_document
from keeper.simulator.pictures.product import draw_product, is_picture_name

_log = logging.getLogger(__name__)
_LABEL: Final = {"X-Keepa-Simulator": "1"}
# Level 1 takes a fifth of the time of the default and makes replies a tenth larger.
_GZIP_LEVEL: Final = 1
_PIECES: Final = 50
"""In which a trickling body comes."""

Order = Callable[[KeepaApi, Mapping[str, Any]], None]


def build_app(api: KeepaApi) -> Starlette:
    """Return the ASGI application: Keepa's endpoints, its controls under /simulator, and under /img
    the pictures that Amazon has of real products.
    """
    routes = [
        Route("/simulator/health", _health),
        Route("/simulator/state", _state),
        Route("/simulator/clock", _obeying(change_clock), methods=["POST"]),
        Route("/simulator/tokens", _obeying(set_tokens), methods=["POST"]),
        Route("/simulator/faults", _obeying(add_fault), methods=["POST"]),
        Route("/simulator/faults", _obeying(_clear_faults), methods=["DELETE"]),
        Route("/img/{name}", _picture),
        Route("/{endpoint}", _keepa, methods=["GET", "POST"]),
        Route("/{endpoint}/", _keepa, methods=["GET", "POST"]),
    ]
    app = Starlette(routes=routes)
    app.state.api = api
    return app


def listen(host: str, port: int) -> socket.socket:
    """Open the server's socket; port 0 takes a free one.

    Raises:
        SettingsError: The address cannot be had.
    """
    try:
        return socket.create_server((host, port), backlog=256)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another with "
            "--host and --port, or stop what runs there"
        ) from None


def serve(api: KeepaApi, listener: socket.socket) -> None:
    """Answer requests until SIGTERM or SIGINT; requests under way are finished."""
    config = uvicorn.Config(
        build_app(api), access_log=False, log_level="warning", timeout_graceful_shutdown=10
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn raises the signal anew once it has stopped; a signal to stop is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server.run(sockets=[listener])


@contextmanager
def served(api: KeepaApi) -> Iterator[str]:
    """Serve from a thread on a free port of this machine for the block; gives the address."""
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(build_app(api), log_config=None, access_log=False))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


async def _keepa(request: Request) -> Response:
    began = time.perf_counter()
    endpoint = request.path_params["endpoint"]
    query = dict(request.query_params)
    compress = "gzip" in request.headers.get("accept-encoding", "")
    answer, body = await run_in_threadpool(
        _answer, request.app.state.api, endpoint, query, await _posted(request), compress
    )
    if answer.delay_s:
        await _sleep(answer.delay_s)
    # Never the URL: the key is in its query.
    _log.info(
        "%s domain=%s asins=%d -> %d, %d tokens, %d bytes, %d ms",
        endpoint,
        query.get("domain", "-"),
        len(query["asin"].split(",")) if query.get("asin") else 0,
        answer.status,
        answer.cost,
        len(body),
        (time.perf_counter() - began) * 1000,
    )
    headers = {**_LABEL, "Vary": "Accept-Encoding"}
    if compress:
        headers["Content-Encoding"] = "gzip"
    if answer.trickle_s:
        headers["Content-Length"] = str(len(body))
        return StreamingResponse(
            _trickle(body, answer.trickle_s), answer.status, headers, media_type=answer.media_type
        )
    return Response(body, answer.status, headers, media_type=answer.media_type)


async def _posted(request: Request) -> PostedBody | None:
    """Read a POST request's body, of one that is too long no more than shows it."""
    if request.method != "POST":
        return None
    text = b""
    async for piece in request.stream():
        text += piece
        if len(text) > MOST_BODY_BYTES:
            break
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return PostedBody(text, media_type)


def _answer(
    api: KeepaApi,
    endpoint: str,
    query: Mapping[str, str],
    body: PostedBody | None,
    compress: bool,
) -> tuple[Answer, bytes]:
    """Give an answer and its body as it goes over the network."""
    answer = api.answer(endpoint, query, body)
    return answer, gzip.compress(answer.body, _GZIP_LEVEL) if compress else answer.body


async def _trickle(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    starts = range(0, len(body), ceil(len(body) / _PIECES))
    for start in starts:
        await _sleep(seconds / len(starts))
        yield body[start : start + starts.step]


async def _sleep(seconds: float) -> None:
    """Sleep at least so long; uvloop counts in milliseconds, and may be one short."""
    await asyncio.sleep(seconds + 0.001)


async def _picture(request: Request) -> Response:
    name = request.path_params["name"]
    if not is_picture_name(name):
        return _reply({"detail": "no product has such a picture"}, 404)
    picture = await run_in_threadpool(draw_product, name)
    return Response(picture, headers=_LABEL, media_type="image/png")


async def _health(_: Request) -> Response:
    return _reply({"status": "ok", "simulated": True})


async def _state(request: Request) -> Response:
    return _reply(state_of(request.app.state.api))


def _obeying(order: Order) -> Callable[[Request], Any]:
    async def obey(request: Request) -> Response:
        api: KeepaApi = request.app.state.api
        body = await request.body()
        try:
            fields = read_document(body) if body else {}
        except InvalidDocumentError:
            fields = None
        if not isinstance(fields, dict):
            return _reply({"detail": "the order must be a JSON object"}, 400)
        try:
            order(api, fields)
        except KeeperError as error:
            return _reply({"detail": str(error)}, 400)
        return _reply(state_of(api))

    return obey


def _clear_faults(api: KeepaApi, _: Mapping[str, Any]) -> None:
    api.faults.clear()


def _reply(document: dict[str, Any], status: int = 200) -> Response:
    return Response(write_document(document), status, _LABEL, media_type=JSON)
