"""Daily reports of deals."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from keeper.console.api.deals.shapes import (
    NextReport,
    ReportedDealReply,
    ReportReply,
    ReportWithDeals,
)
from keeper.console.api.shapes import GivenMoment, Number, Reply
from keeper.console.api.spoken import Spoken
from keeper.console.auth import DealReader
from keeper.console.context import Context
from keeper.console.paging import NEWEST, Cursor, Limit, next_page, read_number
from keeper.console.problems import (
    BAD_CURSOR,
    NOT_FOUND,
    NOT_SIGNED_IN,
    SCOPE_MISSING,
    ProblemError,
    answers,
)
from keeper.pipeline.deals.found import DealGoneError, next_report, report_of, reports_of

router = APIRouter(prefix="/reports", tags=["reports"])
_READ = answers(NOT_SIGNED_IN, SCOPE_MISSING)


class ReportPage(Reply):
    """A page of daily reports."""

    items: list[ReportReply]
    next_cursor: str | None = Field(description="Where the next page begins; null after the last.")


@router.get("", responses=_READ | answers(BAD_CURSOR), name="list")
async def list_reports(
    caller: DealReader,
    context: Context,
    limit: Limit = 100,
    cursor: Cursor = None,
    since: Annotated[GivenMoment | None, Query(description="Only of then or later.")] = None,
    owner_id: Annotated[
        Number | None, Query(description="Only of this user; operators see those of others.")
    ] = None,
) -> ReportPage:
    """List daily reports, the newest first, and what became of each on each channel."""
    work = partial(
        reports_of,
        account=caller.account,
        user_id=owner_id,
        since=since,
        before=read_number(cursor, NEWEST),
        most=limit + 1,
    )
    found = await context.database.run(work)
    return ReportPage(
        items=[ReportReply.of_report(one) for one in found[:limit]],
        next_cursor=next_page(found, limit, NEWEST, lambda row: row.report.report_id),
    )


@router.get("/next", responses=_READ | answers(NOT_FOUND), name="preview")
async def preview(caller: DealReader, context: Context, language: Spoken) -> NextReport:
    """Return the report that would come now; nothing is sent and nothing counts as reported."""
    work = partial(next_report, account=caller.account, at=context.clock())
    try:
        return NextReport.of_report(await context.database.run(work), language)
    except DealGoneError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None


@router.get("/{report_id}", responses=_READ | answers(NOT_FOUND), name="get")
async def get(
    caller: DealReader,
    context: Context,
    language: Spoken,
    report_id: Annotated[Number, Path(description="The report's number.")],
) -> ReportWithDeals:
    """Return a daily report with its deals, as it was sent."""
    work = partial(report_of, account=caller.account, report_id=report_id)
    try:
        found, report = await context.database.run(work)
    except DealGoneError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    return ReportWithDeals(
        report=ReportReply.of_report(found),
        deals=[ReportedDealReply.of_deal(deal, language) for deal in report.deals],
    )
