"""Atom feeds of one's alerts and deals, for feed readers, which send no headers.

A token may stand in the address here and nowhere else, for addresses end up in histories and logs;
so it counts there only if it opens the feeds and nothing more.
"""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from keeper.console.api.feeds.atom import MEDIA_TYPE, Entry, Feed, feed_response
from keeper.console.api.shapes import Number
from keeper.console.auth import FeedReader
from keeper.console.context import Context
from keeper.console.problems import NOT_SIGNED_IN, SCOPE_MISSING, answers
from keeper.domain.asins import product_url
from keeper.domain.locales import locale_of
from keeper.domain.money import format_money
from keeper.pipeline.deals.found import DealSort, DealWhere, PagedDeal, deals_of
from keeper.pipeline.messages.inbox import AlertFilter, PagedAlert, alerts_of

router = APIRouter(prefix="/feeds", tags=["feeds"])
_MOST: Final = 100
_SIMULATED: Final = " This price is simulated."
_ANSWERS: Final = answers(NOT_SIGNED_IN, SCOPE_MISSING) | {
    200: {
        "description": "An Atom feed (RFC 4287).",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    },
    304: {"description": "As the ETag says."},
}


@router.get("/alerts.atom", responses=_ANSWERS, response_class=Response, name="list-alerts")
async def alerts(caller: FeedReader, context: Context, request: Request) -> Response:
    """Return one's last 100 alerts as an Atom feed; an operator's own alone."""
    account = caller.account
    where = AlertFilter(user_id=account.user_id)
    work = partial(alerts_of, account=account, where=where, before=None, most=_MOST)
    found = await context.database.run(work)
    entries = [_of_alert(one.alert) for one in found]
    return feed_response(
        Feed(f"alerts/{account.user_id}/{account.email}", "Keeper: price alerts", entries), request
    )


@router.get("/deals.atom", responses=_ANSWERS, response_class=Response, name="list-deals")
async def deals(
    caller: FeedReader,
    context: Context,
    request: Request,
    filter_id: Annotated[Number | None, Query(description="Only of this saved search.")] = None,
    min_score: Annotated[
        int, Query(ge=0, le=100, description="Least score; that of the search counts too.")
    ] = 0,
) -> Response:
    """Return the last 100 deals that one's searches found as an Atom feed."""
    account = caller.account
    where = DealWhere(user_id=account.user_id, filter_id=filter_id, min_score=min_score)
    work = partial(
        deals_of, account=account, where=where, sort=DealSort.FOUND_LAST, after=None, most=_MOST
    )
    entries = [_of_deal(deal) for deal in await context.database.run(work)]
    return feed_response(
        Feed(f"deals/{account.user_id}/{account.email}", "Keeper: deals", entries), request
    )


def _of_alert(alert: PagedAlert) -> Entry:
    locale = locale_of(alert.domain)

    def money(minor: int | None) -> str:
        return "no offer" if minor is None else format_money(minor, alert.currency)

    said = [f"{alert.reason[:1].upper()}{alert.reason[1:]}."]
    if alert.target_minor is not None:
        said.append(f"Target: {money(alert.target_minor)}.")
    if alert.previous_price_minor is not None:
        said.append(f"Before: {money(alert.previous_price_minor)}.")
    said.append(f"{alert.price_type}, {locale.host}.")
    return Entry(
        key=f"{alert.alert_id}/{alert.raised_at.isoformat()}",
        title=f"{money(alert.price_minor)}: {alert.title or alert.asin}",
        at=alert.raised_at,
        url=product_url(alert.asin, locale),
        summary=" ".join(said) + (_SIMULATED if alert.source == "simulator" else ""),
    )


def _of_deal(deal: PagedDeal) -> Entry:
    locale = locale_of(deal.domain)
    price = "no offer"
    if deal.price_minor is not None:
        price = format_money(deal.price_minor, deal.currency)
    said = [f"Score {deal.score} of 100, found by {deal.filter}."]
    if deal.original_minor is not None:
        said.append(f"Usually {format_money(deal.original_minor, deal.currency)}.")
    said += deal.reasons
    return Entry(
        key=deal.event_id,
        title=f"{price}: {deal.title or deal.asin}",
        at=deal.first_seen_at,
        url=product_url(deal.asin, locale),
        summary=" ".join(said) + (_SIMULATED if deal.source == "simulator" else ""),
    )
