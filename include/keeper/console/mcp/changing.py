"""The tools that change the user's watches, or have prices fetched: for tokens that may write."""

from functools import partial
from typing import Any, Final

from pydantic import Field

from keeper.console.api.watches.shapes import Rules, TargetText, WatchReply
from keeper.console.mcp.reading import ListedWatch
from keeper.console.mcp.tool import (
    Arguments,
    Call,
    DomainChoice,
    ProductText,
    Tool,
    ToolAnswer,
    ToolError,
    product_of,
)
from keeper.domain.users.access import Scope
from keeper.domain.watches.watch import WatchStatus
from keeper.pipeline.prices.ask_check import (
    AirflowRejectedError,
    AirflowUnavailableError,
    CheckWanted,
    NoAirflowError,
    ProductKey,
    ask_check,
    check_cost,
)
from keeper.pipeline.prices.stored import UnknownProductError
from keeper.pipeline.watches.listed import (
    NOTHING,
    ChangedWatch,
    UnclearWatchError,
    WatchGoneError,
    WatchText,
    add_watch,
    change_watch,
)


class NewWatchArguments(Arguments):
    """A product to watch."""

    product: ProductText
    domain: DomainChoice = None
    target: TargetText = None
    rules: Rules | None = None


class ChangeArguments(Arguments):
    """What to change of a watch; what is left out stays."""

    watch_id: int = Field(ge=1, lt=2**63)
    target: TargetText = None
    rules: Rules | None = None
    status: WatchStatus | None = None


class ChangeAnswer(ToolAnswer):
    """A watch as it is now."""

    outcome: str
    changes: list[str] = Field(description="What changed, with its former and its new value.")
    watch: ListedWatch

    @classmethod
    def of_change(cls, changed: ChangedWatch, call: Call) -> "ChangeAnswer":
        """Return what became of a watch."""
        reply = WatchReply.of_watch(changed.watch, call.context)
        return cls(
            outcome=changed.outcome.value,
            changes=list(changed.changes),
            watch=ListedWatch.of_reply(reply, reply.domain),
        )


async def watch_product(call: Call, asked: NewWatchArguments) -> ChangeAnswer:
    """Watch a product for the user, with a target, rules or both; again it changes what is given.

    Ask the user before you call it.
    """
    text = WatchText(domain=asked.domain, target=asked.target, rules=_rules(asked.rules))
    work = partial(
        add_watch,
        account=call.caller.account,
        product=asked.product,
        text=text,
        limits=call.context.limits,
    )
    return await _changed(call, work)


async def change_a_watch(call: Call, asked: ChangeArguments) -> ChangeAnswer:
    """Change a watch of the user's, pause it (PAUSED) or take it off the list (INACTIVE).

    Ask the user before you call it.
    """
    target = asked.target
    if target is None and "target" in asked.model_fields_set:
        target = NOTHING
    status = None if asked.status is None else asked.status.value
    text = WatchText(target=target, rules=_rules(asked.rules), status=status)
    work = partial(
        change_watch,
        account=call.caller.account,
        watch_id=asked.watch_id,
        text=text,
        limits=call.context.limits,
    )
    return await _changed(call, work)


async def _changed(call: Call, work: Any) -> ChangeAnswer:
    try:
        changed = await call.context.database.run(work)
    except (UnclearWatchError, WatchGoneError) as error:
        raise ToolError(str(error)) from None
    return ChangeAnswer.of_change(changed, call)


def _rules(rules: list[str] | None) -> str | None:
    return None if rules is None else "; ".join(rules) or NOTHING


class CheckArguments(Arguments):
    """A watched product."""

    product: ProductText
    domain: DomainChoice = None
    is_confirmed: bool = Field(
        default=False, description="False only says how many tokens it costs."
    )


class CheckAnswer(ToolAnswer):
    """A check of a product's prices."""

    check_id: str | None = Field(description="Null while it is not confirmed.")
    place: str | None = Field(description="Where the API says how it is.")


async def check_price(call: Call, asked: CheckArguments) -> CheckAnswer:
    """Have the prices of a product that the user watches fetched from Keepa now.

    It costs tokens, so call it without is_confirmed first and ask the user.
    """
    context = call.context
    only = ProductKey(*product_of(asked.product, asked.domain))
    wanted = CheckWanted(call.caller.account, only, context.request_policy, context.clock())
    try:
        if not asked.is_confirmed:
            cost = await context.database.run(partial(check_cost, wanted=wanted))
            return CheckAnswer(tokens=cost.tokens, check_id=None, place=None)
        work = partial(
            ask_check,
            airflow=context.airflow,
            wanted=wanted,
            doer=call.doer,
            limits=context.limits,
        )
        check_id, cost = await context.database.run(work)
    except UnknownProductError as error:
        raise ToolError(str(error)) from None
    except (NoAirflowError, AirflowUnavailableError, AirflowRejectedError):
        raise ToolError("Airflow does not answer; try again in a minute") from None
    return CheckAnswer(tokens=cost.tokens, check_id=check_id, place=f"/api/v1/checks/{check_id}")


CHANGING_TOOLS: Final[tuple[Tool[Any], ...]] = (
    Tool(Scope.WATCHES_WRITE, NewWatchArguments, ChangeAnswer, watch_product),
    Tool(Scope.WATCHES_WRITE, ChangeArguments, ChangeAnswer, change_a_watch),
    Tool(Scope.WATCHES_WRITE, CheckArguments, CheckAnswer, check_price),
)
