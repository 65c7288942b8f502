"""What a product costs, and has cost."""

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from keeper.console.api.cached_route import CachedRoute, shows_product
from keeper.console.api.prices.shapes import (
    Asin,
    DomainQuery,
    HistoryColumns,
    HistoryPage,
    OriginReply,
    PointReply,
    ProductPricesReply,
    SeriesQuery,
    SeriesReply,
    SpanQuery,
)
from keeper.console.auth import PriceReader
from keeper.console.context import Context
from keeper.console.paging import Cursor, Limit, read_cursor, write_cursor
from keeper.console.problems import (
    BAD_CURSOR,
    NOT_FOUND,
    NOT_SIGNED_IN,
    SCOPE_MISSING,
    ProblemError,
    answering,
    answers,
)
from keeper.console.tags import unless_known
from keeper.domain.users.access import Scope
from keeper.domain.watches.watch import DEFAULT_DOMAIN
from keeper.pipeline.prices.stored import (
    PointSort,
    UnknownProductError,
    columns_of,
    history_csv,
    origin_of_price,
    points_page_of,
    prices_of,
)

router = APIRouter(prefix="/prices/{asin}", tags=["prices"], route_class=CachedRoute)
_ANSWERS = answers(NOT_SIGNED_IN, SCOPE_MISSING, NOT_FOUND)
_TAGGED = _ANSWERS | {304: {"description": "As the ETag says."}}


@router.get("", responses=_TAGGED, response_model=ProductPricesReply, name="get")
@shows_product
async def get(
    caller: PriceReader,
    context: Context,
    asin: Asin,
    request: Request,
    response: Response,
    domain: DomainQuery = DEFAULT_DOMAIN,
) -> ProductPricesReply | Response:
    """Return what a product costs now, by price type, each with its age and where it is from."""
    try:
        found = await context.database.run(partial(prices_of, asin=asin, domain=domain))
    except UnknownProductError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    reply = ProductPricesReply.of_product(asin, domain, found, context)
    return unless_known(reply, request, response)


@router.get("/history", responses=_ANSWERS | answers(BAD_CURSOR), name="list-history")
@shows_product
async def list_history(
    caller: PriceReader,
    context: Context,
    series: SeriesQuery,
    span: SpanQuery,
    limit: Limit = 100,
    cursor: Cursor = None,
    sort: PointSort = PointSort.NEWEST_FIRST,
) -> HistoryPage:
    """List each change of a price, page by page."""
    name = series.name()
    work = partial(
        points_page_of,
        series=name,
        span=span.span(),
        sort=sort,
        # One more says whether there is a next page.
        most=limit + 1,
        after=_read_moment(cursor, sort),
    )
    try:
        found = await context.database.run(work)
    except UnknownProductError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    reply = SeriesReply.of_name(name)
    return HistoryPage(
        series=reply,
        items=[PointReply.of_point(one, reply.currency) for one in shown],
        next_cursor=write_cursor(sort, last.observed_at.isoformat(), 0) if last else None,
    )


@router.get(
    "/history/csv",
    responses=_ANSWERS
    | {200: {"description": "CSV.", "content": {"text/csv": {"schema": {"type": "string"}}}}},
    response_class=Response,
    name="export-history",
)
async def export_history(
    caller: PriceReader, context: Context, series: SeriesQuery, span: SpanQuery
) -> Response:
    """Return each change of a price as CSV, the oldest first; amounts in the main unit."""
    name = series.name()
    work = partial(history_csv, series=name, span=span.span())
    with answering({UnknownProductError: NOT_FOUND}):
        text = await context.database.run(work)
    named = f"{name.asin}-{name.domain}-{name.price_type}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{named}"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/origin", responses=_ANSWERS, name="get-origin")
async def get_origin(caller: PriceReader, context: Context, series: SeriesQuery) -> OriginReply:
    """Say where the current price is from: which source, and when who has looked."""
    name = series.name()
    with answering({UnknownProductError: NOT_FOUND}):
        found = await context.database.run(partial(origin_of_price, series=name))
    sees_runs = caller.account.is_operator and not caller.missing([Scope.OPERATIONS_READ])
    return OriginReply(
        series=SeriesReply.of_name(name),
        source=found.source,
        observed_at=found.observed_at,
        seen_at=found.seen_at,
        checked_at=found.last_checked_at,
        run_id=found.run_id if sees_runs else None,
    )


def _read_moment(cursor: str | None, sort: PointSort) -> datetime | None:
    """Return the moment after which a page begins.

    Raises:
        ProblemError: The cursor is none of this list.
    """
    start = read_cursor(cursor, sort)
    if start is None:
        return None
    try:
        moment = datetime.fromisoformat(start[0])
    except ValueError:
        raise ProblemError(BAD_CURSOR) from None
    if moment.tzinfo is None:
        raise ProblemError(BAD_CURSOR)
    return moment


@router.get(
    "/history/columns", responses=_TAGGED, response_model=HistoryColumns, name="get-columns"
)
@shows_product
async def get_columns(
    caller: PriceReader,
    context: Context,
    series: SeriesQuery,
    span: SpanQuery,
    request: Request,
    response: Response,
    points: Annotated[
        int,
        Query(
            ge=20,
            le=10_000,
            description="How many at most. Where there are more, every low and every gap stays in "
            "its place.",
        ),
    ] = 2_000,
    with_shipping: Annotated[bool, Query(description="Whether amounts include shipping.")] = True,
) -> HistoryColumns | Response:
    """Return a price's history as two columns for a chart, led by the price that held at `since`.

    Jumps that nothing has confirmed are left out.
    """
    name = series.name()
    work = partial(
        columns_of, series=name, span=span.span(), points=points, with_shipping=with_shipping
    )
    try:
        columns = await context.database.run(work)
    except UnknownProductError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    reply = HistoryColumns.of_columns(name, columns, with_shipping=with_shipping)
    return unless_known(reply, request, response)
