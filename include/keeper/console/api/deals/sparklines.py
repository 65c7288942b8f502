"""What the prices of deals did before: the small charts beside a list of deals, all at once."""

from datetime import timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints

from keeper.console.api.shapes import Moment, Reply
from keeper.console.api.watches.sparklines import SparklineDays, SparklinePoints
from keeper.console.auth import DealReader
from keeper.console.context import Context
from keeper.console.problems import NOT_SIGNED_IN, SCOPE_MISSING, answers
from keeper.pipeline.deals.found import SparklineSpan, deal_sparklines_of

router = APIRouter(prefix="/deals/sparklines", tags=["deals"])
_MOST: Final = 100
_DealId = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]


class DealSparkline(Reply):
    """The price of a deal's product as steps: `amounts[i]` held from `times[i]` on."""

    id: str = Field(description="The deal's id.")
    times: list[int] = Field(description="In seconds since 1970-01-01T00:00:00Z, rising.")
    amounts: list[int | None] = Field(
        description="In minor units of the deal's currency, with shipping; null: no offer."
    )


class DealSparklineList(Reply):
    """The prices of some deals as steps."""

    since: Moment
    items: list[DealSparkline] = Field(
        description="In the order asked for; a product that nobody watched has no history and is "
        "left out, and so is a deal that is not there."
    )


@router.get("", responses=answers(NOT_SIGNED_IN, SCOPE_MISSING), name="list-sparklines")
async def list_deal_sparklines(
    caller: DealReader,
    context: Context,
    deal_ids: Annotated[
        list[_DealId],
        Query(alias="id", min_length=1, max_length=_MOST, description="The deals' ids."),
    ],
    days: SparklineDays = 365,
    points: SparklinePoints = 100,
) -> DealSparklineList:
    """Show what the products of up to 100 deals cost before, as far as it is stored."""
    until = context.clock()
    span = SparklineSpan(until - timedelta(days=days), until, points)
    work = partial(
        deal_sparklines_of,
        account=caller.account,
        event_ids=list(dict.fromkeys(deal_ids)),
        span=span,
    )
    found = await context.database.run(work)
    return DealSparklineList(
        since=span.since,
        items=[DealSparkline(id=one.of_id, times=one.times, amounts=one.amounts) for one in found],
    )
