"""Indices of Elasticsearch made anew."""

from functools import partial

from fastapi import APIRouter, Request, Response, status

from keeper.console.api.operators import WRITE
from keeper.console.api.requests.requests import ACCEPTED, RequestReply, accepted
from keeper.console.auth import OperationsWriter, doer_of
from keeper.console.context import Context
from keeper.pipeline.requests.ask import RequestKind, ask
from keeper.pipeline.requests.rebuilds import Rebuild

router = APIRouter(prefix="/search", tags=["search"])


@router.post(
    "/rebuilds",
    status_code=status.HTTP_202_ACCEPTED,
    responses=WRITE | ACCEPTED,
    name="rebuild",
)
async def rebuild(
    caller: OperationsWriter, context: Context, request: Request, body: Rebuild, response: Response
) -> RequestReply:
    """Ask for an index to be made anew from PostgreSQL; searching and indexing go on meanwhile.

    Asking again before it is done returns the same request.
    """
    work = partial(
        ask,
        kind=RequestKind.REBUILD_SEARCH,
        arguments=body,
        doer=doer_of(request, caller),
        at=context.clock(),
    )
    asked = await context.database.run(work)
    return accepted(response, RequestReply.of_request(asked.request, caller.account))
