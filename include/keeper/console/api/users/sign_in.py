"""Asks for a mail with a link to sign in; who asks learns nothing of who is known."""

import logging
from functools import partial
from typing import Final

from fastapi import APIRouter, BackgroundTasks, Request, status
from pydantic import Field

from keeper.console.api.shapes import Email, Reply
from keeper.console.api.shapes import Request as RequestBody
from keeper.console.auth import origin_of
from keeper.console.context import ConsoleContext, Context
from keeper.console.problems import INSECURE, ProblemError, answers
from keeper.console.site import is_loopback, session_cookie
from keeper.errors import KeeperError
from keeper.pipeline.users import sign_in as links
from keeper.pipeline.users.audit import Actor, Doer

_LOG: Final = logging.getLogger(__name__)
_ANSWER: Final = (
    "If this address is known here, a mail with a link is on its way; at most five within an hour."
)
router = APIRouter()


class SignIn(RequestBody):
    """Who wants to sign in."""

    email: Email


class SignInReply(Reply):
    """The same for every address."""

    detail: str = Field(examples=[_ANSWER])


@router.post(
    "/sign-in",
    tags=["sign-in"],
    status_code=status.HTTP_202_ACCEPTED,
    responses=answers(INSECURE),
    name="mail-link",
)
async def mail_link(
    context: Context, body: SignIn, request: Request, tasks: BackgroundTasks
) -> SignInReply:
    """Mail a link to sign in to an address, if it is known; the answer is the same for all."""
    if session_cookie(request, context) is None:
        raise ProblemError(INSECURE)
    # After the answer, so that its time says nothing either.
    tasks.add_task(_mail, context, body.email, origin_of(request), _base_url(request, context))
    return SignInReply(detail=_ANSWER)


async def _mail(
    context: ConsoleContext, email: str, origin: str | None, base_url: str | None
) -> None:
    if base_url is None:
        _LOG.warning(
            "a link to sign in was asked for, but KEEPER_PUBLIC_URL is not set; keeper console "
            "login prints one"
        )
        return
    work = partial(
        links.mail_link,
        email=email,
        doer=Doer(Actor.USER, origin=origin),
        base_url=base_url,
        at=context.clock(),
        operators=context.operators,
    )
    try:
        await context.database.run(work)
    except KeeperError as error:
        _LOG.warning("a link to sign in was not mailed: %s", error)


def _base_url(request: Request, context: ConsoleContext) -> str | None:
    """Return where people reach the console; None if nobody has said.

    A request may claim any host, and the mailed link would lead there: without KEEPER_PUBLIC_URL
    only this machine's own names count.
    """
    if context.public_url is not None:
        return context.public_url
    return str(request.base_url).rstrip("/") if is_loopback(request) else None
