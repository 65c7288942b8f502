"""Errors as RFC 9457 describes them: every answer of the API that is none has this form."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from keeper.console.database import FIRST_PAUSE, DatabaseLeftAloneError
from keeper.console.operations import PartAwayError
from keeper.domain.users.limits import Limit
from keeper.errors import KeeperError
from keeper.pipeline.users.limits import LimitReachedError

_LOG: Final = logging.getLogger(__name__)
MEDIA_TYPE: Final = "application/problem+json"
PROBLEMS_PATH: Final = "/api/v1/problems"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of error.

    Attributes:
        slug: Its name in `type`.
        status: HTTP's.
        title: The same for all of the kind.
        remedy: What who gets it can do.
    """

    slug: str
    status: int
    title: str
    remedy: str

    @property
    def uri(self) -> str:
        """Its `type`, relative to the console: the page that lists all kinds."""
        return f"{PROBLEMS_PATH}#{self.slug}"


BAD_REQUEST: Final = ProblemKind(
    "bad-request", 400, "The request cannot be read", "Correct what the detail names."
)
UNCLEAR_WATCH: Final = ProblemKind(
    "unclear-watch",
    400,
    "That is no watch",
    "Correct the product, target or rule that the detail names.",
)
UNCLEAR_RULE: Final = ProblemKind(
    "unclear-rule",
    400,
    "That is no rule",
    "Write it as GET /api/v1/rules shows.",
)
UNCLEAR_USER: Final = ProblemKind(
    "unclear-user",
    400,
    "That cannot be done with this user",
    "Correct what the detail names.",
)
BAD_CURSOR: Final = ProblemKind(
    "bad-cursor",
    400,
    "The cursor does not belong to this list",
    "Take next_cursor as it came, with the same sort; or begin without one.",
)
NOT_SIGNED_IN: Final = ProblemKind(
    "not-signed-in",
    401,
    "Nobody is signed in",
    "Send an API token as Authorization: Bearer …, or sign in.",
)
FORBIDDEN: Final = ProblemKind(
    "forbidden", 403, "That is not allowed", "Ask an operator, or use another session."
)
SCOPE_MISSING: Final = ProblemKind(
    "scope-missing",
    403,
    "The token has not the scope",
    "Make a token with the scope that the detail names.",
)
OPERATORS_ONLY: Final = ProblemKind(
    "operators-only", 403, "Only operators may do that", "Ask an operator."
)
SESSION_NEEDED: Final = ProblemKind(
    "session-needed", 403, "A token cannot do that", "Sign in, or use the keeper command."
)
OTHER_SITE: Final = ProblemKind(
    "other-site",
    403,
    "The request comes from another site",
    "Send Origin as the console's own address has it, or use an API token.",
)
INSECURE: Final = ProblemKind(
    "insecure",
    403,
    "Signing in needs HTTPS",
    "Open the console by HTTPS or on its own machine, or set KEEPER_INSECURE_COOKIE=1.",
)
NOT_FOUND: Final = ProblemKind(
    "not-found", 404, "There is nothing here", "See the list of what there is."
)
WRONG_METHOD: Final = ProblemKind(
    "method-not-allowed", 405, "That method is not for this address", "See the header Allow."
)
STILL_RUNNING: Final = ProblemKind(
    "still-running",
    409,
    "The first request with this Idempotency-Key is not answered yet",
    "Send it again after the seconds of Retry-After.",
)
TOO_LARGE: Final = ProblemKind(
    "too-large", 413, "The request is too large", "Send less at once; the detail names the limit."
)
INVALID: Final = ProblemKind(
    "invalid-request",
    422,
    "The request does not fit its schema",
    "Correct what errors names; the schema is at /openapi.json.",
)
KEY_REUSED: Final = ProblemKind(
    "key-reused",
    422,
    "The Idempotency-Key came with another request",
    "Take a new key for each thing to do.",
)
LIMIT_REACHED: Final = ProblemKind(
    "limit-reached",
    429,
    "A limit is reached",
    "Wait for Retry-After where it is given, remove something, or ask an operator; limit names it.",
)
BROKEN: Final = ProblemKind(
    "internal-error", 500, "The console has made a mistake", "Report it; the log has the trace."
)
UNAVAILABLE: Final = ProblemKind(
    "unavailable",
    503,
    "A part of Keeper does not answer",
    "Try again after the seconds of Retry-After; part names which.",
)
KINDS: Final = (
    BAD_REQUEST,
    UNCLEAR_WATCH,
    UNCLEAR_RULE,
    UNCLEAR_USER,
    BAD_CURSOR,
    NOT_SIGNED_IN,
    FORBIDDEN,
    SCOPE_MISSING,
    OPERATORS_ONLY,
    SESSION_NEEDED,
    OTHER_SITE,
    INSECURE,
    NOT_FOUND,
    WRONG_METHOD,
    STILL_RUNNING,
    TOO_LARGE,
    INVALID,
    KEY_REUSED,
    LIMIT_REACHED,
    BROKEN,
    UNAVAILABLE,
)
_OF_STATUS: Final = {
    400: BAD_REQUEST,
    401: NOT_SIGNED_IN,
    403: FORBIDDEN,
    404: NOT_FOUND,
    405: WRONG_METHOD,
    413: TOO_LARGE,
}


