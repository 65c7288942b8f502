"""What Telegram and Discord refuse, as their documentation and their answers have it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

Reply = tuple[int, dict[str, Any]]

REFUSALS: dict[str, Reply] = {
    name: (code, {"ok": False, "error_code": code, "description": f"{title}: {text}"} | more)
    for name, code, title, text, more in (
        ("blocked", 403, "Forbidden", "bot was blocked by the user", {}),
        ("kicked", 403, "Forbidden", "bot was kicked from the supergroup chat", {}),
        ("deactivated", 403, "Forbidden", "user is deactivated", {}),
        ("never started", 403, "Forbidden", "bot can't initiate conversation with a user", {}),
        ("unknown", 400, "Bad Request", "chat not found", {}),
        (
            "upgraded",
            400,
            "Bad Request",
            "group chat was upgraded to a supergroup chat",
            {"parameters": {"migrate_to_chat_id": -1004711}},
        ),
        ("mute", 400, "Bad Request", "not enough rights to send text messages to the chat", {}),
        ("closed topic", 400, "Bad Request", "TOPIC_CLOSED", {}),
        (
            "busy",
            429,
            "Too Many Requests",
            "retry after 17",
            {"parameters": {"retry_after": 17}},
        ),
    )
}
"""Telegram's refusals of a chat, by what is the matter with it."""
_TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "a", "code", "pre", "span", "blockquote"}
_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);)")


def telegram_refusal(method: str, fields: dict[str, str], files: dict[str, bytes]) -> str | None:
    """Return why Telegram would not take a message, in its words; None if it would."""
    for row in json.loads(fields.get("reply_markup", "{}")).get("inline_keyboard", []):
        for button in row:
            if not button["text"]:
                return "Text buttons are unallowed in the inline keyboard"
            if len(button.get("callback_data", "").encode()) > 64:
                return "BUTTON_DATA_INVALID"
            if "callback_data" in button:
                continue
            # Of its server: localhost is no host, http is.
            address = urlsplit(button["url"])
            if "." not in (address.hostname or ""):
                return f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL"
    if method == "sendMessage":
        return _text_refusal(fields.get("text", ""), fields.get("parse_mode"), 4096)
    if method == "sendPhoto":
        if not files.get("photo", b"").startswith(b"\x89PNG"):
            return "there is no photo in the request"
        return _text_refusal(fields.get("caption", "-"), fields.get("parse_mode"), 1024)
    if method == "sendMediaGroup":
        media = json.loads(fields["media"])
        if not 2 <= len(media) <= 10:
            return "wrong number of items in the album"
        if any(one["media"].removeprefix("attach://") not in files for one in media):
            return "wrong file identifier/HTTP URL specified"
        refusals = [_text_refusal(one.get("caption", "-"), None, 1024) for one in media]
        return next(filter(None, refusals), None)
    return None


def _text_refusal(text: str, mode: str | None, most: int) -> str | None:
    read = text
    if mode == "HTML":
        parser = _Markup()
        parser.feed(text)
        parser.close()
        if parser.problem or parser.opened or _ENTITY.search(text):
            return f"can't parse entities: {parser.problem or 'unclosed tag or bare ampersand'}"
        read = unescape(re.sub(r"<[^>]*>", "", text))
    if not read.strip():
        return "message text is empty"
    if len(read.encode("utf-16-le")) // 2 > most:
        return "message is too long" if most > 1024 else "message caption is too long"
    return None


class _Markup(HTMLParser):
    """Telegram's HTML: a few tags, all of them closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.opened: list[str] = []
        self.problem = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _TAGS:
            self.problem = f'unsupported start tag "{tag}"'
        self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.opened or self.opened.pop() != tag:
            self.problem = f'unexpected end tag "{tag}"'

    def handle_data(self, data: str) -> None:
        if "<" in data:
            self.problem = "unescaped <"


@dataclass(frozen=True)
class Posted:
    """A message for Discord: its JSON, None if the body had none, and the names of its files."""

    payload: dict[str, Any] | None
    names: tuple[str, ...]
    """As form field and file name: `files[1]=chart-1.png`."""


def discord_refusal(posted: Posted, *, in_thread: bool, is_forum: bool) -> Reply | None:
    """Return the answer by which Discord would not take a message; None if it would."""
    payload = posted.payload or {}
    if not payload.get("content") and not payload.get("embeds") and not posted.names:
        return 400, {"message": "Cannot send an empty message", "code": 50006}
    if is_forum and not in_thread and not payload.get("thread_name"):
        says = "Webhooks posted to forum channels must have a thread_name or thread_id"
        return 400, {"message": says, "code": 220001}
    if payload.get("thread_name") and not is_forum:
        says = "Webhooks can only create threads in forum channels"
        return 400, {"message": says, "code": 220003}
    if problems := list(_form_problems(payload, posted.names)):
        errors: dict[str, Any] = {}
        for path, says in problems:
            node = errors
            for name in path.split("."):
                node = node.setdefault(name, {})
            node["_errors"] = [{"code": "BASE_TYPE_BAD", "message": says}]
        return 400, {"message": "Invalid Form Body", "code": 50035, "errors": errors}
    return None


def _form_problems(payload: dict[str, Any], names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    files = {}
    for one in names:
        field, _, name = one.partition("=")
        files[name] = field
        if not re.fullmatch(r"files\[\d+\]", field):
            yield "files", f"{field} is no files[n]"
    yield from _longer("content", payload.get("content", ""), 2000, least=0)
    yield from _longer("thread_name", payload.get("thread_name", "-"), 100)
    embeds = payload.get("embeds", [])
    if len(embeds) > 10:
        yield "embeds", "Must be 10 or fewer in length."
    total = 0
    for number, embed in enumerate(embeds):
        parts = {
            "title": (embed.get("title", "-"), 256),
            "description": (embed.get("description", "-"), 4096),
            "author.name": (embed.get("author", {}).get("name", "-"), 256),
        }
        for place, one in enumerate(embed.get("fields", [])):
            parts[f"fields.{place}.name"] = (one["name"], 256)
            parts[f"fields.{place}.value"] = (one["value"], 1024)
        if len(embed.get("fields", [])) > 25:
            yield f"embeds.{number}.fields", "Must be 25 or fewer in length."
        for name, (text, most) in parts.items():
            yield from _longer(f"embeds.{number}.{name}", text, most)
            total += len(text)
        picture = embed.get("image", {}).get("url", "")
        if picture.startswith("attachment://") and picture[13:] not in files:
            yield f"embeds.{number}.image.url", "Not found among the files."
    if total > 6000:
        yield "embeds", "Embed size exceeds maximum size of 6000"


def _longer(path: str, text: str, most: int, *, least: int = 1) -> Iterator[tuple[str, str]]:
    if len(text) > most:
        yield path, f"Must be {most} or fewer in length."
    if len(text.strip()) < least:
        yield path, "This field is required"
