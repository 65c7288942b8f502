"""Runs of the DAGs, and what their checks rejected."""

from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from keeper.console.api.operators import READ, RunFilter, Word
from keeper.console.api.shapes import GivenMoment, Moment, Money, Reply
from keeper.console.auth import OperationsReader
from keeper.console.context import Context
from keeper.console.paging import (
    NEWEST,
    OLDEST,
    TOTAL,
    Cursor,
    Limit,
    WithTotal,
    next_page,
    read_cursor,
    read_number,
    with_total,
    write_cursor,
)
from keeper.console.problems import BAD_CURSOR, NOT_FOUND, ProblemError, answers
from keeper.console.tags import etag_of, is_known
from keeper.pipeline.runs.listed import (
    ListedRun,
    RunStart,
    RunState,
    count_quarantine_of,
    count_runs_of,
    prices_of_run,
    quarantine_of,
    run_of,
    runs_of,
)

router = APIRouter()
_ORDER: Final = "-started_at"
RunId = Annotated[str, Path(max_length=500, description="As the list has it; it has a slash.")]


class RunReply(Reply):
    """A run of a DAG."""

    id: str
    dag_id: str
    source: str = Field(description="keepa, or simulator.")
    state: RunState
    started_at: Moment
    finished_at: Moment | None
    seconds: float | None = Field(description="How long it took; null while it lasts.")
    products_planned: int
    products_postponed: int = Field(description="Left to the next run for want of tokens.")
    products_fetched: int
    products_missing: int
    tokens_estimated: int
    tokens_spent: int
    tokens_left: int | None
    records_checked: int
    records_quarantined: int
    events_published: int
    history_published: int
    points_stored: int
    history_stored: int
    deals_stored: int
    alerts_raised: int
    alerts_sent: int
    series_undelivered: int
    series_unreadable: int
    problem: str | None = Field(description="Why it failed.")

    @classmethod
    def of_run(cls, run: ListedRun) -> "RunReply":
        """Return what the API says of a run."""
        values = asdict(run)
        return cls(id=values.pop("run_id"), seconds=run.seconds, **values)


class RejectedReply(Reply):
    """How many records of a batch failed an expectation."""

    batch: int
    expectation: str
    column: str | None = Field(description="The column at fault; null if several are.")
    records: int


class RunInDetailReply(RunReply):
    """A run, and what its checks rejected by batch."""

    rejected: list[RejectedReply] = Field(description="Empty if every record was good.")


class RunPage(Reply):
    """A page of runs."""

    items: list[RunReply]
    next_cursor: str | None
    total: int | None = Field(description=TOTAL)


class RunPriceReply(Reply):
    """A current price that came with a run."""

    asin: str
    domain: str
    price_type: str
    title: str | None
    price: Money | None = Field(description="Null without an offer, or while Amazon hides it.")
    is_price_hidden: bool
    is_implausible: bool
    observed_at: Moment


class RunPricePage(Reply):
    """A page of current prices that came with a run."""

    items: list[RunPriceReply]
    next_cursor: str | None


class QuarantinedReply(Reply):
    """A record that failed its checks and was published nowhere."""

    id: int
    run_id: str
    batch: int
    row_number: int
    expectation: str = Field(description="What it failed.")
    column: str | None = Field(description="The column at fault; null if several are.")
    asin: str | None
    domain: str | None
    price_type: str | None
    quarantined_at: Moment
    record: dict[str, Any] = Field(description="The whole record; its texts are others'.")


class QuarantinePage(Reply):
    """A page of rejected records."""

    items: list[QuarantinedReply]
    next_cursor: str | None
    total: int | None = Field(description=TOTAL)


def _start(cursor: str | None) -> RunStart | None:
    after = read_cursor(cursor, _ORDER)
    if after is None:
        return None
    moment, _, run_id = after[0].partition(" ")
    try:
        started_at = datetime.fromisoformat(moment)
    except ValueError:
        raise ProblemError(BAD_CURSOR) from None
    if started_at.tzinfo is None or not run_id or "\0" in run_id:
        raise ProblemError(BAD_CURSOR)
    return RunStart(started_at, run_id)


