"""Where one has signed in, and how to end that elsewhere."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request, status
from pydantic import Field

from keeper.console.api.shapes import Moment, Number, Reply
from keeper.console.auth import SessionCaller, doer_of
from keeper.console.context import Context
from keeper.console.problems import (
    NOT_FOUND,
    NOT_SIGNED_IN,
    OTHER_SITE,
    SESSION_NEEDED,
    ProblemError,
    answers,
)
from keeper.pipeline.users.sign_in import end_other_sessions, end_session, sessions_of

router = APIRouter(prefix="/me/sessions", tags=["sessions"])
_ANSWERS = answers(NOT_SIGNED_IN, SESSION_NEEDED, OTHER_SITE)


class SessionReply(Reply):
    """A browser that is signed in."""

    id: int
    is_this: bool = Field(description="Whether it is the one that asks.")
    created_at: Moment
    expires_at: Moment
    last_used_at: Moment = Field(description="To the minute.")


class SessionList(Reply):
    """One's sessions, the one used last first."""

    items: list[SessionReply]


class EndedReply(Reply):
    """How many sessions ended."""

    ended: int


@router.get("", responses=_ANSWERS, name="list")
async def list_sessions(caller: SessionCaller, context: Context) -> SessionList:
    """List one's sessions; a token lists none."""
    work = partial(sessions_of, account=caller.account, at=context.clock())
    found = await context.database.run(work)
    return SessionList(
        items=[
            SessionReply(
                id=one.session_id,
                is_this=one.session_id == caller.session_id,
                created_at=one.created_at,
                expires_at=one.expires_at,
                last_used_at=one.last_used_at,
            )
            for one in found
        ]
    )


@router.delete("", responses=_ANSWERS, name="end-others")
async def end_others(caller: SessionCaller, context: Context, request: Request) -> EndedReply:
    """Sign out everywhere but here."""
    work = partial(
        end_other_sessions, identity=caller, doer=doer_of(request, caller), at=context.clock()
    )
    return EndedReply(ended=await context.database.run(work))


@router.delete(
    "/{session_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_ANSWERS | answers(NOT_FOUND),
    name="end",
)
async def end(
    caller: SessionCaller,
    context: Context,
    session_id: Annotated[Number, Path(description="The session's number.")],
    request: Request,
) -> None:
    """End one of one's sessions; the browser that has it is signed out."""
    work = partial(
        end_session,
        account=caller.account,
        session_id=session_id,
        doer=doer_of(request, caller),
        at=context.clock(),
    )
    if not await context.database.run(work):
        raise ProblemError(NOT_FOUND, f"there is no session {session_id}")
