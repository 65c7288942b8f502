"""The console's web application: the pages behind the links in messages, and its health."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from math import ceil
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keeper.alerts.links import InvalidLinkError, Links
from keeper.alerts.photos import Photo
from keeper.alerts.words import words_in
from keeper.clock import Clock, utc_now
from keeper.console.database import FIRST_PAUSE, ConsoleDatabase, DatabaseLeftAloneError
from keeper.console.pages.languages import language_asked_for
from keeper.console.pages.one_sentence import SECURITY_HEADERS, one_sentence_page
from keeper.domain.users.languages import Language
from keeper.errors import KeeperError
from keeper.pipeline.messages.follow_link import GoneError, describe, follow
from keeper.pipeline.services.health import HealthState, PartHealth

_PICTURE_NAME: Final = re.compile(r"[0-9A-Za-z+_-]{1,40}\.(jpg|png|gif)")


def make_app(
    database: ConsoleDatabase,
    links: Links,
    ask_health: Callable[[], Sequence[PartHealth]],
    *,
    clock: Clock = utc_now,
    picture: Callable[[str], Photo | None] | None = None,
) -> Starlette:
    """Return the application.

    Args:
        database: Where watches and channels are.
        links: Reads the links in messages, and its clock says which are too old.
        ask_health: Returns how the parts are, PostgreSQL (`postgres`) among them.
        clock: The time a snooze counts from.
        picture: Returns a product's picture by its name, if there is one; None where Amazon has
            them all.
    """
    # Whoever else asks how the parts are waits without a thread; links have their own.
    asker = ThreadPoolExecutor(1, thread_name_prefix="health")

    def sorry(wait: timedelta, language: Language) -> Response:
        says = words_in(language).pages.try_again
        answer = one_sentence_page(says, status=503, language=language)
        answer.headers["Retry-After"] = str(ceil(wait.total_seconds()))
        return answer

    async def link(request: Request) -> Response:
        """Show what a link does, or do it: a reader's button and RFC 8058's one click both post."""
        is_confirmed = request.method == "POST"
        language = language_asked_for(request)
        try:
            target = links.read(request.path_params["token"])
            act = follow if is_confirmed else describe
            said = await database.run(partial(act, target=target, now=clock(), language=language))
            button = "" if is_confirmed else words_in(said.language).pages.yes
            return one_sentence_page(said.sentence, button=button, language=said.language)
        except InvalidLinkError as error:
            says = error.problem.said_in(words_in(language))
            return one_sentence_page(says, status=404, language=language)
        except GoneError as error:
            said = error.said
            return one_sentence_page(said.sentence, status=404, language=said.language)
        except DatabaseLeftAloneError as error:
            return sorry(error.wait, language)
        except KeeperError:
            return sorry(FIRST_PAUSE, language)

    async def health(request: Request) -> Response:
        """Return how each part is; 503 without PostgreSQL, without which nothing here works."""
        asked = await asyncio.get_running_loop().run_in_executor(asker, ask_health)
        parts = {one.part: one for one in asked}
        worst = max((one.state for one in parts.values()), key=list(HealthState).index)
        is_up = parts["postgres"].state is HealthState.READY
        body = {
            "status": HealthState.READY if worst is HealthState.READY else HealthState.DEGRADED,
            # What it says may name hosts, and anybody may ask: `keeper health` shows it.
            "parts": {name: one.state for name, one in parts.items()},
        }
        return JSONResponse(body, status_code=200 if is_up else 503)

    async def live(request: Request) -> Response:
        return JSONResponse({"status": "live"})

    return Starlette(
        routes=[
            Route("/a/{token}", link, methods=["GET", "POST"]),
            Route("/img/{name}", _pictures(picture), methods=["GET"]),
            Route("/health", health, methods=["GET"]),
            Route("/health/live", live, methods=["GET"]),
        ]
    )


def _pictures(
    picture: Callable[[str], Photo | None] | None,
) -> Callable[[Request], Awaitable[Response]]:
    """Return what shows a product's picture by its name."""

    async def image(request: Request) -> Response:
        name = request.path_params["name"]
        found = None
        if picture is not None and _PICTURE_NAME.fullmatch(name):
            found = await run_in_threadpool(picture, name)
        if found is None:
            return Response(status_code=404, headers=SECURITY_HEADERS)
        headers = {**SECURITY_HEADERS, "Cache-Control": "public, max-age=86400"}
        return Response(found.content, headers=headers, media_type=f"image/{found.subtype}")

    return image
