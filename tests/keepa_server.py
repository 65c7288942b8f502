"""A server that answers as Keepa does, or as badly as a test wants it."""

import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from keeper.domain.locales import locale_of
from keeper.sources.keepa.client import KeepaClient
from keeper.sources.keepa.config import KeepaConfig

KEY = "k3y/with+signs=and64characters"
US = locale_of("us")
NOW = datetime(2025, 4, 30, 8, tzinfo=UTC)
ENVELOPE: dict[str, Any] = {
    "timestamp": 1_746_000_000_000,
    "tokensLeft": 1000,
    "refillIn": 20_000,
    "refillRate": 20,
    "tokenFlowReduction": 0.0,
    "tokensConsumed": 0,
    "processingTimeInMs": 3,
}
BAD_KEY = ENVELOPE | {
    "tokensLeft": 0,
    "refillIn": 0,
    "refillRate": 0,
    "error": {
        "type": "invalidParameter",
        "message": "You used an invalid parameter for this API call.",
        "details": "",
    },
}
BAD_DEAL = ENVELOPE | {
    "error": {
        "type": "invalidParameter",
        "message": "The queryJSON is of invalid format.",
        "details": "priceTypes",
    }
}

Answer = Callable[["Handler"], None]


class Server(ThreadingHTTPServer):
    """Answers requests with the next of `answers`, or as Keepa does when there is none."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Answer] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.headers: list[dict[str, str]] = []
        self.posted: list[object] = []
        self.connections = 0
        self.hang_up = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def asked(self) -> list[list[str]]:
        return [query["asin"].split(",") for _, query in self.requests if "asin" in query]

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.query = query
        self.server.requests.append((url.path, query))
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        answer = self.server.answers.pop(0) if self.server.answers else products()
        answer(self)

    def do_POST(self) -> None:
        self.posted = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(json.loads(self.posted))
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


def reply_to(query: dict[str, str], unknown: tuple[str, ...]) -> bytes:
    asins = [asin for asin in query.get("asin", "").split(",") if asin and asin not in unknown]
    fields = ENVELOPE | {"tokensConsumed": len(asins)}
    if asins:
        fields["products"] = [
            {"asin": asin, "domainId": int(query["domain"]), "csv": [[10, 1999]]} for asin in asins
        ]
    return json.dumps(fields).encode()


def products(*unknown: str) -> Answer:
    def answer(handler: Handler) -> None:
        body = gzip.compress(reply_to(handler.query, unknown))
        handler.reply(200, body, Content_Encoding="gzip")

    return answer


def answering(status: int, fields: object, **headers: str) -> Answer:
    body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return lambda handler: handler.reply(status, body, **headers)


def cut(handler: Handler) -> None:
    """Promise more bytes than come."""
    body = reply_to(handler.query, ())
    handler.reply(200, body[:-20], Content_Length=str(len(body)))
    handler.close_connection = True


def cut_gzip(handler: Handler) -> None:
    """End a compressed reply early without saying its length."""
    body = gzip.compress(reply_to(handler.query, ()))
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def cut_chunk(handler: Handler) -> None:
    """End in the middle of a chunk."""
    body = reply_to(handler.query, ())
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(f"{len(body):x}\r\n".encode() + body[:-20])
    handler.close_connection = True


def half_json(handler: Handler) -> None:
    """A correct length, but the JSON stops half-way."""
    body = reply_to(handler.query, ())
    handler.reply(200, body[: len(body) // 2 + 60])


def not_gzip(handler: Handler) -> None:
    handler.reply(200, b"plain text", Content_Encoding="gzip")


def reset(handler: Handler) -> None:
    """Tear the connection down without a word."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def silence(handler: Handler) -> None:
    """Say nothing until the test is over."""
    handler.server.hang_up.wait(30)
    handler.close_connection = True


def trickle(handler: Handler) -> None:
    """Send a byte now and then, each in time for itself."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    try:
        while not handler.server.hang_up.wait(0.02):
            handler.wfile.write(b" ")
            handler.wfile.flush()
    except OSError:
        pass
    handler.close_connection = True


html = answering(200, b"<html>maintenance</html>")
empty = answering(200, b"")
no_envelope = answering(200, {"hello": "world"})
busy = answering(503, b"<html>busy</html>")
broken = answering(500, ENVELOPE | {"error": {"type": "internalServerError", "message": "Oops"}})


def client_of(url: str, waits: list[float], **more: Any) -> KeepaClient:
    config = KeepaConfig(api_key=SecretStr(KEY), base_url=url, max_attempts=3, **more)
    return KeepaClient(config, sleep=waits.append, clock=lambda: NOW, random=lambda: 0.5)
