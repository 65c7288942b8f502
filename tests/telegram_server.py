"""A Telegram for bots: it takes, refuses and hands out what its Bot API does, as strictly.

https://core.telegram.org/bots/api. What the bot does not use it does not have: an unknown method is
answered as Telegram answers one.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.chat_rules import telegram_refusal
from tests.waiting import HUNG_AFTER_S

TOKEN: Final = "4711:secret-word"
Answer = tuple[int, dict[str, Any]]
_USERNAME: Final = "keeper_bot"
_PORTS: Final = {None, 443, 80, 88, 8443}


class _RefusalError(Exception):
    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.body = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


@dataclass(frozen=True)
class Sent:
    """A message of the bot's: its HTML, and what stands behind each of its buttons, by label."""

    chat_id: int
    html: str
    buttons: dict[str, str]

    @property
    def text(self) -> str:
        """As it is read; no-break spaces are spaces."""
        return unescape(re.sub(r"<[^>]*>", "", self.html)).replace("\xa0", " ")


@dataclass
class TelegramServer:
    """Telegram, with people who write to the bot.

    Attributes:
        url: Where its Bot API is.
        sent: What the bot has sent.
        commands: What it says it can do, by language; "" for all others.
        menu: Its menu's button.
        conflicts: How often somebody asked for updates who may not.
        delivers_to: Where a webhook's address leads, as its DNS and nginx do.
        fails: Answers of methods that are given first, in order; each is used once.
    """

    url: str
    sent: list[Sent] = field(default_factory=list)
    commands: dict[str, list[str]] = field(default_factory=dict)
    menu: dict[str, Any] | None = None
    conflicts: int = 0
    webhook: dict[str, str] | None = None
    delivers_to: str | None = None
    fails: list[tuple[str, Answer]] = field(default_factory=list)
    _updates: list[dict[str, Any]] = field(default_factory=list)
    _last_update: int = 1000
    _started: set[int] = field(default_factory=set)
    _queries: set[str] = field(default_factory=set)
    _asking: int = 0
    _is_closed: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def writes(
        self, user_id: int, text: str, *, language: str = "en", chat: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Let somebody write to the bot, in their private chat or another; return the update."""
        command = re.match(r"/\w+", text)
        entities = []
        if command:
            entities = [{"type": "bot_command", "offset": 0, "length": command.end()}]
        message = {
            "message_id": self._last_update,
            "date": 1_900_000_000,
            "chat": chat or {"id": user_id, "type": "private", "first_name": "Ann"},
            "from": _user(user_id, language),
            "text": text,
            "entities": entities,
        }
        self._started.add(message["chat"]["id"])  # type: ignore[index]
        return self._hand_out({"message": message})

    def presses(self, user_id: int, data: str, *, language: str = "en") -> dict[str, Any]:
        """Let somebody press a button with this behind it; return the update."""
        query_id = f"query-{self._last_update}"
        self._queries.add(query_id)
        query = {
            "id": query_id,
            "from": _user(user_id, language),
            "chat_instance": "1",
            "message": {
                "message_id": 1,
                "date": 1_900_000_000,
                "chat": {"id": user_id, "type": "private", "first_name": "Ann"},
            },
            "data": data,
        }
        return self._hand_out({"callback_query": query})

    def answer_to(self, act: Callable[[], object], *, most_s: float = HUNG_AFTER_S) -> Sent:
        """Let somebody do something and return what the bot sends then."""
        with self._changed:
            before = len(self.sent)
        act()
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.sent) > before, most_s), "no answer"
            return self.sent[before]

    def asks(self, user_id: int, text: str, *, language: str = "en") -> Sent:
        """Let somebody write and return the bot's answer."""
        return self.answer_to(lambda: self.writes(user_id, text, language=language))

    def touches(self, message: Sent, label: str, *, language: str = "en") -> Sent:
        """Let somebody press a button, by its label, or its beginning; return the bot's answer."""
        named = [one for name, one in message.buttons.items() if name.startswith(label)]
        data = message.buttons[label] if label in message.buttons else named[0]
        return self.answer_to(lambda: self.presses(message.chat_id, data, language=language))

    def deliver(self, update: dict[str, Any], secret: str | None = None) -> int:
        """Send an update to the webhook and return the status of the answer."""
        assert self.webhook is not None
        assert self.delivers_to is not None
        shown = self.webhook["secret_token"] if secret is None else secret
        path = urlsplit(self.webhook["url"]).path
        headers = {"X-Telegram-Bot-Api-Secret-Token": shown}
        url = f"{self.delivers_to}{path}"
        answer = httpx.post(url, json=update, headers=headers, timeout=10, trust_env=False)
        return answer.status_code

    @property
    def unanswered(self) -> set[str]:
        """The presses whose buttons still spin."""
        return set(self._queries)

    def _hand_out(self, content: dict[str, Any]) -> dict[str, Any]:
        with self._changed:
            self._last_update += 1
            update = {"update_id": self._last_update, **content}
            if self.webhook is None:
                self._updates.append(update)
                self._changed.notify_all()
                return update
        assert self.deliver(update) == 200
        return update

    def answer(self, path: str, fields: dict[str, str]) -> Answer:
        """Answer a request to the Bot API."""
        token, _, method = path.removeprefix("/bot").partition("/")
        if self.fails and self.fails[0][0] == method:
            return self.fails.pop(0)[1]
        if token != TOKEN:
            return 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}
        name = "on_" + re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", method)
        do = getattr(self, name, None)
        if do is None:
            return 404, {"ok": False, "error_code": 404, "description": "Not Found"}
        try:
            return 200, {"ok": True, "result": do(fields)}
        except _RefusalError as refusal:
            return refusal.code, refusal.body

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def on_get_me(self, _: dict[str, str]) -> Any:
        return {"id": 4711, "is_bot": True, "first_name": "Keeper", "username": _USERNAME}

    def on_get_updates(self, fields: dict[str, str]) -> Any:
        allowed = set(json.loads(fields["allowed_updates"]))
        offset = int(fields.get("offset", 0))
        with self._changed:
            if self.webhook is not None:
                self.conflicts += 1
                raise _RefusalError(
                    409,
                    "Conflict: can't use getUpdates method while webhook is active; use "
                    "deleteWebhook to delete the webhook first",
                )
            self._asking += 1
            mine = self._asking
            # Who asked before is sent away.
            self._changed.notify_all()
            self._updates = [one for one in self._updates if one["update_id"] >= offset]
            self._changed.wait_for(
                lambda: self._updates or self._asking != mine or self._is_closed,
                int(fields.get("timeout", 0)),
            )
            if self._asking != mine:
                self.conflicts += 1
                raise _RefusalError(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one "
                    "bot instance is running",
                )
            return [one for one in self._updates if allowed & set(one)][:100]

    def on_set_webhook(self, fields: dict[str, str]) -> Any:
        url = urlsplit(fields["url"])
        if url.scheme != "https" or url.port not in _PORTS:
            raise _RefusalError(
                400, "Bad Request: bad webhook: an HTTPS URL must be provided for webhook"
            )
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", fields["secret_token"]):
            raise _RefusalError(400, "Bad Request: secret token contains unallowed characters")
        self.webhook = fields
        return True

    def on_delete_webhook(self, _: dict[str, str]) -> Any:
        self.webhook = None
        return True

    def on_set_my_commands(self, fields: dict[str, str]) -> Any:
        commands = json.loads(fields["commands"])
        language = fields.get("language_code", "")
        if language and not re.fullmatch("[a-z]{2}", language):
            raise _RefusalError(400, "Bad Request: LANG_CODE_INVALID")
        for one in commands:
            if not re.fullmatch("[a-z0-9_]{1,32}", one["command"]):
                raise _RefusalError(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(one["description"]) <= 256:
                raise _RefusalError(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands[language] = [one["command"] for one in commands]
        return True

    def on_set_chat_menu_button(self, fields: dict[str, str]) -> Any:
        self.menu = json.loads(fields["menu_button"])
        if not self.menu["web_app"]["url"].startswith("https://"):
            raise _RefusalError(400, "Bad Request: BUTTON_URL_INVALID")
        return True

    def on_send_message(self, fields: dict[str, str]) -> Any:
        chat_id = int(fields["chat_id"])
        if chat_id not in self._started:
            raise _RefusalError(403, "Forbidden: bot can't initiate conversation with a user")
        if says := telegram_refusal("sendMessage", fields, {}):
            raise _RefusalError(400, f"Bad Request: {says}")
        buttons = _buttons(json.loads(fields.get("reply_markup", "{}")))
        with self._changed:
            self.sent.append(Sent(chat_id, fields["text"], buttons))
            self._changed.notify_all()
            number = len(self.sent)
        chat = {"id": chat_id, "type": "private", "first_name": "Ann"}
        return {"message_id": number, "date": 1_900_000_000, "chat": chat, "text": fields["text"]}

    def on_answer_callback_query(self, fields: dict[str, str]) -> Any:
        if fields["callback_query_id"] not in self._queries:
            raise _RefusalError(
                400,
                "Bad Request: query is too old and response timeout expired or query ID is invalid",
            )
        if len(fields.get("text", "")) > 200:
            raise _RefusalError(400, "Bad Request: MESSAGE_TOO_LONG")
        self._queries.remove(fields["callback_query_id"])
        return True


def _buttons(markup: dict[str, Any]) -> dict[str, str]:
    found = {}
    for row in markup.get("inline_keyboard", []):
        for button in row:
            if not button["text"].strip():
                raise _RefusalError(
                    400, "Bad Request: text buttons are unallowed in the inline keyboard"
                )
            if ("url" in button) == ("callback_data" in button):
                raise _RefusalError(400, "Bad Request: exactly one optional field must be used")
            data = button.get("callback_data", "-")
            if not 1 <= len(data.encode()) <= 64:
                raise _RefusalError(400, "Bad Request: BUTTON_DATA_INVALID")
            if "url" in button and "." not in (urlsplit(button["url"]).hostname or ""):
                raise _RefusalError(
                    400,
                    f"Bad Request: inline keyboard button URL '{button['url']}' is invalid: Wrong "
                    "HTTP URL",
                )
            found[button["text"].replace("\xa0", " ")] = data
    return found


def _user(user_id: int, language: str) -> dict[str, Any]:
    return {"id": user_id, "is_bot": False, "first_name": "Ann", "language_code": language}


@pytest.fixture
def telegram() -> Iterator[TelegramServer]:
    """A Telegram on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            kind = self.headers.get("Content-Type", "application/x-www-form-urlencoded")
            assert kind.startswith("application/x-www-form-urlencoded"), kind
            fields = {name: values[0] for name, values in parse_qs(body).items()}
            status, answer = state.answer(self.path, fields)
            content = json.dumps(answer).encode()
            # A client that did not wait for it.
            with suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Keep quiet: a bot that is stopped leaves its question."""

    server = Server(("127.0.0.1", 0), Handler)
    state = TelegramServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield state
    state.close()
    server.shutdown()
    thread.join()
    server.server_close()
