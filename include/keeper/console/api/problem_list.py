"""Which kinds of error there are; the page that every error's `type` leads to."""

from fastapi import APIRouter

from keeper.console.api.shapes import Reply
from keeper.console.problems import KINDS

router = APIRouter()


class ProblemKindReply(Reply):
    """A kind of error."""

    type: str
    status: int
    title: str
    remedy: str


class ProblemKinds(Reply):
    """All kinds of error."""

    items: list[ProblemKindReply]


@router.get("/problems", tags=["problems"], name="list")
async def list_problems() -> ProblemKinds:
    """List the kinds of error and what to do about each; anybody may read it."""
    return ProblemKinds(
        items=[
            ProblemKindReply(
                type=kind.uri, status=kind.status, title=kind.title, remedy=kind.remedy
            )
            for kind in KINDS
        ]
    )
