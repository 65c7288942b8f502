"""Alerts, the messages they become, and the attempts to deliver these."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from keeper.console.api.messages.shapes import (
    AlertReply,
    DeliveryReply,
    MessageReply,
    MessageWithDeliveries,
)
from keeper.console.api.shapes import Domain, GivenMoment, Number, Reply
from keeper.console.api.shapes import Request as RequestBody
from keeper.console.api.spoken import Spoken
from keeper.console.auth import MessageReader, MessageWriter
from keeper.console.context import Context
from keeper.console.paging import (
    NEWEST,
    TOTAL,
    Cursor,
    Limit,
    WithTotal,
    next_page,
    read_number,
    with_total,
)
from keeper.console.problems import (
    BAD_CURSOR,
    NOT_FOUND,
    NOT_SIGNED_IN,
    OTHER_SITE,
    SCOPE_MISSING,
    ProblemError,
    answers,
)
from keeper.console.tags import unless_known
from keeper.pipeline.messages.inbox import (
    AlertFilter,
    DeliveryFilter,
    DeliveryStatus,
    MessageFilter,
    MessageStatus,
    NotThereError,
    acknowledge_alert,
    alert_of,
    alerts_of,
    count_alerts_of,
    count_messages_of,
    deliveries_of,
    message_of,
    messages_of,
)

router = APIRouter()
_LIST = answers(NOT_SIGNED_IN, SCOPE_MISSING, BAD_CURSOR)
_READ = answers(NOT_SIGNED_IN, SCOPE_MISSING, NOT_FOUND) | {
    304: {"description": "As the ETag says."}
}
Since = Annotated[GivenMoment | None, Query(description="Only of then or later.")]
OwnerId = Annotated[
    Number | None, Query(description="Only of this user; operators see those of others.")
]
ChannelId = Annotated[Number | None, Query(description="Only by this channel.")]


class AlertPage(Reply):
    """A page of alerts."""

    items: list[AlertReply]
    next_cursor: str | None = Field(description="Where the next page begins; null after the last.")
    total: int | None = Field(description=TOTAL)


class MessagePage(Reply):
    """A page of messages."""

    items: list[MessageReply]
    next_cursor: str | None = Field(description="Where the next page begins; null after the last.")
    total: int | None = Field(description=TOTAL)


class DeliveryPage(Reply):
    """A page of attempts to deliver messages."""

    items: list[DeliveryReply]
    next_cursor: str | None = Field(description="Where the next page begins; null after the last.")


class AlertChange(RequestBody):
    """That an alert was seen."""

    acknowledged: Literal[True]


class AcknowledgedAlert(Reply):
    """An alert that was seen."""

    dropped: int = Field(description="How many of its messages were not sent any more.")
    alert: AlertReply


@router.get("/alerts", tags=["alerts"], responses=_LIST, name="list")
async def list_alerts(
    caller: MessageReader,
    context: Context,
    language: Spoken,
    limit: Limit = 100,
    cursor: Cursor = None,
    domain: Annotated[Domain | None, Query(description="Only of this locale.")] = None,
    watch_id: Annotated[Number | None, Query(description="Only of this watch.")] = None,
    is_now: Annotated[
        MessageStatus | None, Query(alias="status", description="Only those with this status.")
    ] = None,
    since: Since = None,
    owner_id: OwnerId = None,
    total: WithTotal = False,
) -> AlertPage:
    """List alerts, the newest first: one's own, an operator everybody's."""
    where = AlertFilter(
        user_id=owner_id, watch_id=watch_id, status=is_now, domain=domain, since=since
    )
    before = read_number(cursor, NEWEST)
    page = partial(alerts_of, account=caller.account, where=where, before=before, most=limit + 1)
    count = partial(count_alerts_of, account=caller.account, where=where)
    found, counted = await context.database.run(with_total(page, count, is_asked=total))
    return AlertPage(
        items=[AlertReply.of_alert(one, language) for one in found[:limit]],
        next_cursor=next_page(found, limit, NEWEST, lambda row: row.alert.alert_id),
        total=counted,
    )


@router.get(
    "/alerts/{alert_id}",
    tags=["alerts"],
    responses=_READ,
    response_model=AlertReply,
    name="get",
)
async def get_alert(
    caller: MessageReader,
    context: Context,
    language: Spoken,
    alert_id: Annotated[Number, Path(description="The alert's number.")],
    request: Request,
    response: Response,
) -> AlertReply | Response:
    """Return an alert with what became of it on each channel."""
    try:
        found = await context.database.run(
            partial(alert_of, account=caller.account, alert_id=alert_id)
        )
    except NotThereError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    return unless_known(AlertReply.of_alert(found, language), request, response)


@router.patch(
    "/alerts/{alert_id}",
    tags=["alerts"],
    responses=answers(NOT_SIGNED_IN, SCOPE_MISSING, OTHER_SITE, NOT_FOUND),
    name="acknowledge",
)
async def acknowledge(
    caller: MessageWriter,
    context: Context,
    language: Spoken,
    alert_id: Annotated[Number, Path(description="The alert's number.")],
    body: AlertChange,
) -> AcknowledgedAlert:
    """Say that an alert was seen: further drops are not sent until the price has risen again."""
    work = partial(acknowledge_alert, account=caller.account, alert_id=alert_id)
    try:
        found, dropped = await context.database.run(work)
    except NotThereError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    return AcknowledgedAlert(dropped=dropped, alert=AlertReply.of_alert(found, language))


@router.get("/messages", tags=["messages"], responses=_LIST, name="list")
async def list_messages(
    caller: MessageReader,
    context: Context,
    limit: Limit = 100,
    cursor: Cursor = None,
    channel_id: ChannelId = None,
    is_now: Annotated[
        MessageStatus | None, Query(alias="status", description="Only those with this status.")
    ] = None,
    owner_id: OwnerId = None,
    total: WithTotal = False,
) -> MessagePage:
    """List messages, sent and on their way, the newest first: of alerts, reports and notices."""
    where = MessageFilter(user_id=owner_id, channel_id=channel_id, status=is_now)
    before = read_number(cursor, NEWEST)
    page = partial(messages_of, account=caller.account, where=where, before=before, most=limit + 1)
    count = partial(count_messages_of, account=caller.account, where=where)
    found, counted = await context.database.run(with_total(page, count, is_asked=total))
    return MessagePage(
        items=[MessageReply.of_message(one) for one in found[:limit]],
        next_cursor=next_page(found, limit, NEWEST, lambda row: row.message_id),
        total=counted,
    )


@router.get(
    "/messages/{message_id}",
    tags=["messages"],
    responses=answers(NOT_SIGNED_IN, SCOPE_MISSING, NOT_FOUND),
    name="get",
)
async def get_message(
    caller: MessageReader,
    context: Context,
    message_id: Annotated[Number, Path(description="The message's number.")],
) -> MessageWithDeliveries:
    """Return a message with the attempts to send it and its provider's answers."""
    work = partial(message_of, account=caller.account, message_id=message_id)
    try:
        found, deliveries = await context.database.run(work)
    except NotThereError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    return MessageWithDeliveries(
        message=MessageReply.of_message(found),
        deliveries=[DeliveryReply.of_delivery(one) for one in deliveries],
    )


@router.get("/deliveries", tags=["deliveries"], responses=_LIST, name="list")
async def list_deliveries(
    caller: MessageReader,
    context: Context,
    limit: Limit = 100,
    cursor: Cursor = None,
    channel_id: ChannelId = None,
    ended: Annotated[
        DeliveryStatus | None, Query(alias="status", description="Only those that ended so.")
    ] = None,
    since: Since = None,
) -> DeliveryPage:
    """List the attempts to send messages, the newest first: with status=FAILED what went wrong."""
    where = DeliveryFilter(channel_id=channel_id, status=ended, since=since)
    before = read_number(cursor, NEWEST)
    work = partial(
        deliveries_of, account=caller.account, where=where, before=before, most=limit + 1
    )
    found = await context.database.run(work)
    return DeliveryPage(
        items=[DeliveryReply.of_delivery(one) for one in found[:limit]],
        next_cursor=next_page(found, limit, NEWEST, lambda row: row.delivery_id),
    )
