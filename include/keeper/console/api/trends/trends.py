"""How prices of a category or brand move, and whose price is far from its usual one."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from keeper.console.api.prices.shapes import PriceTypeQuery
from keeper.console.api.shapes import (
    DOMAIN_SCHEMA,
    TEXT,
    Domain,
    GivenMoment,
    Moment,
    Money,
    Number,
    Reply,
)
from keeper.console.auth import PriceReader
from keeper.console.context import Context
from keeper.console.paging import Cursor, Limit, read_cursor, write_cursor
from keeper.console.problems import (
    BAD_CURSOR,
    NOT_SIGNED_IN,
    SCOPE_MISSING,
    ProblemError,
    answers,
)
from keeper.domain.watches.watch import DEFAULT_PRICE_TYPE
from keeper.pipeline.trends.read import (
    LASTING,
    Group,
    Mover,
    PageKey,
    Scope,
    TrendRow,
    index_days,
    movers_for,
    trend_page,
)

router = APIRouter(tags=["trends"])
_READ = answers(NOT_SIGNED_IN, SCOPE_MISSING)
_ORDER: Final = "-started_at"
_MOST_DAYS: Final = 800
_DomainQuery = Annotated[Domain, Query(description="The locale.", json_schema_extra=DOMAIN_SCHEMA)]
_CategoryQuery = Annotated[
    Number | None, Query(description="Only of this root category: Keepa's number of it.")
]
_BrandQuery = Annotated[
    str | None,
    Query(max_length=100, pattern=TEXT, description="Only of this brand, as Amazon writes it."),
]


class TrendReply(Reply):
    """What changed in a window; docs/TRENDS.md defines each figure."""

    started_at: Moment
    ended_at: Moment
    root_category: int | None = Field(description="Keepa's number; null for the whole locale.")
    brand: str | None = Field(description="Null for the whole category or locale.")
    products: int = Field(description="With a point in the window: what the row rests on.")
    changes: int
    drops: int
    drop_share: float | None = Field(description="Of the changes, 0 to 1.")
    median_drop_percent: float | None
    sold_out_share: float = Field(description="Of the products: without an offer at its end.")
    deals: int | None = Field(description="Products of which a deal was found; null of a brand.")
    mean_score: float | None = Field(description="Of these deals.")

    @classmethod
    def of_row(cls, row: TrendRow, span: str) -> "TrendReply":
        """Return what the API says of a window."""
        return cls(
            started_at=row.started_at,
            ended_at=row.started_at + LASTING[span],
            root_category=row.root_category or None,
            brand=row.brand or None,
            products=row.products,
            changes=row.changes,
            drops=row.drops,
            drop_share=round(row.drops / row.changes, 4) if row.changes else None,
            median_drop_percent=None if row.median_drop_bp is None else row.median_drop_bp / 100,
            sold_out_share=round(row.sold_out / row.products, 4),
            deals=None if row.brand else row.deals,
            mean_score=round(row.deal_score_sum / row.deals, 1) if row.deals else None,
        )


class TrendPage(Reply):
    """A page of windows, the newest first."""

    items: list[TrendReply]
    floor: int = Field(description="Rows of fewer products are left out.")
    next_cursor: str | None = Field(description="Where the next page begins; null after the last.")


class IndexDayReply(Reply):
    """A day of a price index."""

    day: date = Field(description="In UTC.")
    products: int = Field(description="What the day rests on, whether their prices moved or not.")
    moved: int = Field(description="How many of them had a point.")
    step_percent: Decimal = Field(description="By how much the day moved.")
    price_index: Decimal = Field(description="100 before the first day.")


class IndexReply(Reply):
    """A price index, the oldest day first."""

    items: list[IndexDayReply]
    floor: int = Field(description="Days of fewer products are left out and move nothing.")


class MoverReply(Reply):
    """A product whose price is far from its usual one."""

    asin: str
    domain: Domain
    price_type: str
    title: str | None
    price: Money | None = Field(description="What it costs, with shipping.")
    usual: Money | None = Field(description="The median of the 90 days before.")
    change_percent: Decimal = Field(description="From the usual price.")
    z_score: Decimal = Field(description="Below zero for a drop; beyond 3.5 is unusual.")
    days: int = Field(description="With a price among the 90: what it rests on.")

    @classmethod
    def of_mover(cls, mover: Mover) -> "MoverReply":
        """Return what the API says of a mover."""
        return cls(
            asin=mover.asin,
            domain=mover.domain,
            price_type=mover.price_type,
            title=mover.title,
            price=Money.of_minor(mover.price_minor, mover.currency),
            usual=Money.of_minor(mover.median_minor, mover.currency),
            change_percent=mover.change_percent,
            z_score=mover.z_score,
            days=mover.days,
        )


class MoversReply(Reply):
    """Movers of a day, the farthest from their usual price first."""

    day: date = Field(description="In UTC.")
    items: list[MoverReply]


@router.get("/trends", responses=_READ | answers(BAD_CURSOR), name="list")
async def list_trends(
    caller: PriceReader,
    context: Context,
    domain: _DomainQuery,
    price_type: PriceTypeQuery = DEFAULT_PRICE_TYPE,
    scope: Annotated[Scope, Query(description="Of what: one row each a window.")] = "category",
    span: Annotated[
        Literal["6h", "day"], Query(description="Six hours from each hour on, or days in UTC.")
    ] = "day",
    root_category: _CategoryQuery = None,
    brand: _BrandQuery = None,
    since: Annotated[GivenMoment | None, Query(description="Begun then or later.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> TrendPage:
    """List how prices of a locale, its root categories or their brands moved, by windows."""
    work = partial(
        trend_page,
        group=Group(domain, price_type, root_category, brand),
        span=span,
        scope=scope,
        floor=context.trends_floor,
        since=since,
        after=_read_key(cursor),
        most=limit + 1,
    )
    found = await context.database.run(work)
    last = found[limit - 1] if len(found) > limit else None
    return TrendPage(
        items=[TrendReply.of_row(row, span) for row in found[:limit]],
        floor=context.trends_floor,
        next_cursor=None if last is None else _write_key(last),
    )


@router.get("/trends/index", responses=_READ, name="get-index")
async def get_index(
    caller: PriceReader,
    context: Context,
    domain: _DomainQuery,
    price_type: PriceTypeQuery = DEFAULT_PRICE_TYPE,
    root_category: _CategoryQuery = None,
    brand: _BrandQuery = None,
    days: Annotated[int, Query(ge=1, le=_MOST_DAYS, description="Of the last days.")] = 90,
) -> IndexReply:
    """Return the price index of a locale, of a root category, or of a brand in one."""
    today = context.clock().date()
    work = partial(
        index_days,
        group=Group(domain, price_type, root_category, brand),
        first_day=today - timedelta(days=days),
        last_day=today,
        floor=context.trends_floor,
    )
    found = await context.database.run(work)
    return IndexReply(
        items=[IndexDayReply(**asdict(day)) for day in found], floor=context.trends_floor
    )


@router.get("/movers", responses=_READ, name="list-movers")
async def list_movers(
    caller: PriceReader,
    context: Context,
    domain: Annotated[Domain | None, Query(description="Only in this locale.")] = None,
    price_type: PriceTypeQuery = DEFAULT_PRICE_TYPE,
    day: Annotated[date | None, Query(description="In UTC; without it today.")] = None,
    least_z: Annotated[
        float, Query(ge=0, le=1000, description="Only those at least so far from the usual.")
    ] = 3.5,
    limit: Limit = 50,
) -> MoversReply:
    """List products of one's watches and deals whose price is unusual; an operator sees all."""
    asked = day or context.clock().date()
    work = partial(
        movers_for,
        account=caller.account,
        day=asked,
        domain=domain,
        price_type=price_type,
        least_z=least_z,
        most=limit,
    )
    found = await context.database.run(work)
    return MoversReply(day=asked, items=[MoverReply.of_mover(one) for one in found])


def _write_key(row: TrendRow) -> str:
    return write_cursor(_ORDER, f"{row.started_at.isoformat()} {row.brand}", row.root_category)


def _read_key(cursor: str | None) -> PageKey:
    start = read_cursor(cursor, _ORDER)
    if start is None:
        return PageKey()
    moment, _, brand = start[0].partition(" ")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        raise ProblemError(BAD_CURSOR) from None
    if at.tzinfo is None:
        raise ProblemError(BAD_CURSOR)
    return PageKey(at, start[1], brand)
