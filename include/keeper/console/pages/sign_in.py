"""The page behind a link to sign in. Opening it does nothing: mail scanners open links too.

Its button uses the link up and begins a session. The button counts only from the page itself, so
that no other site can sign somebody in to a session that is not theirs.
"""

import re
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keeper.console.auth import origin_of
from keeper.console.context import ConsoleContext
from keeper.console.database import FIRST_PAUSE
from keeper.console.pages.one_sentence import one_sentence_page
from keeper.console.pages.web_app import APP_PATH
from keeper.console.site import is_own_site, session_cookie
from keeper.domain.users.secrets import SECRET_PATTERN
from keeper.errors import KeeperError
from keeper.pipeline.users.sign_in import (
    SIGN_IN_PATH,
    LinkUsedUpError,
    SignedIn,
    describe_link,
    sign_in,
)

_SECRET: Final = re.compile(SECRET_PATTERN)
_INSECURE: Final = (
    "Signing in needs HTTPS: open this link by the console's https address or on its own machine, "
    "or have KEEPER_INSECURE_COOKIE=1 set."
)
_OTHER_SITE: Final = "This did not come from the page with the button; open the link again."
_AWAY: Final = "Keeper cannot do this right now; try again in a minute."


def sign_in_route(context: ConsoleContext) -> Route:
    """Return the page's route."""
    # With no-referrer browsers would not say either that the button is of this page.
    page = partial(one_sentence_page, title="Keeper: sign in", referrer="same-origin")

    async def open_link(request: Request) -> Response:
        secret = request.path_params["secret"]
        at = context.clock()
        try:
            if session_cookie(request, context) is None:
                return page(_INSECURE, status=403)
            if not _SECRET.fullmatch(secret):
                raise LinkUsedUpError("this link is not valid")
            if request.method != "POST":
                account = await context.database.run(
                    partial(
                        describe_link,
                        secret=secret,
                        at=at,
                        operators=context.operators,
                    )
                )
                return page(f"Sign in as {account.email}?", button="Sign in")
            if not is_own_site(request, context):
                return page(_OTHER_SITE, status=403)
            begun = await context.database.run(
                partial(
                    sign_in,
                    secret=secret,
                    at=at,
                    origin=origin_of(request),
                    operators=context.operators,
                )
            )
        except LinkUsedUpError as error:
            return page(f"{str(error).capitalize()}.", status=404)
        except KeeperError:
            sorry = page(_AWAY, status=503)
            sorry.headers["Retry-After"] = f"{FIRST_PAUSE.total_seconds():.0f}"
            return sorry
        answer = page(
            f"You are signed in as {begun.account.email}.",
            way_on=(APP_PATH, "Go on to Keeper"),
        )
        _set_cookie(answer, request, context, begun)
        return answer

    return Route(f"{SIGN_IN_PATH}{{secret}}", open_link, methods=["GET", "POST"])


def _set_cookie(
    answer: Response, request: Request, context: ConsoleContext, begun: SignedIn
) -> None:
    cookie = session_cookie(request, context)
    if cookie is None:
        raise TypeError("a session has begun where none may")
    answer.set_cookie(
        cookie.name,
        begun.secret,
        expires=begun.expires_at,
        path="/",
        secure=cookie.is_secure,
        httponly=True,
        samesite="lax",
    )
