"""Keepa's tokens: the balance, what they went to, and what the next run would ask for."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from keeper.console.api.operators import READ, RunFilter, Word
from keeper.console.api.shapes import GivenMoment, Moment, Reply
from keeper.console.auth import OperationsReader
from keeper.console.context import Context
from keeper.console.paging import (
    MOST,
    NEWEST,
    TOTAL,
    Cursor,
    Limit,
    WithTotal,
    next_page,
    read_number,
    with_total,
)
from keeper.console.problems import BAD_CURSOR, answers
from keeper.domain.tokens.plan import Candidate
from keeper.pipeline.runs.listed import RequestState, count_token_requests_of, token_requests_of
from keeper.pipeline.tokens.account import balances_of, plan_of_next

router = APIRouter(prefix="/tokens", tags=["tokens"])
TokenState = Literal["RESERVED", "CHARGED", "REFUSED", "UNKNOWN"]
_DAY: Final = timedelta(days=1)


class TokenUseReply(Reply):
    """What one endpoint of Keepa's has cost."""

    endpoint: str
    requests: int
    products: int
    estimated: int
    charged: int
    unsettled: int = Field(description="Estimates of requests whose reply never came.")
    elsewhere: int = Field(description="Spent by other programs on the same key.")


class TokenBalanceReply(Reply):
    """An account of Keepa's."""

    source: str = Field(description="keepa, or simulator.")
    account: str = Field(description="A fingerprint of the key, by which the ledger knows it.")
    left: int = Field(description="Now, by Keepa's last report and its refills since.")
    most: int = Field(description="More do not gather.")
    refill_per_minute: int
    reserve: int = Field(description="Kept back for products about to alert.")
    reported_at: Moment = Field(description="When Keepa last reported the balance.")
    spent: list[TokenUseReply] = Field(description="Since `since`, the dearest endpoint first.")


class TokensReply(Reply):
    """Balances, the account in use first."""

    since: Moment
    items: list[TokenBalanceReply]


class PlannedProduct(Reply):
    """A product as the next run would ask for it."""

    asin: str
    domain: str
    detail: str = Field(description="How much is asked for: basic, buy_box or offers.")
    last_checked_at: Moment | None
    distance: float | None = Field(
        description="How far its price is above the nearest target, as a share of the target."
    )
    changes: int = Field(description="Price changes in the last 30 days.")
    priority: int = Field(description="1 high, 0, -1 low.")


class TokenPlanReply(Reply):
    """What the next run would do."""

    summary: str | None = Field(description="For people; null before Keepa reported a balance.")
    products_now: int
    products_later: int = Field(description="Left to the run after it for want of tokens.")
    cost: int = Field(description="Tokens the run is expected to spend.")
    reserve: int
    wait_s: int = Field(description="How long the run will wait for refills.")
    now: list[PlannedProduct] = Field(description="The first of them, the most valuable first.")
    later: list[PlannedProduct] = Field(description="The first of them.")


class TokenRequestReply(Reply):
    """A request to Keepa."""

    id: int
    run_id: str | None = Field(description="Null outside runs.")
    endpoint: str
    domain: str | None
    products: int
    detail: str | None
    state: TokenState
    http_status: int | None
    tokens_estimated: int
    tokens_charged: int | None
    tokens_left: int | None
    requested_at: Moment
    settled_at: Moment | None


class TokenLedgerPage(Reply):
    """A page of requests to Keepa."""

    items: list[TokenRequestReply]
    next_cursor: str | None
    total: int | None = Field(description=TOTAL)