@router.get("/runs", tags=["runs"], responses=READ | answers(BAD_CURSOR), name="list")
async def list_runs(
    caller: OperationsReader,
    context: Context,
    dag_id: Annotated[Word | None, Query(description="Only of this DAG: track_prices …")] = None,
    state: Annotated[
        list[RunState] | None, Query(max_length=3, description="Only in these states.")
    ] = None,
    since: Annotated[
        GivenMoment | None, Query(description="Only those that started then or later.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    total: WithTotal = False,
) -> RunPage:
    """List runs of the DAGs, the one that started last first; operators only."""
    where: dict[str, Any] = {"dag_id": dag_id, "states": state, "since": since}
    page = partial(runs_of, account=caller.account, **where, after=_start(cursor), most=limit + 1)
    count = partial(count_runs_of, account=caller.account, **where)
    found, counted = await context.database.run(with_total(page, count, is_asked=total))
    shown = found[:limit]
    key = f"{shown[-1].started_at.isoformat()} {shown[-1].run_id}" if shown else ""
    return RunPage(
        items=[RunReply.of_run(run) for run in shown],
        next_cursor=write_cursor(_ORDER, key, 0) if len(found) > limit else None,
        total=counted,
    )


@router.get(
    "/runs/{run_id:path}",
    tags=["runs"],
    responses=READ | answers(NOT_FOUND) | {304: {"description": "It is as If-None-Match has it."}},
    response_model=RunInDetailReply,
    name="get",
)
async def get_run(
    caller: OperationsReader, context: Context, request: Request, response: Response, run_id: RunId
) -> RunInDetailReply | Response:
    """Show a run and the reports of its batches; operators only."""
    found = None
    if "\0" not in run_id:
        work = partial(run_of, account=caller.account, run_id=run_id)
        found = await context.database.run(work)
    if found is None:
        raise ProblemError(NOT_FOUND, "there is no such run")
    reply = RunInDetailReply(
        **dict(RunReply.of_run(found.run)),
        rejected=[
            RejectedReply(
                batch=reason.batch,
                expectation=reason.expectation,
                column=reason.column_name,
                records=reason.records,
            )
            for reason in found.rejected
        ],
    )
    tag = etag_of(reply)
    if is_known(request, tag):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return reply


@router.get("/run-prices", tags=["runs"], responses=READ | answers(BAD_CURSOR), name="list-prices")
async def list_run_prices(
    caller: OperationsReader,
    context: Context,
    run_id: Annotated[Word, Query(description="The run, as the list has it.")],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> RunPricePage:
    """List the current prices that came with a run; one that a later run changed is not there."""
    work = partial(
        prices_of_run,
        account=caller.account,
        run_id=run_id,
        after=read_number(cursor, OLDEST),
        most=limit + 1,
    )
    found = await context.database.run(work)
    shown = [
        RunPriceReply(
            asin=row.asin,
            domain=row.domain,
            price_type=row.price_type,
            title=row.title,
            price=Money.of_minor(row.price_minor, row.currency),
            is_price_hidden=row.is_price_hidden,
            is_implausible=row.implausible,
            observed_at=row.observed_at,
        )
        for row in found[:limit]
    ]
    return RunPricePage(
        items=shown, next_cursor=next_page(found, limit, OLDEST, lambda row: row.series_id)
    )


@router.get("/quarantine", tags=["quarantine"], responses=READ | answers(BAD_CURSOR), name="list")
async def list_quarantine(
    caller: OperationsReader,
    context: Context,
    run_id: RunFilter = None,
    asin: Annotated[
        str | None, Query(pattern="^[0-9A-Z]{10}$", description="Only of this product.")
    ] = None,
    expectation: Annotated[
        Word | None, Query(description="Only what failed this expectation.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    total: WithTotal = False,
) -> QuarantinePage:
    """List records that failed their checks, the newest first; operators only."""
    where: dict[str, Any] = {"run_id": run_id, "asin": asin, "expectation": expectation}
    before = read_number(cursor, NEWEST)
    page = partial(quarantine_of, account=caller.account, **where, before=before, most=limit + 1)
    count = partial(count_quarantine_of, account=caller.account, **where)
    found, counted = await context.database.run(with_total(page, count, is_asked=total))
    shown = [
        QuarantinedReply(
            id=row.record_id,
            run_id=row.run_id,
            batch=row.batch,
            row_number=row.row_number,
            expectation=row.expectation,
            column=row.column_name,
            asin=row.asin,
            domain=row.domain,
            price_type=row.price_type,
            quarantined_at=row.quarantined_at,
            record=row.record,
        )
        for row in found[:limit]
    ]
    return QuarantinePage(
        items=shown,
        next_cursor=next_page(found, limit, NEWEST, lambda row: row.record_id),
        total=counted,
    )
