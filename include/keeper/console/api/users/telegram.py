"""Telegram accounts of users: linked, acted for by the bot, and signed in by in the mini app."""

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response, status
from pydantic import Field

from keeper.console.api.shapes import Moment, Reply
from keeper.console.api.shapes import Request as RequestBody
from keeper.console.auth import AnyCaller, BotCaller, SessionCaller, doer_of, origin_of
from keeper.console.context import Context
from keeper.console.problems import (
    FORBIDDEN,
    NOT_FOUND,
    NOT_SIGNED_IN,
    OTHER_SITE,
    SESSION_NEEDED,
    ProblemError,
    answers,
)
from keeper.domain.users.languages import Language
from keeper.domain.users.telegram import LARGEST_ID, ForgedInitDataError, read_init_data
from keeper.pipeline.users.telegram import (
    AccountTakenError,
    CodeUsedUpError,
    NotLinkedError,
    ShortToken,
    act_for,
    code_for,
    link_account,
    link_state,
    save_bot_name,
    sign_in_by_init_data,
    unlink,
    unlink_account,
)

router = APIRouter()
_BY_SESSION = answers(NOT_SIGNED_IN, SESSION_NEEDED, OTHER_SITE)
_TELEGRAM = "https://t.me/"
TelegramId = Annotated[
    int, Field(ge=1, le=LARGEST_ID, description="The account's number.", examples=[4711])
]


class TelegramState(Reply):
    """Which Telegram account is one's own."""

    telegram_id: int | None = Field(description="Null while none is linked.")
    linked_at: datetime | None
    bot: str | None = Field(description="What the bot is called; null if none has started yet.")


class LinkingCode(Reply):
    """A code that links a Telegram account, once; it is shown this once."""

    code: str = Field(description="To be sent to the bot, behind /start.")
    link: str | None = Field(
        description="Opens the bot with the code; null if none has started yet."
    )
    expires_at: Moment


class LinkRequest(RequestBody):
    """A Telegram account, and the code it has sent."""

    telegram_id: TelegramId
    code: str = Field(pattern="^[0-9A-Za-z]{40}$")


class ActRequest(RequestBody):
    """A Telegram account for whose owner the bot is to act."""

    telegram_id: TelegramId


class BotName(RequestBody):
    """What the bot is called at Telegram."""

    username: str = Field(pattern="^[A-Za-z][A-Za-z0-9_]{3,31}$", examples=["keeper_bot"])


class SignInAtTelegram(RequestBody):
    """What Telegram has handed the mini app."""

    init_data: str = Field(
        min_length=1,
        max_length=8_192,
        description="As it is: Telegram.WebApp.initData.",
    )


class ShortTokenReply(Reply):
    """A token of minutes, to be kept in memory alone; used as any API token."""

    token: str
    expires_at: Moment
    user_id: int
    email: str = Field(description="For whom it acts.")
    language: Language = Field(description="What they are spoken to in.")

    @classmethod
    def of_token(cls, made: ShortToken) -> "ShortTokenReply":
        """Return what the API says of it."""
        account = made.account
        return cls(
            token=made.text,
            expires_at=made.expires_at,
            user_id=account.user_id,
            email=account.email,
            language=made.language,
        )


@router.get("/me/telegram", tags=["me"], responses=answers(NOT_SIGNED_IN), name="get-telegram")
async def get_telegram(caller: AnyCaller, context: Context) -> TelegramState:
    """Return which Telegram account is linked to one's own."""
    state = await context.database.run(partial(link_state, identity=caller))
    link = state.link
    return TelegramState(
        telegram_id=None if link is None else link.telegram_id,
        linked_at=None if link is None else link.linked_at,
        bot=state.bot,
    )


@router.post(
    "/me/telegram",
    tags=["me"],
    status_code=status.HTTP_201_CREATED,
    responses=_BY_SESSION,
    name="link-telegram",
)
async def link_telegram(caller: SessionCaller, context: Context, request: Request) -> LinkingCode:
    """Make a code that links a Telegram account within 15 minutes; a former one ends."""
    work = partial(code_for, identity=caller, doer=doer_of(request, caller), at=context.clock())
    made = await context.database.run(work)
    link = None if made.bot is None else f"{_TELEGRAM}{made.bot}?start={made.text}"
    return LinkingCode(code=made.text, link=link, expires_at=made.expires_at)


