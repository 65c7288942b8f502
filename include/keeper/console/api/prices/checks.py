"""Prices fetched now: of one product, or of all that are watched."""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response, status
from pydantic import Field
from starlette.responses import JSONResponse

from keeper.console.api.prices.shapes import Asin, DomainQuery
from keeper.console.api.shapes import Reply
from keeper.console.auth import PriceReader, WatchWriter, doer_of
from keeper.console.context import ConsoleContext, Context
from keeper.console.problems import (
    LIMIT_REACHED,
    NOT_FOUND,
    NOT_SIGNED_IN,
    OTHER_SITE,
    SCOPE_MISSING,
    UNAVAILABLE,
    ProblemError,
    answers,
    response,
)
from keeper.domain.users.access import Identity
from keeper.domain.watches.watch import DEFAULT_DOMAIN
from keeper.errors import KeeperError
from keeper.pipeline.prices.ask_check import (
    AirflowRejectedError,
    AirflowUnavailableError,
    CheckRun,
    CheckState,
    CheckWanted,
    NoAirflowError,
    ProductKey,
    UnknownCheckError,
    ask_check,
    check_cost,
    check_state,
    known_check,
)
from keeper.pipeline.prices.stored import UnknownProductError

_LOG: Final = logging.getLogger(__name__)
router = APIRouter(tags=["prices"])
_AGAIN_S: Final = "10"
_AWAY: Final = (AirflowUnavailableError, AirflowRejectedError, NoAirflowError)
"""A login that Airflow refuses is the operator's matter, and mended without the reader."""
_DryRun = Annotated[
    bool, Query(description="Only say what it would cost; nothing is fetched or used up.")
]
CheckId = Annotated[
    str,
    Path(pattern="^console__[0-9]{1,19}__[0-9a-f]{32}$", description="As Location names it."),
]


class CheckPlan(Reply):
    """What a check fetches, and what it costs."""

    id: str | None = Field(description="Null in a dry run.")
    products: int
    tokens: int = Field(description="About how many of Keepa's tokens it costs.")


class CheckReply(Reply):
    """How a check is, and what it has done so far."""

    id: str
    state: CheckState
    started_at: datetime | None
    finished_at: datetime | None
    products_planned: int | None
    products_fetched: int | None
    products_missing: int | None = Field(description="Those that Keepa does not know.")
    products_postponed: int | None = Field(
        description="Those left for the next run, as the tokens do not reach."
    )
    tokens_spent: int | None

    @classmethod
    def of_check(cls, check_id: str, state: CheckState, run: CheckRun | None) -> "CheckReply":
        """Return what the API says of a check."""
        return cls(
            id=check_id,
            state=state,
            started_at=run and run.started_at,
            finished_at=run and run.finished_at,
            products_planned=run and run.products_planned,
            products_fetched=run and run.products_fetched,
            products_missing=run and run.products_missing,
            products_postponed=run and run.products_postponed,
            tokens_spent=run and run.tokens_spent,
        )


_ASKED: Final = answers(NOT_SIGNED_IN, SCOPE_MISSING, OTHER_SITE, NOT_FOUND, LIMIT_REACHED) | {
    200: {"model": CheckPlan, "description": "A dry run: what it would cost."},
    202: {"description": "Location says where to look."},
}


def _without_airflow(error: KeeperError) -> JSONResponse:
    # What it says may name hosts.
    _LOG.warning("%s", error)
    return response(UNAVAILABLE, headers={"Retry-After": _AGAIN_S}, part="airflow")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request for a check."""

    caller: Identity
    context: ConsoleContext
    request: Request
    answer: Response
    is_dry_run: bool

    async def answer_about(self, only: ProductKey | None) -> CheckPlan | Response:
        """Answer it for one product, or for all."""
        try:
            return await self._ask(only)
        except UnknownProductError as error:
            raise ProblemError(NOT_FOUND, str(error)) from None
        except _AWAY as error:
            return _without_airflow(error)

    async def _ask(self, only: ProductKey | None) -> CheckPlan:
        context, account = self.context, self.caller.account
        wanted = CheckWanted(account, only, context.request_policy, context.clock())
        if self.is_dry_run:
            cost = await context.database.run(partial(check_cost, wanted=wanted))
            self.answer.status_code = status.HTTP_200_OK
            return CheckPlan(id=None, products=len(cost.keys), tokens=cost.tokens)
        work = partial(
            ask_check,
            airflow=context.airflow,
            wanted=wanted,
            doer=doer_of(self.request, self.caller),
            limits=context.limits,
        )
        check_id, cost = await context.database.run(work)
        self.answer.headers["Location"] = f"/api/v1/checks/{check_id}"
        return CheckPlan(id=check_id, products=len(cost.keys), tokens=cost.tokens)


@router.post(
    "/prices/{asin}:check",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=CheckPlan,
    responses=_ASKED,
    name="check",
)
async def check(
    caller: WatchWriter,
    context: Context,
    asin: Asin,
    request: Request,
    answer: Response,
    domain: DomainQuery = DEFAULT_DOMAIN,
    dry_run: _DryRun = False,
) -> CheckPlan | Response:
    """Have a watched product's prices fetched from Keepa now; a reader one of their own watches."""
    only = ProductKey(asin, domain)
    asked = _Asked(caller, context, request, answer, is_dry_run=dry_run)
    return await asked.answer_about(only)


@router.post(
    "/prices:check",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=CheckPlan,
    responses=_ASKED,
    name="check-all",
)
async def check_all(
    caller: WatchWriter,
    context: Context,
    request: Request,
    answer: Response,
    dry_run: _DryRun = False,
) -> CheckPlan | Response:
    """Have the prices of all one watches fetched from Keepa now; an operator those of everybody."""
    asked = _Asked(caller, context, request, answer, is_dry_run=dry_run)
    return await asked.answer_about(None)


@router.get(
    "/checks/{check_id}",
    response_model=CheckReply,
    responses=answers(NOT_SIGNED_IN, SCOPE_MISSING, NOT_FOUND),
    name="get-check",
)
async def get_check(
    caller: PriceReader, context: Context, check_id: CheckId
) -> CheckReply | Response:
    """Return how a check is that one has asked for, and what it has done."""
    find = partial(known_check, account=caller.account, check_id=check_id)
    try:
        run = await context.database.run(find)
        # Airflow may take its time: PostgreSQL's connections are not kept waiting for it.
        look = partial(check_state, context.airflow, check_id, run)
        state = await context.operations.of_runs(look)
        return CheckReply.of_check(check_id, state, run)
    except UnknownCheckError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    except _AWAY as error:
        return _without_airflow(error)
