"""Pictures of products, from the one host they are linked with."""

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

import httpx

from keeper.alerts.message import Message
from keeper.settings import AMAZON_IMAGES_URL

# It would log every address.
logging.getLogger("httpx").setLevel(logging.WARNING)

LIMIT_S: Final = 2.0
MOST_BYTES: Final = 400_000
_AT_ONCE: Final = 6
_BEGINNINGS: Final = {
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
}
"""How the pictures that every mail program shows begin; SVG, which may hold scripts, is none."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture as its host gave it, and its kind: `png`, `jpeg` or `gif`."""

    content: bytes
    subtype: str


def linked_with(message: Message, images_url: str) -> Message:
    """Return the message with the addresses of Amazon's pictures below another one.

    Args:
        message: The message; other addresses in it stay.
        images_url: Where pictures are, without a slash at its end.
    """
    sections = tuple(
        replace(section, image_url=_moved(section.image_url, images_url))
        if section.image_url
        else section
        for section in message.sections
    )
    return replace(message, sections=sections)


class PhotoHost:
    """Gives the pictures below one address, quickly or not at all."""

    def __init__(self, images_url: str, *, limit_s: float = LIMIT_S) -> None:
        """Take pictures from below `images_url`, which has no slash at its end."""
        self._beginning = f"{images_url}/"
        self._limit_s = limit_s

    def fetch(self, urls: Iterable[str]) -> dict[str, Photo]:
        """Return by address those pictures that come within the limit, all of them together.

        Left out are addresses of other hosts, which are not asked; whatever is no picture of at
        most 400 kB; and what answers anything but 200, a redirect too.
        """
        asked = {url for url in urls if url.startswith(self._beginning)}
        if not asked:
            return {}
        ends_at = monotonic() + self._limit_s
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="photos")
        try:
            coming = {pool.submit(_photo_at, url, ends_at): url for url in asked}
            done, _ = wait(coming, timeout=self._limit_s)
            photos = {coming[one]: one.result() for one in done}
        finally:
            # A host's name may take longer to look up than any limit; nobody waits for it.
            pool.shutdown(wait=False, cancel_futures=True)
        return {url: photo for url, photo in photos.items() if photo is not None}


def _photo_at(url: str, ends_at: float) -> Photo | None:
    try:
        left_s = max(ends_at - monotonic(), 0.001)
        with httpx.stream("GET", url, timeout=left_s, follow_redirects=False) as reply:
            if reply.status_code != httpx.codes.OK:
                return None
            subtype = _subtype(reply.headers.get("content-type", ""))
            content = b""
            for piece in reply.iter_bytes():
                content += piece
                if len(content) > MOST_BYTES or monotonic() > ends_at:
                    return None
    except (httpx.HTTPError, httpx.InvalidURL):
        return None
    if subtype is None or not content.startswith(_BEGINNINGS[subtype]):
        return None
    return Photo(content, subtype)


def _subtype(content_type: str) -> str | None:
    kind, _, subtype = content_type.partition(";")[0].strip().lower().partition("/")
    return subtype if kind == "image" and subtype in _BEGINNINGS else None


def _moved(url: str, images_url: str) -> str:
    beginning = f"{AMAZON_IMAGES_URL}/"
    return f"{images_url}/{url.removeprefix(beginning)}" if url.startswith(beginning) else url
