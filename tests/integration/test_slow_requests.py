"""Who sends a request slowly, or without end, keeps nothing of the console busy."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
import uvicorn
from fastapi import FastAPI, Request

from keeper.console.application import MOST_BODY_BYTES
from keeper.console.edge import BodyLimit
from keeper.console.serving.server import MOST_HEADER_BYTES, GuardedProtocol
from tests.services import free_port
from tests.waiting import HUNG_AFTER_S, wait_until

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


class Hasty(GuardedProtocol):
    """One that has as little time as a test."""

    headers_s = 0.2
    body_s = 0.2


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server that answers with how much it was sent."""
    app = FastAPI()
    app.add_middleware(BodyLimit, most=MOST_BODY_BYTES)

    @app.get("/")
    async def nothing() -> int:
        return 0

    @app.post("/")
    async def count(request: Request) -> int:
        return len(await request.body())

    port = free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, http=Hasty, log_config=None, timeout_keep_alive=30
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, "it serves")
        yield port
    finally:
        server.should_exit = True
        thread.join()


def connection(port: int) -> closing[socket.socket]:
    return closing(socket.create_connection(("127.0.0.1", port), timeout=HUNG_AFTER_S))


def rest_of(client: socket.socket) -> bytes:
    """Return all that the server sends until it closes the connection."""
    received = b""
    with suppress(ConnectionResetError):
        while more := client.recv(65_536):
            received += more
    return received


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HT",
        HEAD,
        HEAD + b"X-Slow: a",
        HEAD + b"Content-Length: 100\r\n\r\n",
        HEAD + b"Content-Length: 100\r\n\r\n" + b"x" * 99,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
def test_a_request_that_does_not_end_is_ended(port: int, sent: bytes) -> None:
    with connection(port) as client:
        client.sendall(sent)
        assert rest_of(client).startswith(b"HTTP/1.1 408 ")


def test_a_connection_without_a_request_is_closed(port: int) -> None:
    with connection(port) as client:
        assert rest_of(client) == b""


def test_dripping_bytes_buy_no_time(port: int) -> None:
    with connection(port) as client:
        client.sendall(HEAD)
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.02):
                try:
                    client.sendall(b"X: y\r\n")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        answered = rest_of(client)
        stop.set()
        thread.join()
    assert answered.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "endless",
    [
        b"X-Long: " + b"y" * MOST_HEADER_BYTES,
        b"x: y\r\n" * (MOST_HEADER_BYTES // 5),
        b"x: y\r\n" * (MOST_HEADER_BYTES // 2) + b"\r\n",
    ],
    ids=["one long header", "many", "many that end"],
)
def test_endless_headers_are_refused(port: int, endless: bytes) -> None:
    with connection(port) as client:
        with suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(HEAD + endless)
        assert rest_of(client)[:13] in (b"HTTP/1.1 431 ", b"")
    with connection(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert rest_of(client).startswith(b"HTTP/1.1 200 ")


def test_a_connection_serves_one_request_after_another(port: int) -> None:
    asked = HEAD + b"Content-Length: 5\r\n\r\nhello"
    with connection(port) as client:
        for _ in range(3):
            client.sendall(asked)
            assert client.recv(65_536).endswith(b"\r\n\r\n5")
        # Two at once, in one piece.
        client.sendall(asked + HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\nhi")
        assert rest_of(client).count(b"HTTP/1.1 200 ") == 2


def test_ten_million_bytes_are_refused(port: int) -> None:
    with connection(port) as client:
        client.sendall(HEAD + b"Content-Length: 10000000\r\n\r\n")
        assert client.recv(65_536).startswith(b"HTTP/1.1 413 ")
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with connection(port) as client:
        client.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        with suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(160):
                client.sendall(chunk)
        assert rest_of(client)[:13] in (b"HTTP/1.1 413 ", b"")
