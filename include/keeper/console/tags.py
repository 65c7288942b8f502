"""Entity tags: who has a reply already is not sent it again."""

from hashlib import sha256
from typing import TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

_R = TypeVar("_R", bound=BaseModel)


def etag_of(reply: BaseModel) -> str:
    """Return the tag of a reply: another one as soon as anything of it differs."""
    return f'"{sha256(reply.model_dump_json().encode()).hexdigest()[:32]}"'


def is_known(request: Request, tag: str) -> bool:
    """Return whether a request names the tag in If-None-Match, weakly or not."""
    given = request.headers.get("if-none-match", "")
    known = {text.strip().removeprefix("W/") for text in given.split(",")}
    return tag in known or "*" in known


def unless_known(reply: _R, request: Request, response: Response) -> _R | Response:
    """Return a reply with its tag, or that it is the one the request names."""
    tag = etag_of(reply)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return reply
