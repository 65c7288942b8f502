"""What a product's prices amount to: statistics, whether it is cheap, and other locales."""

from datetime import date, timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from keeper.console.api.cached_route import CachedRoute, shows_product
from keeper.console.api.current_price import CurrentPrice
from keeper.console.api.prices.shapes import (
    Asin,
    PriceTypeQuery,
    SeriesQuery,
    SeriesReply,
)
from keeper.console.api.shapes import Moment, Money, Reply
from keeper.console.auth import PriceReader
from keeper.console.context import Context
from keeper.console.problems import (
    NOT_FOUND,
    NOT_SIGNED_IN,
    SCOPE_MISSING,
    ProblemError,
    answers,
)
from keeper.console.tags import unless_known
from keeper.domain.asins import product_url
from keeper.domain.locales import locale_of
from keeper.domain.watches.watch import DEFAULT_PRICE_TYPE
from keeper.pipeline.prices.assessment import PriceContext, assess_price
from keeper.pipeline.prices.stored import (
    LocalePrice,
    UnknownProductError,
    WindowStatistics,
    other_locales,
    series_statistics,
    weekdays_of,
)

router = APIRouter(prefix="/prices/{asin}", tags=["prices"], route_class=CachedRoute)
_ANSWERS = answers(NOT_SIGNED_IN, SCOPE_MISSING, NOT_FOUND)
_TAGGED = _ANSWERS | {304: {"description": "As the ETag says."}}
_DAY: Final = timedelta(days=1)


class WindowReply(Reply):
    """What a series has cost in the last days, weighted by time, with shipping."""

    days: int | None = Field(description="How many; null for its whole history.")
    known_since: Moment = Field(description="The oldest price known within them.")
    changes: int
    average: Money | None = Field(description="Over the time with an offer.")
    lowest: Money | None
    lowest_at: Moment | None = Field(description="Since when it was that low, the first time.")
    highest: Money | None
    highest_at: Moment | None
    share_with_offer: float | None = Field(description="Of the time known, 0 to 1.")

    @classmethod
    def of_window(cls, window: WindowStatistics, currency: str) -> "WindowReply":
        """Return what the API says of a window."""
        has_offer = window.lowest_minor is not None
        return cls(
            days=window.days,
            known_since=window.known_since,
            changes=window.changes,
            average=Money.of_minor(window.average_minor, currency),
            lowest=Money.of_minor(window.lowest_minor, currency),
            lowest_at=window.lowest_at if has_offer else None,
            highest=Money.of_minor(window.highest_minor, currency),
            highest_at=window.highest_at if has_offer else None,
            share_with_offer=window.share_with_offer,
        )


class StatisticsReply(Reply):
    """What a series has cost, as far back as its prices mean the same."""

    series: SeriesReply
    windows: list[WindowReply] = Field(description="Of 30, 90, 180 and 365 days, and ever.")
    percentile: float | None = Field(
        description="Where the current price stands among those of a year, 0 to 100: at 10 it cost "
        "less a tenth of the time. Null where too little is known."
    )
    daily_volatility: float | None = Field(description="Of 90 days, as for shares.")


class WeekdayReply(Reply):
    """What a series costs on a day of the week, in UTC, with shipping."""

    weekday: int = Field(ge=1, le=7, description="1 is Monday.")
    average: Money | None = Field(description="Weighted by time; null without an offer.")
    of_average_percent: float | None = Field(
        description="Of the average over all days: at 95 it is five percent cheaper."
    )
    share_with_offer: float = Field(description="Of the time known, 0 to 1.")


class WeekdayList(Reply):
    """Whether a product is cheaper on some days of the week; empty if nothing is known."""

    series: SeriesReply
    days: int
    items: list[WeekdayReply]


class Fact(Reply):
    """Something a message says of a price."""

    name: str
    text: str


class EarlierLow(Reply):
    """What a product cost when it was cheaper than now."""

    amount: Money
    at: Moment = Field(description="Since when it cost that, the last time within the year.")

    @classmethod
    def of_context(cls, known: PriceContext, currency: str) -> "EarlierLow | None":
        """Return what the API says of it; None if it was never cheaper."""
        if known.earlier_low is None:
            return None
        at, minor = known.earlier_low
        amount = Money.of_minor(minor, currency)
        return None if amount is None else cls(amount=amount, at=at)


class AssessmentReply(Reply):
    """Whether a price is good: a sentence, then the figures, and how much they rest on."""

    series: SeriesReply
    sentence: str = Field(description="As messages say it.")
    facts: list[Fact] = Field(description="All that messages say of it.")
    price: CurrentPrice
    with_shipping: bool
    known_since: Moment | None = Field(
        description="The oldest price compared with; null where too little is known."
    )
    days_dearer: float | None = Field(description="On how many days of a year it was dearer.")
    days_with_offer: float | None = Field(description="Of how many days with an offer.")
    lowest_since: Moment | None = Field(
        description="When it was last as cheap; null if never since known_since."
    )
    average_90_days: Money | None
    earlier_low: EarlierLow | None = Field(
        description="The lowest price of the year before this one; null if this is as low."
    )


