"""Notices to the operator: what is wrong, since when, and what to do."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from keeper.console.api.operators import READ, Word
from keeper.console.api.shapes import Moment, Reply
from keeper.console.auth import OperationsReader
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
from keeper.console.problems import BAD_CURSOR, answers
from keeper.pipeline.services.overview import count_notices_of, notices_of

router = APIRouter(prefix="/notices", tags=["notices"])


class NoticeReply(Reply):
    """A notice to the operator."""

    id: int
    topic: str = Field(description="What it is about: tokens, run:track_prices …")
    subject: str
    details: str = Field(description="What to do.")
    since: Moment
    raised_at: Moment
    last_seen_at: Moment
    times: int = Field(description="How often it was seen.")
    resolved_at: Moment | None = Field(description="Null while it lasts.")
    notified: str | None = Field(description="By which channels, each with its message's state.")


class NoticePage(Reply):
    """A page of notices."""

    items: list[NoticeReply]
    next_cursor: str | None
    total: int | None = Field(description=TOTAL)


@router.get("", responses=READ | answers(BAD_CURSOR), name="list")
async def list_notices(
    caller: OperationsReader,
    context: Context,
    with_resolved: Annotated[bool, Query(description="Those that are over too.")] = False,
    topic: Annotated[Word | None, Query(description="Only about this.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    total: WithTotal = False,
) -> NoticePage:
    """List what is wrong now, the newest first; operators only."""
    where: dict[str, Any] = {"with_resolved": with_resolved, "topic": topic}
    before = read_number(cursor, NEWEST)
    page = partial(notices_of, account=caller.account, **where, before=before, most=limit + 1)
    count = partial(count_notices_of, account=caller.account, **where)
    found, counted = await context.database.run(with_total(page, count, is_asked=total))
    shown = [
        NoticeReply(
            id=notice.notice_id,
            topic=notice.topic,
            subject=notice.subject,
            details=notice.details,
            since=notice.since,
            raised_at=notice.raised_at,
            last_seen_at=notice.last_seen_at,
            times=notice.times,
            resolved_at=notice.resolved_at,
            notified=notice.channels,
        )
        for notice in found[:limit]
    ]
    return NoticePage(
        items=shown,
        next_cursor=next_page(found, limit, NEWEST, lambda notice: notice.notice_id),
        total=counted,
    )