class FieldProblem(BaseModel):
    """What is wrong with one value of a request."""

    pointer: str = Field(
        description="Where: a JSON pointer into the body, or in:name for a parameter."
    )
    detail: str = Field(description="Why.")


class Problem(BaseModel):
    """An error, as RFC 9457 describes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": NOT_FOUND.uri,
                    "title": NOT_FOUND.title,
                    "status": 404,
                    "detail": "there is no watch 12",
                }
            ]
        }
    )

    type: str = Field(description=f"Which kind, as {PROBLEMS_PATH} lists them.")
    title: str = Field(description="The kind in words, the same for all of the kind.")
    status: int = Field(description="HTTP's status.", ge=400, le=599)
    detail: str | None = Field(default=None, description="What is wrong in this case.")
    errors: list[FieldProblem] | None = Field(
        default=None, description="What is wrong with which value of the request."
    )
    part: str | None = Field(default=None, description="Which part does not answer.")
    limit: Limit | None = Field(default=None, description="Which limit is reached.")


class ProblemError(Exception):
    """An error that is answered as a problem."""

    def __init__(
        self, kind: ProblemKind, detail: str | None = None, *, headers: Mapping[str, str] = {}
    ) -> None:
        """Say which kind, and what is wrong in this case."""
        super().__init__(detail or kind.title)
        self.kind = kind
        self.detail = detail
        self.headers = headers


@contextmanager
def answering(kinds: Mapping[type[Exception], ProblemKind]) -> Iterator[None]:
    """Answer what the block raises of these errors as problems, with what they say.

    Raises:
        ProblemError: Instead of such an error.
    """
    try:
        yield
    except tuple(kinds) as error:
        kind = next(kind for one, kind in kinds.items() if isinstance(error, one))
        raise ProblemError(kind, str(error) or None) from None


def answers(*kinds: ProblemKind) -> dict[int | str, dict[str, Any]]:
    """Return, for an operation's description, what it may answer instead of its result."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in (*kinds, INVALID, UNAVAILABLE):
        same = found.setdefault(
            kind.status,
            {
                "description": HTTPStatus(kind.status).phrase,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
        same["description"] = "; ".join(
            dict.fromkeys([*filter(None, [same.get("x-titles")]), kind.title])
        )
        same["x-titles"] = same["description"]
    for same in found.values():
        del same["x-titles"]
    return found


def describe_bodies(document: dict[str, Any]) -> None:
    """Add to the description of each operation with a body what any body may be answered with."""
    for methods in document["paths"].values():
        for operation in methods.values():
            if "requestBody" not in operation:
                continue
            for kind in (BAD_REQUEST, TOO_LARGE):
                described = answers(kind)[kind.status]
                known = operation["responses"].setdefault(str(kind.status), described)
                if kind.title not in known["description"]:
                    known["description"] += f"; {kind.title}"


def response(
    kind: ProblemKind,
    detail: str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    errors: list[FieldProblem] | None = None,
    part: str | None = None,
    limit: Limit | None = None,
) -> JSONResponse:
    """Return the answer for a problem."""
    problem = Problem(
        type=kind.uri,
        title=kind.title,
        status=kind.status,
        detail=detail,
        errors=errors,
        part=part,
        limit=limit,
    )
    return JSONResponse(
        jsonable_encoder(problem, exclude_none=True),
        kind.status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def install(app: FastAPI) -> None:
    """Let an application answer every error with a problem."""

    @app.exception_handler(ProblemError)
    async def on_problem(request: Request, error: ProblemError) -> JSONResponse:
        return response(error.kind, error.detail, headers=error.headers)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        kind = _OF_STATUS.get(error.status_code)
        if kind is None:
            phrase = HTTPStatus(error.status_code).phrase
            kind = ProblemKind("http-error", error.status_code, phrase, "")
        return response(kind, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return response(INVALID, errors=[_field(item) for item in error.errors()])

    @app.exception_handler(LimitReachedError)
    async def on_limit(request: Request, error: LimitReachedError) -> JSONResponse:
        headers = {}
        if error.again_at is not None:
            wait = error.again_at - request.app.state.console.clock()
            headers["Retry-After"] = str(max(1, ceil(wait.total_seconds())))
        return response(LIMIT_REACHED, str(error), headers=headers, limit=error.limit)

    @app.exception_handler(KeeperError)
    async def on_keeper(request: Request, error: KeeperError) -> JSONResponse:
        # What it says may name hosts.
        _LOG.warning("%s: %s", type(error).__name__, error)
        wait = FIRST_PAUSE
        if isinstance(error, DatabaseLeftAloneError | PartAwayError):
            wait = error.wait
        part = error.part if isinstance(error, PartAwayError) else "postgres"
        seconds = str(max(1, ceil(wait.total_seconds())))
        return response(UNAVAILABLE, headers={"Retry-After": seconds}, part=part)

    @app.exception_handler(Exception)
    async def on_anything(request: Request, error: Exception) -> JSONResponse:
        # Starlette raises it again for the server's log.
        return response(BROKEN)


def _field(item: Mapping[str, Any]) -> FieldProblem:
    """Say where and why; never what was given, which may be a secret."""
    place, *rest = item["loc"] or ("body",)
    if place == "body":
        pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in rest)
        return FieldProblem(pointer=f"#{pointer}", detail=item["msg"])
    return FieldProblem(pointer=f"{place}:{'.'.join(map(str, rest))}", detail=item["msg"])
