"""Deals: what the saved searches found."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from keeper.console.api.deals.shapes import DealReply
from keeper.console.api.shapes import (
    TEXT,
    Domain,
    GivenMoment,
    Number,
    PriceTypeName,
    Reply,
    parameters,
)
from keeper.console.api.spoken import Spoken
from keeper.console.auth import DealReader
from keeper.console.context import ConsoleContext, Context
from keeper.console.paging import Cursor, Limit, read_cursor, write_cursor
from keeper.console.problems import (
    BAD_CURSOR,
    BAD_REQUEST,
    NOT_FOUND,
    NOT_SIGNED_IN,
    SCOPE_MISSING,
    ProblemError,
    answers,
)
from keeper.console.tags import unless_known
from keeper.pipeline.deals.found import (
    BadPageStartError,
    DealCount,
    DealGoneError,
    DealSort,
    DealStart,
    DealWhere,
    InvalidAmountError,
    amount_of,
    counts_of,
    deal_of,
    deals_of,
)

router = APIRouter(prefix="/deals", tags=["deals"])
_READ = answers(NOT_SIGNED_IN, SCOPE_MISSING)
_LATELY: Final = timedelta(days=1)
_EVENT_ID: Final = "^[0-9a-f]{32}$"


@dataclass(frozen=True, slots=True)
class DealFilters:
    """The filters of a list, as parameters of its address."""

    filter_id: Annotated[Number | None, Query(description="Only of this saved search.")] = None
    domain: Annotated[Domain | None, Query(description="Only of this locale.")] = None
    price_type: Annotated[PriceTypeName | None, Query(description="Only of this price type.")] = (
        None
    )
    min_score: Annotated[
        int, Query(ge=0, le=100, description="Least score; that of the search counts too.")
    ] = 0
    min_discount: Annotated[
        int | None,
        Query(ge=0, le=100, description="At least so many percent below what it usually costs."),
    ] = None
    below: Annotated[
        str | None,
        Query(
            max_length=50,
            pattern=TEXT,
            description="Only what costs less, in the main unit of the locale's currency: 24.99.",
        ),
    ] = None
    since: Annotated[
        GivenMoment | None,
        Query(description="Only those seen again since then; without it since a day ago."),
    ] = None
    owner_id: Annotated[
        Number | None,
        Query(description="Only of this user's searches; operators see those of others."),
    ] = None

    def where(self, context: ConsoleContext, words: str | None) -> DealWhere:
        """Return them as the pipeline takes them.

        Args:
            context: Whose clock counts.
            words: A part of the title, or an ASIN; None for any.

        Raises:
            ProblemError: `below` is no amount.
        """
        below: tuple[int | None, str | None] = (None, None)
        if self.below:
            try:
                below = amount_of(self.below, self.domain)
            except InvalidAmountError as error:
                raise ProblemError(BAD_REQUEST, str(error)) from None
        return DealWhere(
            user_id=self.owner_id,
            filter_id=self.filter_id,
            min_score=self.min_score,
            min_discount=self.min_discount,
            domain=self.domain,
            price_type=self.price_type,
            below_minor=below[0],
            currency=below[1],
            search=(words or "").strip() or None,
            since=self.since or context.clock() - _LATELY,
        )


Filters = Annotated[DealFilters, Depends(parameters(DealFilters))]
Words = Annotated[
    str | None, Query(max_length=200, pattern=TEXT, description="An ASIN, or a part of a title.")
]


class DealPage(Reply):
    """A page of deals."""

    items: list[DealReply]
    next_cursor: str | None = Field(description="Where the next page begins; null after the last.")


class Group(Reply):
    """Deals that have something in common."""

    key: str | None = Field(description="What; null where it is not known.")
    name: str | None = Field(description="Of a search.")
    deals: int


class Aggregations(Reply):
    """How many deals there are, by what they have in common, the largest group first."""

    deals: int = Field(description="In all.")
    by_domain: list[Group]
    by_price_type: list[Group]
    by_filter: list[Group] = Field(description="The key is the search's number.")
    by_score: list[Group] = Field(description="In steps of ten: 60 is 60 to 69, 90 90 to 100.")
    by_discount: list[Group] = Field(description="In steps of ten percent; null: none is known.")
    by_back_in_stock: list[Group]

    @classmethod
    def of_counts(cls, counts: list[DealCount]) -> "Aggregations":
        """Return what the API says of them."""

        def groups(kind: str) -> list[Group]:
            return [
                Group(key=one.key, name=one.name, deals=one.deals)
                for one in counts
                if one.kind == kind
            ]

        return cls(
            deals=next(group.deals for group in groups("all")),
            by_domain=groups("domain"),
            by_price_type=groups("price_type"),
            by_filter=groups("filter"),
            by_score=groups("score"),
            by_discount=groups("discount"),
            by_back_in_stock=groups("back_in_stock"),
        )


@router.get("", responses=_READ | answers(BAD_CURSOR, BAD_REQUEST), name="list")
async def list_deals(
    caller: DealReader,
    context: Context,
    language: Spoken,
    filters: Filters,
    q: Words = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    sort: DealSort = DealSort.BEST,
) -> DealPage:
    """List the deals of one's own searches, the best first; an operator everybody's."""
    if sort is DealSort.CHEAPEST and filters.domain is None:
        raise ProblemError(
            BAD_REQUEST, "sort=price needs domain: amounts in several currencies have no order"
        )
    where = filters.where(context, q)
    work = partial(
        deals_of,
        account=caller.account,
        where=where,
        sort=sort,
        after=_start(cursor, sort),
        most=limit + 1,
    )
    try:
        found = await context.database.run(work)
    except BadPageStartError:
        raise ProblemError(BAD_CURSOR) from None
    last = found[limit - 1] if len(found) > limit else None
    return DealPage(
        items=[DealReply.of_deal(deal, language) for deal in found[:limit]],
        next_cursor=None
        if last is None
        else write_cursor(sort.value, f"{last.sort_key}|{last.event_id}", 0),
    )


def _start(cursor: str | None, sort: DealSort) -> DealStart | None:
    read = read_cursor(cursor, sort.value)
    if read is None:
        return None
    key, _, event_id = read[0].rpartition("|")
    return DealStart(key, event_id)


@router.get("/aggregations", responses=_READ | answers(BAD_REQUEST), name="aggregate")
async def aggregate(
    caller: DealReader, context: Context, filters: Filters, q: Words = None
) -> Aggregations:
    """Count deals by locale, price type, search, score and discount."""
    where = filters.where(context, q)
    work = partial(counts_of, account=caller.account, where=where)
    return Aggregations.of_counts(await context.database.run(work))


@router.get(
    "/{deal_id}",
    responses=_READ | answers(NOT_FOUND) | {304: {"description": "As the ETag says."}},
    response_model=DealReply,
    name="get",
)
async def get(
    caller: DealReader,
    context: Context,
    language: Spoken,
    deal_id: Annotated[str, Path(pattern=_EVENT_ID, description="The deal's id.")],
    request: Request,
    response: Response,
) -> DealReply | Response:
    """Return a deal."""
    try:
        found = await context.database.run(
            partial(deal_of, account=caller.account, event_id=deal_id)
        )
    except DealGoneError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    return unless_known(DealReply.of_deal(found, language), request, response)
