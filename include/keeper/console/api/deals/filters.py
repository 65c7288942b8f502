"""Saved searches for deals."""

from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Response, status
from pydantic import Field

from keeper.console.api.deals.shapes import FilterReply
from keeper.console.api.shapes import STORABLE, TEXT, Domain, Number, PriceTypeName, Reply
from keeper.console.api.shapes import Request as RequestBody
from keeper.console.auth import DealReader, DealWriter
from keeper.console.context import Context
from keeper.console.paging import OLDEST, Cursor, Limit, next_page, read_number
from keeper.console.problems import (
    BAD_CURSOR,
    BAD_REQUEST,
    LIMIT_REACHED,
    NOT_FOUND,
    NOT_SIGNED_IN,
    OTHER_SITE,
    SCOPE_MISSING,
    answering,
    answers,
)
from keeper.domain.deals.deal import Span
from keeper.pipeline.deals.searches import (
    FilterGoneError,
    FilterText,
    Saved,
    UnclearFilterError,
    WatchStatus,
    add_search,
    change_search,
    remove_search,
    search_of,
    searches_of,
)

router = APIRouter(prefix="/deal-filters", tags=["deal-filters"])
_READ = answers(NOT_SIGNED_IN, SCOPE_MISSING)
_WRITE = answers(NOT_SIGNED_IN, SCOPE_MISSING, OTHER_SITE, BAD_REQUEST)
_OWN = ("name", "domain", "price_type", "min_score", "status")
_PROBLEMS: Final = {UnclearFilterError: BAD_REQUEST, FilterGoneError: NOT_FOUND}
FilterId = Annotated[Number, Path(description="The filter's number.")]
FilterName = Annotated[str, Field(min_length=1, max_length=200, pattern=TEXT)]
Selection = Annotated[dict[str, Any], Field(max_length=100), STORABLE]
Amount = Annotated[str, Field(max_length=50, pattern=TEXT, examples=["24.99"])]


class FilterChanges(RequestBody):
    """What to change of a saved search; what is left out stays, and null takes it away."""

    drop_percent: int | None = Field(
        default=None, ge=10, le=99, description="At least so far below its average."
    )
    over: Span | None = Field(default=None, description="The time of that average.")
    price_min: Amount | None = Field(default=None, description="In the main unit.")
    price_max: Amount | None = Field(default=None, description="In the main unit.")
    categories: list[Number] | None = Field(
        default=None, max_length=500, description="Keepa's numbers of categories."
    )
    title: str | None = Field(
        default=None, max_length=1000, pattern=TEXT, description="Words the title must have."
    )
    min_rating: float | None = Field(default=None, ge=0, le=5, description="Least stars, like 4.5.")
    selection: Selection | None = Field(
        default=None,
        description="Keepa's selection fields by their own names, instead of all there are; they "
        "count before the fields above.",
        examples=[{"isLowest": True}],
    )
    name: FilterName | None = None
    domain: Domain | None = None
    price_type: PriceTypeName | None = None
    min_score: int | None = Field(
        default=None, ge=0, le=100, description="Deals scored below are kept but not shown."
    )
    status: Literal["ACTIVE", "PAUSED"] | None = None

    def text(self) -> FilterText:
        """Return it as the one reader of searches takes it."""
        given = {name: getattr(self, name) for name in self.model_fields_set if name not in _OWN}
        return FilterText(given, self.name, self.domain, self.price_type, self.min_score)


class NewFilter(FilterChanges):
    """A search to save; one of the same name is changed."""

    name: FilterName = Field(description="What you call it.", examples=["keyboards"])
    status: Literal["ACTIVE"] | None = None


class FilterPage(Reply):
    """A page of saved searches."""

    items: list[FilterReply]
    next_cursor: str | None = Field(description="Where the next page begins; null after the last.")


class SavedFilterReply(Reply):
    """A search that was saved."""

    outcome: Saved
    filter: FilterReply


@router.get("", responses=_READ | answers(BAD_CURSOR), name="list")
async def list_filters(
    caller: DealReader,
    context: Context,
    limit: Limit = 100,
    cursor: Cursor = None,
    owner_id: Annotated[
        Number | None, Query(description="Only of this user; operators see those of others.")
    ] = None,
) -> FilterPage:
    """List saved searches with what they found: one's own, an operator everybody's."""
    work = partial(
        searches_of,
        account=caller.account,
        user_id=owner_id,
        after=read_number(cursor, OLDEST),
        most=limit + 1,
    )
    found = await context.database.run(work)
    return FilterPage(
        items=[FilterReply.of_filter(one) for one in found[:limit]],
        next_cursor=next_page(found, limit, OLDEST, lambda row: row.filter_id),
    )


@router.post(
    "",
    responses=_WRITE
    | answers(LIMIT_REACHED)
    | {201: {"model": SavedFilterReply, "description": "It is new."}},
    name="add",
)
async def add(
    caller: DealWriter, context: Context, body: NewFilter, response: Response
) -> SavedFilterReply:
    """Save a search of one's own; each run of collect_deals spends at least 5 tokens on it.

    One of the same name is replaced, and active again.
    """
    work = partial(add_search, account=caller.account, text=body.text(), limits=context.limits)
    with answering(_PROBLEMS | {FilterGoneError: NOT_SIGNED_IN}):
        saved = await context.database.run(work)
    if saved.outcome is Saved.ADDED:
        response.status_code = status.HTTP_201_CREATED
    response.headers["Location"] = f"/api/v1/deal-filters/{saved.search.filter_id}"
    return SavedFilterReply(outcome=saved.outcome, filter=FilterReply.of_filter(saved.search))


@router.get("/{filter_id}", responses=_READ | answers(NOT_FOUND), name="get")
async def get(caller: DealReader, context: Context, filter_id: FilterId) -> FilterReply:
    """Return a saved search with what it found."""
    work = partial(search_of, account=caller.account, filter_id=filter_id)
    with answering(_PROBLEMS):
        return FilterReply.of_filter(await context.database.run(work))


@router.patch("/{filter_id}", responses=_WRITE | answers(NOT_FOUND), name="change")
async def change(
    caller: DealWriter, context: Context, filter_id: FilterId, body: FilterChanges
) -> FilterReply:
    """Change what is given of a saved search, pause it, or run it again."""
    work = partial(
        change_search,
        account=caller.account,
        filter_id=filter_id,
        text=body.text(),
        status=None if body.status is None else WatchStatus(body.status),
    )
    with answering(_PROBLEMS):
        return FilterReply.of_filter(await context.database.run(work))


@router.delete(
    "/{filter_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=answers(NOT_SIGNED_IN, SCOPE_MISSING, OTHER_SITE, NOT_FOUND),
    name="remove",
)
async def remove(caller: DealWriter, context: Context, filter_id: FilterId) -> None:
    """Take a search off its list; its deals stay."""
    work = partial(remove_search, account=caller.account, filter_id=filter_id)
    with answering(_PROBLEMS):
        await context.database.run(work)
