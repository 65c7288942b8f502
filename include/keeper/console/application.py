"""The console as a whole: the API, its documentation, and the pages behind links."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from keeper.console.api import problem_list
from keeper.console.api.deals import deals, reports
from keeper.console.api.deals import filters as deal_filters
from keeper.console.api.deals import search as deal_search
from keeper.console.api.deals import sparklines as deal_sparklines
from keeper.console.api.discovery import discoveries
from keeper.console.api.feeds import feeds
from keeper.console.api.live import feed, stream
from keeper.console.api.messages import alerts, channels
from keeper.console.api.messages import rules as delivery_rules
from keeper.console.api.prices import checks, figures, prices, products, types
from keeper.console.api.requests import requests
from keeper.console.api.runs import runs
from keeper.console.api.search import rebuilds, reconciliations
from keeper.console.api.services import notices, status
from keeper.console.api.storage import storage
from keeper.console.api.streams import dead_letters, topics
from keeper.console.api.tokens import tokens
from keeper.console.api.trends import trends
from keeper.console.api.users import changes, limits, me, sessions, sign_in, telegram, users
from keeper.console.api.watches import addresses, files, rules, sparklines, tags, watches
from keeper.console.context import ConsoleContext
from keeper.console.edge import BodyLimit, SafeHeaders
from keeper.console.mcp.server import serve_mcp
from keeper.console.pages.documentation import documentation_routes
from keeper.console.pages.sign_in import sign_in_route
from keeper.console.problems import Problem, describe_bodies, install
from keeper.console.serving import idempotency
from keeper.console.serving.metrics import ConsoleMetrics, Measured
from keeper.console.serving.proxies import TrustedProxies

API_PATH: Final = "/api/v1"
OPENAPI_URL: Final = "/openapi.json"
VERSION: Final = "1.0.0"
MOST_BODY_BYTES: Final = 2_000_000
_ABOUT: Final = """\
Watch Amazon prices through Keepa. Send an API token as `Authorization: Bearer keeper_pat_…`; each
operation names the scope it needs. docs/API.md leads from signing in to a watch.

Amounts are `{minor, currency, text}`, times RFC 3339 in UTC, errors problem details (RFC 9457).
Lists come page by page: `next_cursor` leads on.
"""


def make_console(context: ConsoleContext, pages: Sequence[BaseRoute] = ()) -> FastAPI:
    """Return the console.

    Args:
        context: What its endpoints share.
        pages: Further routes: the pages in the browser and behind links, pictures, health.
    """
    app = FastAPI(
        title="Keeper",
        version=VERSION,
        description=_ABOUT,
        openapi_url=OPENAPI_URL,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
        lifespan=_lifespan,
    )
    app.state.console = context
    app.add_middleware(idempotency.KeptAnswers, context=context)
    app.add_middleware(BodyLimit, most=MOST_BODY_BYTES)
    app.add_middleware(SafeHeaders)
    metrics = ConsoleMetrics(context.database)
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(TrustedProxies, context=context)
    install(app)
    idempotency.install(app)
    app.router.routes += [
        *_api().routes,
        *documentation_routes(OPENAPI_URL),
        sign_in_route(context),
        *pages,
    ]
    app.router.routes.append(metrics.route())
    serve_mcp(app, context)
    # `openapi` is asked for by /openapi.json too, and keeps what it returns.
    write = app.openapi

    def openapi() -> dict[str, Any]:
        is_new = app.openapi_schema is None
        document = write()
        if is_new:
            idempotency.describe(document)
            describe_bodies(document)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.setdefault(
            "Problem", Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        )
        for name, schema in schemas["Problem"].pop("$defs", {}).items():
            schemas.setdefault(name, schema)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Read what changes for as long as the application serves."""
    context: ConsoleContext = app.state.console
    if context.feed is None:
        yield
        return
    context.live.attach()
    context.feed.start()
    try:
        yield
    finally:
        await run_in_threadpool(context.feed.stop)
        if context.cache is not None:
            await context.cache.close()


@cache
def _api() -> APIRouter:
    """Return the API's routes, which keep nothing of an application and take long to make."""
    api = APIRouter(prefix=API_PATH, generate_unique_id_function=_operation_id)
    # The files' addresses come before that of one watch, which would take their names for numbers.
    for subject in (
        *(me, sessions, sign_in, telegram),
        *(files, sparklines, watches, addresses, rules, tags),
        *(alerts, channels, delivery_rules),
        # Before one deal, which would take its name for an id.
        deal_sparklines,
        *(deal_search, deals, deal_filters, reports, discoveries, feeds),
        users,
        *(changes, limits),
        *(requests, rebuilds, reconciliations),
        *(products, checks, prices, figures, types),
        trends,
        *(stream, feed),
        *(runs, tokens, topics, dead_letters, storage),
        *(notices, status),
        problem_list,
    ):
        api.include_router(subject.router)
    return api


def _operation_id(route: APIRoute) -> str:
    """Return `subject-verb`: what generated clients call an operation never changes by itself."""
    return f"{route.tags[0]}-{route.name}"