@router.delete(
    "/me/telegram",
    tags=["me"],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_BY_SESSION | answers(NOT_FOUND),
    name="unlink-telegram",
)
async def unlink_telegram(caller: SessionCaller, context: Context, request: Request) -> None:
    """End the link; the bot and the mini app know nobody there from then on."""
    work = partial(unlink, identity=caller, doer=doer_of(request, caller), at=context.clock())
    if not await context.database.run(work):
        raise ProblemError(NOT_FOUND, "no Telegram account is linked")


@router.post(
    "/sign-in/telegram",
    tags=["sign-in"],
    status_code=status.HTTP_201_CREATED,
    responses=answers(NOT_SIGNED_IN, FORBIDDEN, NOT_FOUND),
    name="telegram",
)
async def sign_in_at_telegram(
    context: Context, body: SignInAtTelegram, request: Request, response: Response
) -> ShortTokenReply:
    """Sign in to the mini app by what Telegram has signed; anybody may try."""
    at = context.clock()
    if context.telegram_app_key is None:
        raise ProblemError(NOT_FOUND, "this console has no Telegram bot")
    try:
        telegram_id = read_init_data(body.init_data, context.telegram_app_key, at=at)
    except ForgedInitDataError as error:
        raise ProblemError(NOT_SIGNED_IN, str(error)) from None
    work = partial(
        sign_in_by_init_data,
        telegram_id=telegram_id,
        at=at,
        origin=origin_of(request),
        operators=context.operators,
    )
    try:
        made = await context.database.run(work)
    except NotLinkedError as error:
        raise ProblemError(FORBIDDEN, f"{error}; link it in the console's settings") from None
    response.headers["Cache-Control"] = "no-store"
    return ShortTokenReply.of_token(made)


@router.put(
    "/telegram/bot",
    tags=["telegram"],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=answers(NOT_SIGNED_IN),
    name="set-bot",
)
async def set_bot(bot: BotCaller, context: Context, body: BotName) -> None:
    """Say what the bot is called, for the links that open it; for the bot alone."""
    await context.database.run(partial(save_bot_name, username=body.username))


@router.post(
    "/telegram/links",
    tags=["telegram"],
    status_code=status.HTTP_201_CREATED,
    responses=answers(NOT_SIGNED_IN, FORBIDDEN, NOT_FOUND),
    name="link",
)
async def link(
    bot: BotCaller, context: Context, body: LinkRequest, request: Request
) -> ShortTokenReply:
    """Link a Telegram account by the code it has sent, and act for its user; for the bot alone."""
    work = partial(
        link_account,
        bot=bot,
        telegram_id=body.telegram_id,
        code=body.code,
        at=context.clock(),
        origin=origin_of(request),
        operators=context.operators,
    )
    try:
        return ShortTokenReply.of_token(await context.database.run(work))
    except CodeUsedUpError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    except AccountTakenError as error:
        raise ProblemError(FORBIDDEN, f"{error}; unlink it there first") from None


@router.post(
    "/telegram/tokens",
    tags=["telegram"],
    status_code=status.HTTP_201_CREATED,
    responses=answers(NOT_SIGNED_IN, NOT_FOUND),
    name="act",
)
async def act(bot: BotCaller, context: Context, body: ActRequest) -> ShortTokenReply:
    """Return a token of minutes for who has linked a Telegram account; for the bot alone."""
    work = partial(
        act_for,
        telegram_id=body.telegram_id,
        at=context.clock(),
        operators=context.operators,
    )
    try:
        return ShortTokenReply.of_token(await context.database.run(work))
    except NotLinkedError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None


@router.delete(
    "/telegram/links/{telegram_id}",
    tags=["telegram"],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=answers(NOT_SIGNED_IN, NOT_FOUND),
    name="unlink",
)
async def unlink_for(
    bot: BotCaller,
    context: Context,
    telegram_id: Annotated[TelegramId, Path(description="The account's number.")],
    request: Request,
) -> None:
    """End the link of a Telegram account, as its owner has asked the bot to; for the bot alone."""
    work = partial(
        unlink_account,
        bot=bot,
        telegram_id=telegram_id,
        at=context.clock(),
        origin=origin_of(request),
        operators=context.operators,
    )
    try:
        await context.database.run(work)
    except NotLinkedError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
