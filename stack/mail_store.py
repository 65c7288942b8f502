"""The caught messages: a folder of .eml files, oldest thrown away first."""

import base64
import email
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import default as policy
from pathlib import Path
from typing import Final

_KEPT: Final = 2_000


@dataclass(frozen=True, slots=True)
class CaughtMessage:
    """One message, parsed.

    Attributes:
        id: Its name in the store; sorts by arrival.
        sender: The From header.
        to: The To header.
        subject: The Subject header.
        date: The Date header.
        text: The plain-text part; empty if there is none.
        html: The HTML part; empty if there is none.
        headers: Its X- headers, by lower-case name.
    """

    id: str
    sender: str
    to: str
    subject: str
    date: str
    text: str
    html: str
    headers: dict[str, str]

    def as_json(self) -> dict[str, object]:
        """Return what the JSON list shows; without the HTML, which may be long."""
        return {
            "id": self.id,
            "from": self.sender,
            "to": self.to,
            "subject": self.subject,
            "date": self.date,
            "text": self.text,
            "headers": self.headers,
        }


class MailStore:
    """Keeps the newest messages, up to a number; older ones are deleted."""

    def __init__(self, folder: Path, kept: int = _KEPT) -> None:
        """Use `folder`, which is made if it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._kept = kept
        self._numbers = itertools.count()

    def add(self, content: bytes) -> str:
        """Store a message as it was received and return its id; whole or not at all."""
        name = f"{time.time_ns():020d}-{next(self._numbers) % 10_000:04d}"
        fresh = self._folder / f".{name}"
        fresh.write_bytes(content)
        fresh.rename(self._folder / f"{name}.eml")
        for old in self._names()[self._kept :]:
            self._path(old).unlink(missing_ok=True)
        return name

    def newest_first(self) -> Iterator[CaughtMessage]:
        """Read the messages, one at a time."""
        for name in self._names():
            content = self.raw(name)
            if content is not None:
                yield _parse(name, content)

    def get(self, name: str) -> CaughtMessage | None:
        """Return a message with its pictures, or None if there is none of that id."""
        content = self.raw(name)
        if content is None:
            return None
        found = _parse(name, content)
        return replace(found, html=_with_pictures(content, found.html))

    def raw(self, name: str) -> bytes | None:
        """Return a message as it was received, or None if there is none of that id."""
        if not name.replace("-", "").isdigit():
            return None
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def clear(self) -> int:
        """Delete all messages and return how many there were."""
        names = self._names()
        for name in names:
            self._path(name).unlink(missing_ok=True)
        return len(names)

    def _names(self) -> list[str]:
        return sorted((path.stem for path in self._folder.glob("*.eml")), reverse=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.eml"


def _with_pictures(content: bytes, html: str) -> str:
    """Return a page with the message's own pictures in place of the names it calls them by."""
    for part in email.message_from_bytes(content, policy=policy).walk():
        name = str(part.get("Content-ID", "")).strip("<> ")
        picture = part.get_payload(decode=True)
        if name and part.get_content_maintype() == "image" and isinstance(picture, bytes):
            data = base64.b64encode(picture).decode("ascii")
            html = html.replace(f"cid:{name}", f"data:{part.get_content_type()};base64,{data}")
    return html


def _parse(name: str, content: bytes) -> CaughtMessage:
    message = email.message_from_bytes(content, policy=policy)
    return CaughtMessage(
        id=name,
        sender=str(message["From"] or ""),
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        date=str(message["Date"] or ""),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        headers={k.lower(): str(v) for k, v in message.items() if k.lower().startswith("x-")},
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, ValueError):
        # An unknown character set or a broken encoding: show what can be shown.
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
