"""Channels: where alerts go."""

from functools import partial
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response, status
from pydantic import Field

from keeper.console.api.messages.shapes import ChannelReply
from keeper.console.api.requests.requests import ACCEPTED, RequestReply, accepted
from keeper.console.api.shapes import TEXT, Number, Reply
from keeper.console.api.shapes import Request as RequestBody
from keeper.console.auth import MessageReader, MessageWriter, doer_of
from keeper.console.context import Context
from keeper.console.paging import OLDEST, Cursor, Limit, next_page, read_number
from keeper.console.problems import (
    BAD_CURSOR,
    BAD_REQUEST,
    FORBIDDEN,
    NOT_FOUND,
    NOT_SIGNED_IN,
    OTHER_SITE,
    SCOPE_MISSING,
    answering,
    answers,
)
from keeper.pipeline.requests.ask import RequestGoneError
from keeper.pipeline.requests.ask_channel_test import ask_channel_test
from keeper.pipeline.users.channels import (
    ChannelFilter,
    ChannelKind,
    ForeignAddressError,
    NotThereError,
    UnclearChannelError,
    add_channel,
    channel_of,
    channels_of,
    remove_one,
    set_active,
)

router = APIRouter(prefix="/channels", tags=["channels"])
_READ = answers(NOT_SIGNED_IN, SCOPE_MISSING)
_WRITE = answers(NOT_SIGNED_IN, SCOPE_MISSING, OTHER_SITE, FORBIDDEN, NOT_FOUND)
_PROBLEMS: Final = {
    UnclearChannelError: BAD_REQUEST,
    ForeignAddressError: FORBIDDEN,
    NotThereError: NOT_FOUND,
    # Who asked was removed meanwhile.
    RequestGoneError: NOT_SIGNED_IN,
}
ChannelId = Annotated[Number, Path(description="The channel's number.")]


class ChannelPage(Reply):
    """A page of channels."""

    items: list[ChannelReply]
    next_cursor: str | None = Field(description="Where the next page begins; null after the last.")


class NewChannel(RequestBody):
    """A channel to add."""

    kind: ChannelKind
    address: str = Field(
        min_length=1,
        max_length=254,
        pattern=TEXT,
        description="A mail address, a Telegram chat, or the name that the settings have for a "
        "Discord webhook or an Apprise URL; never a URL. Readers add their own mail address alone.",
        examples=["you@example.org"],
    )
    owner_id: Number | None = Field(
        default=None, description="Whose channel, for operators; null for one's own."
    )


class ChannelChange(RequestBody):
    """Whether messages go there."""

    is_active: bool = Field(description="What waits for a channel that is paused is dropped.")


class AddedChannelReply(Reply):
    """A channel that was added, or was there."""

    outcome: Literal["added", "active"]
    channel: ChannelReply


@router.get("", responses=_READ | answers(BAD_CURSOR), name="list")
async def list_channels(
    caller: MessageReader,
    context: Context,
    limit: Limit = 100,
    cursor: Cursor = None,
    kind: Annotated[ChannelKind | None, Query(description="Only of this kind.")] = None,
    owner_id: Annotated[
        Number | None, Query(description="Only of this user; operators see those of others.")
    ] = None,
) -> ChannelPage:
    """List channels in the order they were added: one's own, an operator everybody's."""
    work = partial(
        channels_of,
        account=caller.account,
        where=ChannelFilter(user_id=owner_id, kind=kind),
        after=read_number(cursor, OLDEST),
        most=limit + 1,
    )
    found = await context.database.run(work)
    return ChannelPage(
        items=[ChannelReply.of_channel(one) for one in found[:limit]],
        next_cursor=next_page(found, limit, OLDEST, lambda row: row.channel_id),
    )


@router.post(
    "",
    responses=_WRITE
    | answers(BAD_REQUEST)
    | {201: {"model": AddedChannelReply, "description": "It is new."}},
    name="add",
)
async def add(
    caller: MessageWriter, context: Context, body: NewChannel, request: Request, response: Response
) -> AddedChannelReply:
    """Send alerts there too; a channel that was paused is active again."""
    work = partial(
        add_channel,
        account=caller.account,
        kind=body.kind,
        address=body.address,
        owner_id=body.owner_id,
        doer=doer_of(request, caller),
        at=context.clock(),
    )
    with answering(_PROBLEMS):
        added = await context.database.run(work)
    if added.is_new:
        response.status_code = status.HTTP_201_CREATED
    response.headers["Location"] = f"/api/v1/channels/{added.channel.channel_id}"
    return AddedChannelReply(
        outcome="added" if added.is_new else "active",
        channel=ChannelReply.of_channel(added.channel),
    )


@router.get("/{channel_id}", responses=_READ | answers(NOT_FOUND), name="get")
async def get(caller: MessageReader, context: Context, channel_id: ChannelId) -> ChannelReply:
    """Return a channel with what became of its messages."""
    work = partial(channel_of, account=caller.account, channel_id=channel_id)
    with answering(_PROBLEMS):
        return ChannelReply.of_channel(await context.database.run(work))


@router.patch("/{channel_id}", responses=_WRITE, name="change")
async def change(
    caller: MessageWriter,
    context: Context,
    channel_id: ChannelId,
    body: ChannelChange,
    request: Request,
) -> ChannelReply:
    """Pause a channel, or use it again."""
    work = partial(
        set_active,
        account=caller.account,
        channel_id=channel_id,
        is_active=body.is_active,
        doer=doer_of(request, caller),
        at=context.clock(),
    )
    with answering(_PROBLEMS):
        return ChannelReply.of_channel(await context.database.run(work))


@router.delete(
    "/{channel_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=answers(NOT_SIGNED_IN, SCOPE_MISSING, OTHER_SITE, NOT_FOUND),
    name="remove",
)
async def remove(
    caller: MessageWriter, context: Context, channel_id: ChannelId, request: Request
) -> None:
    """Forget a channel with all that was sent there; what waits for it is dropped."""
    work = partial(
        remove_one,
        account=caller.account,
        channel_id=channel_id,
        doer=doer_of(request, caller),
        at=context.clock(),
    )
    with answering(_PROBLEMS):
        await context.database.run(work)


@router.post(
    "/{channel_id}:test",
    status_code=status.HTTP_202_ACCEPTED,
    responses=answers(NOT_SIGNED_IN, SCOPE_MISSING, OTHER_SITE, NOT_FOUND) | ACCEPTED,
    name="test",
)
async def test(
    caller: MessageWriter,
    context: Context,
    channel_id: ChannelId,
    request: Request,
    response: Response,
) -> RequestReply:
    """Ask for a message to be sent there; result has the provider's answer, once it is there.

    Asking again within a minute returns the same test.
    """
    work = partial(
        ask_channel_test,
        identity=caller,
        channel_id=channel_id,
        doer=doer_of(request, caller),
        at=context.clock(),
    )
    with answering(_PROBLEMS):
        asked = await context.database.run(work)
    return accepted(response, RequestReply.of_request(asked.request, caller.account))
