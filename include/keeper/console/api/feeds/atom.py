"""Feeds as RFC 4287 (Atom) writes them; text of others is text in them, never markup."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import Response

from keeper.alerts.message import inert
from keeper.console.tags import is_known

MEDIA_TYPE: Final = "application/atom+xml"
_TEMPLATES: Final = Environment(loader=PackageLoader("keeper.console"), autoescape=True)
_LONGEST: Final = 1_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened once.

    Attributes:
        key: Names it for ever, within its feed.
        title: In a few words.
        at: When.
        url: Where to look.
        summary: What is to be said of it, in plain text.
    """

    key: str
    title: str
    at: datetime
    url: str
    summary: str


@dataclass(frozen=True, slots=True)
class Feed:
    """Entries, the newest first.

    Attributes:
        key: Names it for ever, in all of Keeper.
        title: What a reader calls it.
        entries: What happened.
    """

    key: str
    title: str
    entries: Sequence[Entry]


def feed_response(feed: Feed, request: Request) -> Response:
    """Return a feed, or that the program has it already."""
    text = feed_text(feed)
    tag = f'"{sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(text, media_type=MEDIA_TYPE, headers=headers)


def feed_text(feed: Feed) -> str:
    """Return a feed as XML."""
    newest = max((entry.at for entry in feed.entries), default=_EPOCH)
    return _TEMPLATES.get_template("feed.xml").render(
        feed={
            "id": _urn(feed.key),
            "title": inert(feed.title, _LONGEST),
            "updated": _moment(newest),
            "entries": [
                {
                    "id": _urn(f"{feed.key}/{entry.key}"),
                    "title": inert(entry.title, _LONGEST),
                    "updated": _moment(entry.at),
                    "url": entry.url,
                    "summary": inert(entry.summary, _LONGEST),
                }
                for entry in feed.entries
            ],
        }
    )


def _urn(key: str) -> str:
    return uuid5(NAMESPACE_URL, f"keeper:{key}").urn


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
