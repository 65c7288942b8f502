"""Entity tags: who has a reply already is not sent it again."""

from hashlib import sha256

from pydantic import BaseModel
from starlette.requests import Request


def etag_of(reply: BaseModel) -> str:
    """Return the tag of a reply: another one as soon as anything of it differs."""
    return f'"{sha256(reply.model_dump_json().encode()).hexdigest()[:32]}"'


def is_known(request: Request, tag: str) -> bool:
    """Return whether a request names the tag in If-None-Match, weakly or not."""
    given = request.headers.get("if-none-match", "")
    known = {text.strip().removeprefix("W/") for text in given.split(",")}
    return tag in known or "*" in known
