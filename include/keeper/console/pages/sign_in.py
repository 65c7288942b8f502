"""The page behind a link to sign in. Opening it does nothing: mail scanners open links too.

Its button uses the link up and begins a session. The button counts only from the page itself, so
that no other site can sign somebody in to a session that is not theirs.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keeper.alerts.words import PageWords, words_in
from keeper.console.auth import origin_of
from keeper.console.context import ConsoleContext
from keeper.console.database import FIRST_PAUSE
from keeper.console.pages.languages import language_asked_for
from keeper.console.pages.one_sentence import one_sentence_page
from keeper.console.pages.web_app import APP_PATH
from keeper.console.site import is_own_site, session_cookie
from keeper.domain.users.languages import Language
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


def sign_in_route(context: ConsoleContext) -> Route:
    """Return the page's route."""

    async def open_link(request: Request) -> Response:
        secret = request.path_params["secret"]
        at = context.clock()
        page, words = _page_in(language_asked_for(request))
        try:
            if session_cookie(request, context) is None:
                return page(words.needs_https, status=403)
            if not _SECRET.fullmatch(secret):
                return page(words.link_not_valid, status=404)
            if request.method != "POST":
                owner = await context.database.run(
                    partial(
                        describe_link,
                        secret=secret,
                        at=at,
                        operators=context.operators,
                    )
                )
                page, words = _page_in(owner.language)
                asks = words.sign_in_as.format(email=owner.account.email)
                return page(asks, button=words.sign_in_button)
            if not is_own_site(request, context):
                return page(words.other_site, status=403)
            begun = await context.database.run(
                partial(
                    sign_in,
                    secret=secret,
                    at=at,
                    origin=origin_of(request),
                    operators=context.operators,
                )
            )
        except LinkUsedUpError:
            return page(words.sign_in_link_used_up, status=404)
        except KeeperError:
            sorry = page(words.try_again, status=503)
            sorry.headers["Retry-After"] = f"{FIRST_PAUSE.total_seconds():.0f}"
            return sorry
        page, words = _page_in(begun.language)
        says = words.signed_in_as.format(email=begun.account.email)
        answer = page(says, way_on=(APP_PATH, words.go_on))
        _set_cookie(answer, request, context, begun)
        return answer

    return Route(f"{SIGN_IN_PATH}{{secret}}", open_link, methods=["GET", "POST"])


def _page_in(language: Language) -> tuple[Callable[..., Response], PageWords]:
    """Return what makes pages in a language, and their words."""
    words = words_in(language).pages
    # With no-referrer browsers would not say either that the button is of this page.
    page = partial(
        one_sentence_page, title=words.sign_in_title, referrer="same-origin", language=language
    )
    return page, words


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
