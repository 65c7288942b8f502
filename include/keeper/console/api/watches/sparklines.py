"""What watched prices did lately: the small charts beside a list of watches, all at once."""

from datetime import timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field

from keeper.console.api.shapes import Moment, Number, Reply
from keeper.console.auth import WatchReader
from keeper.console.context import Context
from keeper.console.problems import NOT_SIGNED_IN, SCOPE_MISSING, answers
from keeper.pipeline.watches.listed import SparklineSpan, sparklines_of

router = APIRouter(prefix="/watches/sparklines", tags=["watches"])
_MOST: Final = 100
SparklineDays = Annotated[int, Query(ge=1, le=365, description="How far back.")]
SparklinePoints = Annotated[
    int,
    Query(
        ge=20,
        le=400,
        description="How many of each at most: thinned, its lows, highs and gaps stay.",
    ),
]


class SparklineReply(Reply):
    """A watched price as steps: `amounts[i]` held from `times[i]` on."""

    id: int = Field(description="The watch's number.")
    times: list[int] = Field(description="In seconds since 1970-01-01T00:00:00Z, rising.")
    amounts: list[int | None] = Field(
        description="In minor units of the watch's currency, as the watch counts them; null: there "
        "was no offer."
    )


class SparklineList(Reply):
    """Some watched prices as steps."""

    since: Moment
    items: list[SparklineReply] = Field(
        description="In the order asked for; one of which nothing is stored is left out, and one "
        "that is not there."
    )


@router.get("", responses=answers(NOT_SIGNED_IN, SCOPE_MISSING), name="list-sparklines")
async def list_sparklines(
    caller: WatchReader,
    context: Context,
    watch_ids: Annotated[
        list[Number],
        Query(alias="id", min_length=1, max_length=_MOST, description="The watches' numbers."),
    ],
    days: SparklineDays = 90,
    points: SparklinePoints = 60,
) -> SparklineList:
    """Show what the prices of up to 100 watches did lately, each led by what held before."""
    until = context.clock()
    since = until - timedelta(days=days)
    work = partial(
        sparklines_of,
        account=caller.account,
        watch_ids=list(dict.fromkeys(watch_ids)),
        span=SparklineSpan(since, until, points),
    )
    found = await context.database.run(work)
    return SparklineList(
        since=since,
        items=[SparklineReply(id=one.of_id, times=one.times, amounts=one.amounts) for one in found],
    )
