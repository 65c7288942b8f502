"""How Keeper is: its parts, and flat numbers for dashboards."""

from functools import partial

from fastapi import APIRouter
from pydantic import Field

from keeper.console.api.shapes import Moment, Reply
from keeper.console.auth import AnyCaller, WatchReader
from keeper.console.context import Context
from keeper.console.problems import NOT_SIGNED_IN, SCOPE_MISSING, answers
from keeper.domain.users.access import Scope
from keeper.pipeline.services.health import HealthState
from keeper.pipeline.services.overview import summary_of

router = APIRouter()


class PartReply(Reply):
    """A part of Keeper."""

    part: str
    state: HealthState
    says: str | None = Field(description="A sentence; for operators, it may name hosts.")


class StatusReply(Reply):
    """How Keeper is."""

    status: HealthState = Field(description="The worst of its parts.")
    time: Moment = Field(description="Keeper's clock.")
    parts: list[PartReply]


class SummaryReply(Reply):
    """Flat numbers about what is one's own, for operators about everything."""

    watches: int = Field(description="Active watches.")
    watches_paused: int
    products: int = Field(description="Different products in different locales.")
    at_target: int = Field(description="Watches whose price is at their target now.")
    without_offer: int = Field(description="Watches whose product nobody offers now.")
    stale: int = Field(description="Watches not checked within two intervals.")
    last_checked_at: Moment | None
    next_check_at: Moment | None = Field(
        description="When all prices are checked next; null while that is paused or nobody knows."
    )
    alerts_24h: int
    alerts_7d: int
    messages_waiting: int = Field(description="Messages that were not delivered yet.")
    tokens_left: int | None = Field(
        description="Keepa's tokens now; this and what follows is for operators, else null."
    )
    tokens_most: int | None
    prices_checked_at: Moment | None = Field(description="When the last price run ended well.")
    runs_failed_24h: int | None
    notices_open: int | None
    requests_open: int | None
    quarantined_24h: int | None


@router.get("/status", tags=["status"], responses=answers(NOT_SIGNED_IN), name="get")
async def get_status(caller: AnyCaller, context: Context) -> StatusReply:
    """Show how Keeper's parts are, asked at most every five seconds; a token needs no scope."""
    found = await context.operations.health()
    is_operator = caller.account.is_operator and not caller.missing([Scope.OPERATIONS_READ])
    order = list(HealthState).index
    return StatusReply(
        status=max((one.state for one in found), key=order, default=HealthState.READY),
        time=context.clock(),
        parts=[
            PartReply(part=one.part, state=one.state, says=one.says if is_operator else None)
            for one in found
        ],
    )


@router.get(
    "/summary", tags=["summary"], responses=answers(NOT_SIGNED_IN, SCOPE_MISSING), name="get"
)
async def get_summary(caller: WatchReader, context: Context) -> SummaryReply:
    """Show flat numbers for a dashboard, as Home Assistant's REST sensor reads them.

    Operators' numbers need the scope operations:read too.
    """
    now = context.clock()
    work = partial(
        summary_of,
        account=caller.account,
        at=now,
        stale_before=now - context.old_after("NEW"),
        with_operations=not caller.missing([Scope.OPERATIONS_READ]),
    )
    found = await context.database.run(work)
    next_run = await context.next_run.find(context.airflow, context.operations, context.clock)
    watches, alerts, whole, tokens = found.watches, found.alerts, found.operator, found.tokens
    return SummaryReply(
        watches=watches.active,
        watches_paused=watches.paused,
        products=watches.products,
        at_target=watches.at_target,
        without_offer=watches.without_offer,
        stale=watches.stale,
        last_checked_at=watches.last_checked_at,
        next_check_at=next_run,
        alerts_24h=alerts.of_a_day,
        alerts_7d=alerts.of_a_week,
        messages_waiting=alerts.waiting_messages,
        tokens_left=tokens.reading.left_at(now) if tokens else None,
        tokens_most=tokens.reading.cap if tokens else None,
        prices_checked_at=whole.prices_checked_at if whole else None,
        runs_failed_24h=whole.failed_runs if whole else None,
        notices_open=whole.open_notices if whole else None,
        requests_open=whole.open_requests if whole else None,
        quarantined_24h=whole.quarantined_records if whole else None,
    )
