"""Tags: words of one's own by which watches are sorted."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from keeper.console.api.shapes import Number, Reply
from keeper.console.auth import WatchReader
from keeper.console.context import Context
from keeper.console.problems import NOT_SIGNED_IN, SCOPE_MISSING, answers
from keeper.pipeline.watches.listed import tags_in_use

router = APIRouter(prefix="/tags", tags=["tags"])


class TagReply(Reply):
    """A tag."""

    tag: str
    watches: int = Field(description="How many have it, removed ones left out.")


class TagList(Reply):
    """Tags by name."""

    items: list[TagReply]


@router.get("", responses=answers(NOT_SIGNED_IN, SCOPE_MISSING), name="list")
async def list_tags(
    caller: WatchReader,
    context: Context,
    owner_id: Annotated[
        Number | None, Query(description="Only of this user; operators see those of others.")
    ] = None,
) -> TagList:
    """List the tags of one's watches; an operator everybody's."""
    work = partial(tags_in_use, account=caller.account, user_id=owner_id)
    found = await context.database.run(work)
    return TagList(items=[TagReply(tag=one.tag, watches=one.watches) for one in found])