class LocaleReply(Reply):
    """What a product costs in a locale, with shipping."""

    domain: str
    url: str
    amount: Money | None = Field(description="Null without an offer.")
    in_euros: Money | None = Field(description="By the rate of the day; null without one.")
    rate_day: date | None = Field(description="Of which day the rate is; null for euros.")
    above_cheapest_percent: float | None
    observed_at: Moment

    @classmethod
    def of_price(cls, asin: str, price: LocalePrice) -> "LocaleReply":
        """Return what the API says of it."""
        return cls(
            domain=price.domain,
            url=product_url(asin, locale_of(price.domain)),
            amount=Money.of_minor(price.landed_minor, price.currency),
            in_euros=Money.of_minor(price.euro_cents, "EUR"),
            rate_day=price.rate_day,
            above_cheapest_percent=price.above_cheapest_percent,
            observed_at=price.observed_at,
        )


class LocaleList(Reply):
    """What a product costs in each locale, the cheapest first."""

    asin: str
    price_type: str
    items: list[LocaleReply]


@router.get("/stats", responses=_TAGGED, response_model=StatisticsReply, name="get-stats")
@shows_product
async def get_stats(
    caller: PriceReader,
    context: Context,
    series: SeriesQuery,
    request: Request,
    response: Response,
) -> StatisticsReply | Response:
    """Return what a price was at least, at most and on average in a month, a year and ever."""
    name = series.name()
    work = partial(series_statistics, series=name, at=context.clock())
    try:
        windows, rank = await context.database.run(work)
    except UnknownProductError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    named = SeriesReply.of_name(name)
    reply = StatisticsReply(
        series=named,
        windows=[WindowReply.of_window(one, named.currency) for one in windows],
        percentile=rank.percentile,
        daily_volatility=rank.daily_volatility,
    )
    return unless_known(reply, request, response)


@router.get("/weekdays", responses=_TAGGED, response_model=WeekdayList, name="list-weekdays")
@shows_product
async def list_weekdays(
    caller: PriceReader,
    context: Context,
    series: SeriesQuery,
    request: Request,
    response: Response,
    days: Annotated[int, Query(ge=28, le=3650, description="How far back.")] = 365,
) -> WeekdayList | Response:
    """Return what a price is on each day of the week, as far back as its prices mean the same."""
    name = series.name()
    work = partial(weekdays_of, series=name, days=days, at=context.clock())
    try:
        found = await context.database.run(work)
    except UnknownProductError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    named = SeriesReply.of_name(name)
    items = [
        WeekdayReply(
            weekday=one.weekday,
            average=Money.of_minor(one.average_minor, named.currency),
            of_average_percent=one.of_average,
            share_with_offer=one.in_stock,
        )
        for one in found
    ]
    return unless_known(WeekdayList(series=named, days=days, items=items), request, response)


@router.get("/assessment", responses=_ANSWERS, name="assess")
async def assess(
    caller: PriceReader,
    context: Context,
    series: SeriesQuery,
    with_shipping: Annotated[bool, Query(description="Whether amounts include shipping.")] = True,
) -> AssessmentReply:
    """Say whether the current price is cheap, by what the product has cost within a year."""
    name = series.name()
    work = partial(assess_price, account=caller.account, series=name, with_shipping=with_shipping)
    try:
        found = await context.database.run(work)
    except UnknownProductError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    named = SeriesReply.of_name(name)
    known = found.context
    return AssessmentReply(
        series=named,
        sentence=found.sentence,
        facts=[Fact(name=title, text=text) for title, text in found.facts],
        price=CurrentPrice.of_known(
            found.price, price_type=name.price_type, currency=named.currency, context=context
        ),
        with_shipping=with_shipping,
        known_since=known.known_since,
        days_dearer=None if known.dearer is None else round(known.dearer / _DAY, 2),
        days_with_offer=None if known.offered is None else round(known.offered / _DAY, 2),
        lowest_since=known.lowest_since,
        average_90_days=Money.of_minor(known.average_90_minor, named.currency),
        earlier_low=EarlierLow.of_context(known, named.currency),
    )


@router.get("/locales", responses=_ANSWERS, name="list-locales")
@shows_product
async def list_locales(
    caller: PriceReader,
    context: Context,
    asin: Asin,
    price_type: PriceTypeQuery = DEFAULT_PRICE_TYPE,
) -> LocaleList:
    """Compare what a product costs in all locales it is known in."""
    work = partial(other_locales, asin=asin, price_type=price_type, at=context.clock())
    try:
        found = await context.database.run(work)
    except UnknownProductError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    return LocaleList(
        asin=asin,
        price_type=price_type,
        items=[LocaleReply.of_price(asin, one) for one in found],
    )
