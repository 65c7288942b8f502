"""Requests: work that takes long or needs a secret, carried out by a worker; followed here."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from keeper.console.api.shapes import Moment, Number, Reply
from keeper.console.auth import AnyCaller, doer_of
from keeper.console.context import Context
from keeper.console.paging import (
    NEWEST,
    TOTAL,
    Cursor,
    Limit,
    WithTotal,
    next_page,
    read_number,
    with_total,
)
from keeper.console.problems import (
    BAD_CURSOR,
    NOT_FOUND,
    NOT_SIGNED_IN,
    OTHER_SITE,
    ProblemError,
    answers,
)
from keeper.domain.users.access import Account
from keeper.pipeline.requests.ask import (
    ListedRequest,
    RequestGoneError,
    RequestKind,
    RequestState,
    cancel,
    count_requests_of,
    request_of,
    requests_of,
)
from keeper.pipeline.requests.kinds import KINDS, RequestResult

router = APIRouter(prefix="/requests", tags=["requests"])
_PATH = "/api/v1/requests"
_FAILED = "It could not be carried out; operators see why."
RequestId = Annotated[Number, Path(description="The request's number.")]


class RequestReply(Reply):
    """Something a user asked for, and what became of it."""

    id: int
    kind: RequestKind
    arguments: dict[str, Any] = Field(description="What exactly was asked for.")
    user_id: int
    email: str
    state: RequestState
    created_at: Moment
    next_attempt_at: Moment | None = Field(description="When it is tried, while it waits.")
    started_at: Moment | None
    finished_at: Moment | None
    attempts: int
    progress: float | None = Field(description="How far it is, 0 to 1; null when nobody knows.")
    is_cancel_asked: bool = Field(description="Whether it is to be broken off as soon as it can.")
    result: RequestResult | None = Field(description="What came of it; null before it is done.")
    problem: str | None = Field(description="Why the last attempt failed.")

    @classmethod
    def of_request(cls, found: ListedRequest, account: Account) -> "RequestReply":
        """Return what somebody sees of a request."""
        kind = KINDS[found.kind]
        problem = found.problem
        if problem is not None and not account.is_operator:
            # It may name hosts.
            problem = _FAILED
        return cls(
            id=found.request_id,
            kind=found.kind,
            arguments=found.arguments,
            user_id=found.user_id,
            email=found.email,
            state=found.state,
            created_at=found.created_at,
            next_attempt_at=found.due_at if found.state is RequestState.WAITING else None,
            started_at=found.started_at,
            finished_at=found.finished_at,
            attempts=found.attempts,
            progress=found.progress,
            is_cancel_asked=found.is_cancel_asked,
            result=None if found.result is None else kind.result.model_validate(found.result),
            problem=problem,
        )


class RequestPage(Reply):
    """A page of requests."""

    items: list[RequestReply]
    next_cursor: str | None
    total: int | None = Field(description=TOTAL)


def accepted(response: Response, request: RequestReply) -> RequestReply:
    """Answer that a request is kept, and where to follow it."""
    response.headers["Location"] = f"{_PATH}/{request.id}"
    return request


ACCEPTED: Any = {
    202: {
        "description": "A worker carries it out: follow Location.",
        "headers": {
            "Location": {"description": "The request's address.", "schema": {"type": "string"}}
        },
    }
}
"""How an operation that asks for something describes its answer."""


@router.get("", responses=answers(NOT_SIGNED_IN, BAD_CURSOR), name="list")
async def list_requests(
    caller: AnyCaller,
    context: Context,
    kind: Annotated[
        list[RequestKind] | None, Query(max_length=20, description="Only of these kinds.")
    ] = None,
    state: Annotated[
        list[RequestState] | None, Query(max_length=5, description="Only in these states.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    total: WithTotal = False,
) -> RequestPage:
    """List requests, the newest first: one's own, an operator everybody's.

    A token sees those for which it has the scope: operations:read, of channels messages:read.
    """
    before = read_number(cursor, NEWEST)
    page = partial(
        requests_of, identity=caller, kinds=kind, states=state, before=before, most=limit + 1
    )
    count = partial(count_requests_of, identity=caller, kinds=kind, states=state)
    found, counted = await context.database.run(with_total(page, count, is_asked=total))
    shown = [RequestReply.of_request(one, caller.account) for one in found[:limit]]
    return RequestPage(
        items=shown,
        next_cursor=next_page(found, limit, NEWEST, lambda row: row.request_id),
        total=counted,
    )


@router.get("/{request_id}", responses=answers(NOT_SIGNED_IN, NOT_FOUND), name="get")
async def get_request(caller: AnyCaller, context: Context, request_id: RequestId) -> RequestReply:
    """Show what became of a request. A token needs the scope that the list names."""
    work = partial(request_of, identity=caller, request_id=request_id)
    try:
        found = await context.database.run(work)
    except RequestGoneError:
        raise ProblemError(NOT_FOUND, f"there is no request {request_id}") from None
    return RequestReply.of_request(found, caller.account)


@router.delete(
    "/{request_id}", responses=answers(NOT_SIGNED_IN, NOT_FOUND, OTHER_SITE), name="cancel"
)
async def cancel_request(
    caller: AnyCaller, context: Context, request: Request, request_id: RequestId
) -> RequestReply:
    """Cancel a request; one that runs is broken off as soon as it can, an ended one stays.

    A token needs operations:write, for requests about channels messages:write.
    """
    work = partial(
        cancel,
        identity=caller,
        request_id=request_id,
        doer=doer_of(request, caller),
        at=context.clock(),
    )
    try:
        found = await context.database.run(work)
    except RequestGoneError:
        raise ProblemError(NOT_FOUND, f"there is no request {request_id}") from None
    return RequestReply.of_request(found, caller.account)
