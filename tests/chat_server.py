"""An HTTP server that speaks Telegram's and Discord's answers."""

import email
import email.policy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

TOKEN = "4711:secret-word"
HOOK = "/api/webhooks/99/secret-word"


@dataclass(frozen=True)
class Request:
    """What was posted: the path, the form's fields and its pictures."""

    path: str
    fields: dict[str, str]
    files: dict[str, bytes]


@dataclass
class ChatServer:
    """Takes messages as Telegram and Discord do.

    `answers` are given first, in order, each a status and a body; `before` is called ahead of each.
    """

    url: str
    requests: list[Request] = field(default_factory=list)
    answers: list[tuple[int, dict[str, Any] | str]] = field(default_factory=list)
    before: Callable[[], object] = lambda: None

    @property
    def webhook(self) -> str:
        return self.url + HOOK

    def answer(self, request: Request) -> tuple[int, dict[str, Any] | str]:
        self.before()
        if self.answers:
            return self.answers.pop(0)
        self.requests.append(request)
        number = len(self.requests)
        if request.path == f"/bot{TOKEN}/getMe":
            return 200, {"ok": True, "result": {"is_bot": True, "username": "keeper_bot"}}
        if request.path == HOOK:
            return 200, {"id": "99", "name": "Deals"}
        if request.path.startswith(f"/bot{TOKEN}/send"):
            return 200, {"ok": True, "result": {"message_id": number}}
        if request.path == f"{HOOK}?wait=true":
            return 200, {"id": str(number), "type": 0}
        return 404, {"ok": False, "error_code": 404, "description": "Not Found"}


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    """A chat provider on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._give(state.answer(Request(self.path, {}, {})))

        def do_POST(self) -> None:
            self._give(state.answer(_request(self)))

        def _give(self, answer: tuple[int, dict[str, Any] | str]) -> None:
            status, body = answer
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            # A client that did not wait for it.
            with suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = ChatServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def _request(handler: BaseHTTPRequestHandler) -> Request:
    body = handler.rfile.read(int(handler.headers["Content-Length"]))
    kind = handler.headers["Content-Type"]
    if kind.startswith("application/x-www-form-urlencoded"):
        fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        return Request(handler.path, fields, {})
    if not kind.startswith("multipart/form-data"):
        return Request(handler.path, {"body": body.decode()}, {})
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    parts = email.message_from_bytes(head + body, policy=email.policy.HTTP).iter_parts()
    fields, files = {}, {}
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(name, str)
        assert isinstance(content, bytes)
        if part.get_filename():
            files[name] = content
        else:
            fields[name] = content.decode()
    return Request(handler.path, fields, files)
