"""An HTTP server that takes and refuses messages as Telegram, Discord and Apprise's JSON do."""

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

from tests.chat_rules import Posted, discord_refusal, telegram_refusal

TOKEN = "4711:secret-word"
HOOK = "/api/webhooks/99/secret-word"
Answer = tuple[int, dict[str, Any] | str] | tuple[int, dict[str, Any] | str, dict[str, str]]


@dataclass(frozen=True)
class Request:
    """What was posted: the path, the form's fields and its pictures, or JSON.

    Attributes:
        path: With its query.
        fields: Of a form, by name.
        files: A form's pictures, by its names for them.
        names: Each of these as "field=file name".
        json: What the body or, of a form with several parts, `payload_json` holds.
    """

    path: str
    fields: dict[str, str]
    files: dict[str, bytes]
    names: tuple[str, ...] = ()
    json: dict[str, Any] | None = None


@dataclass
class ChatServer:
    """Takes and refuses messages as the services do.

    `answers` are given first, in order, each a status, a body and perhaps headers; `before` is
    called ahead of each; `instead` gets the connection after a request was read, to answer itself.
    `chats` are answers by Telegram's chats, `is_forum` makes Discord's channel a forum, `headers`
    come with what Discord takes, and `longest` is what Apprise's JSON takes.
    """

    url: str
    requests: list[Request] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    before: Callable[[], object] = lambda: None
    instead: Callable[[BaseHTTPRequestHandler], object] | None = None
    chats: dict[str, Answer] = field(default_factory=dict)
    is_forum: bool = False
    longest: int = 2000
    headers: dict[str, str] = field(default_factory=dict)
    date: str | None = None

    @property
    def webhook(self) -> str:
        return self.url + HOOK

    def answer(self, request: Request) -> Answer:
        self.before()
        if self.answers:
            return self.answers.pop(0)
        path, _, query = request.path.partition("?")
        if path.startswith(f"/bot{TOKEN}/"):
            return self._telegram(path.rpartition("/")[2], request)
        if path == HOOK:
            return self._discord(request, query)
        if path == "/notify":
            return self._apprise(request)
        self.requests.append(request)
        return 404, {"ok": False, "error_code": 404, "description": "Not Found"}

    def _telegram(self, method: str, request: Request) -> Answer:
        if method == "getMe":
            self.requests.append(request)
            return 200, {"ok": True, "result": {"is_bot": True, "username": "keeper_bot"}}
        if refused := self.chats.get(request.fields["chat_id"]):
            return refused
        if says := telegram_refusal(method, request.fields, request.files):
            return 400, {"ok": False, "error_code": 400, "description": f"Bad Request: {says}"}
        self.requests.append(request)
        return 200, {"ok": True, "result": {"message_id": len(self.requests)}}

    def _discord(self, request: Request, query: str) -> Answer:
        if not query:
            self.requests.append(request)
            return 200, {"id": "99", "name": "Deals"}
        posted = Posted(request.json, request.names)
        in_thread = "thread_id" in query
        if refused := discord_refusal(posted, in_thread=in_thread, is_forum=self.is_forum):
            return refused
        self.requests.append(request)
        return 200, {"id": str(len(self.requests)), "type": 0}, self.headers

    def _apprise(self, request: Request) -> Answer:
        body = request.json or {}
        if len(body["message"]) > self.longest:
            return 400, {"error": f"a message has at most {self.longest} characters"}
        self.requests.append(request)
        return 200, {}


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    """A chat provider on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._give(state.answer(Request(self.path, {}, {})))

        def do_POST(self) -> None:
            request = _request(self)
            if state.instead is not None:
                with suppress(BrokenPipeError, ConnectionResetError):
                    state.instead(self)
                self.close_connection = True
                return
            self._give(state.answer(request))

        def _give(self, answer: Answer) -> None:
            status, body, *more = answer
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            # A client that did not wait for it.
            with suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                for name, value in (more[0] if more else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return state.date or super().date_time_string()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = ChatServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def _request(handler: BaseHTTPRequestHandler) -> Request:
    body = handler.rfile.read(int(handler.headers["Content-Length"]))
    kind = handler.headers["Content-Type"]
    if kind.startswith("application/x-www-form-urlencoded"):
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        return Request(handler.path, form, {})
    if not kind.startswith("multipart/form-data"):
        return Request(handler.path, {}, {}, (), json.loads(body))
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    parts = email.message_from_bytes(head + body, policy=email.policy.HTTP).iter_parts()
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    names = []
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(name, str)
        assert isinstance(content, bytes)
        if file := part.get_filename():
            files[name] = content
            names.append(f"{name}={file}")
        else:
            fields[name] = content.decode()
    # Discord reads it of such a form alone.
    payload = json.loads(fields["payload_json"]) if "payload_json" in fields else None
    return Request(handler.path, fields, files, tuple(names), payload)
