"""Rules: how they are written, what one means, and when a watch would have alerted."""

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from keeper.alerts.stored_reasons import reason_in
from keeper.console.api.shapes import TEXT, Domain, Moment, Money, Reply
from keeper.console.api.spoken import Spoken
from keeper.console.api.watches.shapes import NewWatch, WatchRule, alerts_when
from keeper.console.auth import WatchReader
from keeper.console.context import Context
from keeper.console.problems import (
    NOT_SIGNED_IN,
    OTHER_SITE,
    SCOPE_MISSING,
    UNCLEAR_RULE,
    UNCLEAR_WATCH,
    ProblemError,
    answers,
)
from keeper.domain.locales import locale_of
from keeper.domain.watches.rule_forms import RuleForm, rule_forms
from keeper.domain.watches.rule_texts import EXAMPLES, parse_rule
from keeper.domain.watches.watch import DEFAULT_DOMAIN
from keeper.pipeline.watches.try_rules import try_rules
from keeper.pipeline.watches.typed import read_watch

router = APIRouter()
_ANSWERS = answers(NOT_SIGNED_IN, SCOPE_MISSING)


class RuleList(Reply):
    """Rules, each with what it means."""

    items: list[WatchRule]


class RuleParameterReply(Reply):
    """A figure that a condition takes."""

    name: Literal["amount", "percent", "days", "points"] = Field(
        description="An amount is in the main unit: 24.99."
    )
    least: int | None
    most: int | None
    choices: list[int] = Field(description="The only ones there are; empty for all between.")


class RuleFormReply(Reply):
    """A condition as a form: its figures stand in braces in its template."""

    kind: str
    template: str = Field(examples=["{percent}% below {days}-day average"])
    parameters: list[RuleParameterReply]

    @classmethod
    def of_form(cls, form: RuleForm) -> "RuleFormReply":
        """Return what the API says of a form."""
        return cls(
            kind=form.kind,
            template=form.template,
            parameters=[
                RuleParameterReply.model_validate(asdict(one) | {"choices": list(one.choices)})
                for one in form.parameters
            ],
        )


class RuleFormList(Reply):
    """Every condition there is; " and " between several makes one rule of them."""

    items: list[RuleFormReply]


class Trial(NewWatch):
    """A watch to try; status and priority do not count."""

    days: int = Field(default=365, ge=1, le=3650, description="How far back to try.")


class TriedAlertReply(Reply):
    """An alert there would have been."""

    at: Moment
    price: Money | None = Field(description="As the watch counts it; null without an offer.")
    reasons: list[str]


class TrialReply(Reply):
    """When a watch would have alerted, by what is stored."""

    asin: str
    domain: str
    price_type: str
    alerts_when: list[str]
    known_since: Moment | None = Field(
        description="The oldest stored price; null when nothing is stored: watch it first."
    )
    alerts: list[TriedAlertReply]


@router.get("/rules", tags=["rules"], responses=_ANSWERS | answers(UNCLEAR_RULE), name="explain")
async def explain_rules(
    caller: WatchReader,
    text: Annotated[
        str | None,
        Query(max_length=200, pattern=TEXT, description="A rule to explain; without it all forms."),
    ] = None,
    domain: Annotated[Domain, Query(description="Whose currency amounts are in.")] = DEFAULT_DOMAIN,
) -> RuleList:
    """Show how rules are written, or say in a sentence what one means."""
    currency = locale_of(domain).currency
    try:
        return RuleList(
            items=[
                WatchRule.of_rule(parse_rule(line, currency), currency, line)
                for line in ([text] if text else EXAMPLES)
            ]
        )
    except ValueError as error:
        raise ProblemError(UNCLEAR_RULE, str(error)) from None


@router.get("/rules/forms", tags=["rules"], responses=_ANSWERS, name="list-forms")
async def list_forms(caller: WatchReader) -> RuleFormList:
    """List what rules may ask for, each with the figures it takes and their ranges."""
    return RuleFormList(items=[RuleFormReply.of_form(one) for one in rule_forms()])


@router.post(
    "/watches:try",
    tags=["watches"],
    responses=_ANSWERS | answers(SCOPE_MISSING, OTHER_SITE, UNCLEAR_WATCH),
    name="try",
)
async def try_watch(
    caller: WatchReader, context: Context, body: Trial, language: Spoken
) -> TrialReply:
    """Say when a watch would have alerted, by what is stored of the product; changes nothing."""
    text = body.text_of_new()
    try:
        watch = read_watch(
            body.product,
            domain=text.domain,
            price_type=text.price_type,
            target=text.target,
            rules=text.rules,
            with_shipping=text.with_shipping,
        ).watch
    except ValueError as error:
        raise ProblemError(UNCLEAR_WATCH, str(error)) from None
    if not watch.alerts:
        raise ProblemError(UNCLEAR_WATCH, "give a target or a rule to try")
    since = context.clock() - timedelta(days=body.days)
    trial = await context.database.run(partial(try_rules, watch=watch, since=since))
    currency = locale_of(watch.domain).currency
    return TrialReply(
        asin=watch.asin,
        domain=watch.domain,
        price_type=watch.price_type,
        alerts_when=alerts_when(watch),
        known_since=trial.known_since,
        alerts=[
            TriedAlertReply(
                at=one.at,
                price=Money.of_minor(one.price_minor, currency),
                reasons=[reason_in(language, reason) for reason in one.reasons],
            )
            for one in trial.alerts
        ],
    )