@router.get("", responses=READ, name="get")
async def get_tokens(
    caller: OperationsReader,
    context: Context,
    since: Annotated[
        GivenMoment | None, Query(description="Count what was spent since; a day if not given.")
    ] = None,
) -> TokensReply:
    """Show Keepa's token balance and what the tokens went to; operators only.

    Keepa is not asked.
    """
    now = context.clock()
    first = since or now - _DAY
    found = await context.database.run(partial(balances_of, account=caller.account, since=first))
    return TokensReply(
        since=first,
        items=[
            TokenBalanceReply(
                source="simulator" if balance.account.is_simulated else "keepa",
                account=balance.account.account,
                left=balance.account.reading.left_at(now),
                most=balance.account.reading.cap,
                refill_per_minute=balance.account.reading.refill,
                reserve=balance.account.reserve,
                reported_at=balance.account.reading.read_at,
                spent=[
                    TokenUseReply(
                        endpoint=use.endpoint,
                        requests=use.requests,
                        products=use.products,
                        estimated=use.estimated,
                        charged=use.charged,
                        unsettled=use.unsettled,
                        elsewhere=use.elsewhere,
                    )
                    for use in balance.spent
                ],
            )
            for balance in found
        ],
    )


@router.get("/plan", responses=READ, name="plan")
async def get_plan(
    caller: OperationsReader,
    context: Context,
    limit: Annotated[int, Query(ge=0, le=MOST, description="How many products of each list.")] = 20,
) -> TokenPlanReply:
    """Show what the next price run would check and cost, by the balance last reported."""
    now, operations = context.clock(), context.operations
    work = partial(
        plan_of_next,
        account=caller.account,
        at=now,
        policy=operations.policy,
        reserve_share=operations.reserve_share,
    )
    plan = await context.database.run(work)
    if plan is None:
        return TokenPlanReply(
            summary=None,
            products_now=0,
            products_later=0,
            cost=0,
            reserve=0,
            wait_s=0,
            now=[],
            later=[],
        )
    return TokenPlanReply(
        summary=plan.summary(now),
        products_now=len(plan.now),
        products_later=len(plan.later),
        cost=plan.cost,
        reserve=plan.reserve,
        wait_s=int(plan.wait(now).total_seconds()),
        now=_products(plan.now, limit),
        later=_products(plan.later, limit),
    )


def _products(products: Sequence[Candidate], limit: int) -> list[PlannedProduct]:
    return [
        PlannedProduct(
            asin=product.asin,
            domain=product.domain,
            detail=product.detail.value,
            last_checked_at=product.last_checked_at,
            distance=product.distance,
            changes=product.changes,
            priority=product.priority,
        )
        for product in products[:limit]
    ]


@router.get("/ledger", responses=READ | answers(BAD_CURSOR), name="ledger")
async def list_ledger(
    caller: OperationsReader,
    context: Context,
    run_id: RunFilter = None,
    endpoint: Annotated[Word | None, Query(description="Keepa's name of it: product …")] = None,
    state: Annotated[
        list[TokenState] | None, Query(max_length=4, description="Only in these states.")
    ] = None,
    since: Annotated[
        GivenMoment | None, Query(description="Only those made then or later.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    total: WithTotal = False,
) -> TokenLedgerPage:
    """List requests to Keepa, the newest first; operators only."""
    where: dict[str, Any] = {
        "run_id": run_id,
        "endpoint": endpoint,
        "states": None if state is None else [RequestState(name) for name in state],
        "since": since,
    }
    before = read_number(cursor, NEWEST)
    page = partial(
        token_requests_of, account=caller.account, **where, before=before, most=limit + 1
    )
    count = partial(count_token_requests_of, account=caller.account, **where)
    found, counted = await context.database.run(with_total(page, count, is_asked=total))
    shown = [
        TokenRequestReply(
            id=row.request_id,
            run_id=row.run_id,
            endpoint=row.endpoint,
            domain=row.domain,
            products=row.products,
            detail=row.detail,
            state=row.state.value,
            http_status=row.http_status,
            tokens_estimated=row.tokens_estimated,
            tokens_charged=row.tokens_charged,
            tokens_left=row.tokens_left,
            requested_at=row.requested_at,
            settled_at=row.settled_at,
        )
        for row in found[:limit]
    ]
    return TokenLedgerPage(
        items=shown,
        next_cursor=next_page(found, limit, NEWEST, lambda row: row.request_id),
        total=counted,
    )
