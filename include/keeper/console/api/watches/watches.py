"""Watches: what is checked, and at what price to alert."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from keeper.console.api.shapes import TEXT, Domain, Number, PriceTypeName, parameters
from keeper.console.api.watches.shapes import (
    BulkChange,
    BulkReply,
    BulkResult,
    ChangedWatchReply,
    NewWatch,
    Tag,
    WatchPage,
    WatchPatch,
    WatchReply,
)
from keeper.console.auth import WatchReader, WatchWriter
from keeper.console.context import ConsoleContext, Context
from keeper.console.paging import Cursor, Limit, WithTotal, read_cursor, write_cursor
from keeper.console.problems import (
    BAD_CURSOR,
    LIMIT_REACHED,
    NOT_FOUND,
    NOT_SIGNED_IN,
    OTHER_SITE,
    SCOPE_MISSING,
    UNCLEAR_WATCH,
    ProblemError,
    answers,
)
from keeper.console.tags import etag_of, is_known
from keeper.domain.prices.types import PRICE_TYPES
from keeper.domain.watches.tags import MOST_TAGS, InvalidTagError, tags_of
from keeper.domain.watches.watch import WatchStatus
from keeper.pipeline.watches.listed import (
    BadPageStartError,
    ChangedWatch,
    PageStart,
    PageWanted,
    PriceCondition,
    PriceIs,
    Saved,
    UnclearWatchError,
    WatchFilter,
    WatchGoneError,
    WatchSort,
    add_watch,
    change_watch,
    change_watches,
    counted_watches_of,
    remove_watch,
    watch_of,
)

router = APIRouter(prefix="/watches", tags=["watches"])
_READ = answers(NOT_SIGNED_IN, SCOPE_MISSING)
_WRITE = answers(NOT_SIGNED_IN, SCOPE_MISSING, OTHER_SITE)
WatchId = Annotated[Number, Path(description="The watch's number.")]


@dataclass(frozen=True, slots=True)
class _Filters:
    """The filters of a list, as parameters of its address."""

    domain: Annotated[Domain | None, Query(description="Only of this locale.")] = None
    price_type: Annotated[PriceTypeName | None, Query(description="Only of this price type.")] = (
        None
    )
    statuses: Annotated[
        list[WatchStatus] | None,
        Query(
            alias="status",
            max_length=3,
            description="Only with one of these; without it all but removed ones (INACTIVE).",
        ),
    ] = None
    tags: Annotated[
        list[Tag] | None,
        Query(alias="tag", max_length=MOST_TAGS, description="Only with all of these tags."),
    ] = None
    q: Annotated[
        str | None,
        Query(max_length=200, pattern=TEXT, description="An ASIN, or a part of a title."),
    ] = None
    owner_id: Annotated[
        Number | None, Query(description="Only of this user; operators see those of others.")
    ] = None
    price_is: Annotated[
        PriceIs | None,
        Query(
            description="Only with a price at_target (within a percent), dropped within a week, "
            "lowest of 90 days, stale (nobody has looked for two intervals), without_offer or "
            "not_checked."
        ),
    ] = None

    is_held: Annotated[
        bool, Query(description="Only watches whose alerts are held now, by a snooze.")
    ] = False

    def where(self, context: ConsoleContext) -> WatchFilter:
        """Return which watches are asked for."""
        statuses = (WatchStatus.ACTIVE, WatchStatus.PAUSED)
        return WatchFilter(
            statuses=tuple(self.statuses) if self.statuses else statuses,
            domain=self.domain,
            price_type=self.price_type,
            search=self.q or None,
            tags=_tags(self.tags),
            user_id=self.owner_id,
            held_at=context.clock() if self.is_held else None,
            condition=None
            if self.price_is is None
            else PriceCondition(self.price_is, context.clock(), _ages(context)),
        )


def _ages(context: ConsoleContext) -> dict[str, timedelta]:
    """Return from what age the price of each type is stale."""
    return {one.name: context.old_after(one.name) for one in PRICE_TYPES if one.is_price}


def _tags(given: list[str] | None) -> tuple[str, ...] | None:
    """Return tags as they are kept; None for none."""
    try:
        return tags_of(given) if given else None
    except InvalidTagError as error:
        raise ProblemError(UNCLEAR_WATCH, str(error)) from None


@router.get("", responses=_READ | answers(BAD_CURSOR, UNCLEAR_WATCH), name="list")
async def list_watches(
    caller: WatchReader,
    context: Context,
    filters: Annotated[_Filters, Depends(parameters(_Filters))],
    limit: Limit = 100,
    cursor: Cursor = None,
    sort: WatchSort = WatchSort.CHANGED_LAST,
    total: WithTotal = False,
) -> WatchPage:
    """List watches with their current prices: one's own, an operator everybody's."""
    after = read_cursor(cursor, sort.value)
    wanted = PageWanted(
        filters.where(context),
        sort,
        # One more says whether there is a next page.
        limit + 1,
        None if after is None else PageStart(*after),
    )
    try:
        found = await context.database.run(
            partial(counted_watches_of, account=caller.account, wanted=wanted, with_total=total)
        )
    except BadPageStartError:
        raise ProblemError(BAD_CURSOR) from None
    shown = found.watches[:limit]
    last = shown[-1] if len(found.watches) > limit else None
    return WatchPage(
        items=[WatchReply.of_watch(one, context) for one in shown],
        next_cursor=write_cursor(sort.value, last.sort_key, last.watch_id) if last else None,
        total=found.total,
    )


@router.post(
    "",
    responses=_WRITE
    | answers(UNCLEAR_WATCH, LIMIT_REACHED)
    | {201: {"model": ChangedWatchReply, "description": "It is new."}},
    name="add",
)
async def add(
    caller: WatchWriter, context: Context, body: NewWatch, response: Response
) -> ChangedWatchReply:
    """Watch a product; adding it again changes what is given and leaves the rest as it is."""
    text = body.text_of_new()
    work = partial(
        add_watch,
        account=caller.account,
        product=body.product,
        text=text,
        limits=context.limits,
    )
    try:
        changed = await context.database.run(work)
    except UnclearWatchError as error:
        raise ProblemError(UNCLEAR_WATCH, str(error)) from None
    except WatchGoneError:
        raise ProblemError(NOT_SIGNED_IN) from None
    if changed.outcome is Saved.ADDED:
        response.status_code = status.HTTP_201_CREATED
    response.headers["Location"] = f"/api/v1/watches/{changed.watch.watch_id}"
    return ChangedWatchReply.of_change(changed, context)


@router.patch("", responses=_WRITE, name="change-many")
async def change_many(caller: WatchWriter, context: Context, body: BulkChange) -> BulkReply:
    """Change several watches at once; one that cannot be changed leaves the others."""
    work = partial(
        change_watches,
        account=caller.account,
        watch_ids=body.ids,
        text=body.changes.text(),
        limits=context.limits,
    )
    results = await context.database.run(work)
    return BulkReply(
        results=[_bulk(number, one) for number, one in zip(body.ids, results, strict=True)]
    )


def _bulk(number: int, result: ChangedWatch | ValueError | LookupError) -> BulkResult:
    if isinstance(result, ChangedWatch):
        return BulkResult(id=number, outcome=result.outcome, problem=None)
    return BulkResult(id=number, outcome=None, problem=str(result))


@router.get(
    "/{watch_id}",
    responses=_READ | answers(NOT_FOUND) | {304: {"description": "As the ETag says."}},
    response_model=WatchReply,
    name="get",
)
async def get(
    caller: WatchReader, context: Context, watch_id: WatchId, request: Request, response: Response
) -> WatchReply | Response:
    """Return a watch, a removed one too."""
    work = partial(watch_of, account=caller.account, watch_id=watch_id)
    try:
        found = await context.database.run(work)
    except WatchGoneError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    reply = WatchReply.of_watch(found, context)
    tag = etag_of(reply)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if is_known(request, tag):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    response.headers.update(headers)
    return reply


@router.patch(
    "/{watch_id}",
    responses=_WRITE | answers(NOT_FOUND, UNCLEAR_WATCH, LIMIT_REACHED),
    name="change",
)
async def change(
    caller: WatchWriter, context: Context, watch_id: WatchId, body: WatchPatch
) -> ChangedWatchReply:
    """Change what is given of a watch and leave the rest as it is."""
    work = partial(
        change_watch,
        account=caller.account,
        watch_id=watch_id,
        text=body.text(),
        limits=context.limits,
    )
    try:
        changed = await context.database.run(work)
    except UnclearWatchError as error:
        raise ProblemError(UNCLEAR_WATCH, str(error)) from None
    except WatchGoneError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    return ChangedWatchReply.of_change(changed, context)


@router.delete(
    "/{watch_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_WRITE | answers(NOT_FOUND),
    name="remove",
)
async def remove(caller: WatchWriter, context: Context, watch_id: WatchId) -> None:
    """Take a watch off its list; its history stays."""
    work = partial(remove_watch, account=caller.account, watch_id=watch_id)
    try:
        await context.database.run(work)
    except WatchGoneError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
