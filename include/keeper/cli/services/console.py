"""The commands of the console: serving it, and a link to sign in to it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.options import HostOption

if TYPE_CHECKING:
    from fastapi import FastAPI

    from keeper.console.cache.reads import ReadCache
    from keeper.console.changes.feed import ChangeFeed
    from keeper.console.live.hub import LiveHub
    from keeper.settings import Settings

_PARTS = ("postgres", "kafka", "elasticsearch")
app = typer.Typer(invoke_without_command=True)


@app.callback()
def console(
    context: typer.Context,
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
    reload: Annotated[
        bool, typer.Option(help="Start again whenever its code changes; for development.")
    ] = False,
) -> None:
    """Serve the pages at /app/, the API with its documentation at /docs, and links in messages.

    With the simulator also its pictures of products, at /img/NAME.

    Messages have links where KEEPER_PUBLIC_URL, where readers reach it, and KEEPER_LINK_SECRET are
    set. Example: keeper console --port 8000
    """
    if context.invoked_subcommand is not None:
        return
    from keeper.console.serving.server import serve
    from keeper.settings import load_settings

    # Mistakes in the settings are one message here; later they would be a traceback.
    settings = load_settings()
    if reload:
        package = Path(__file__).resolve().parents[2]
        serve(f"{__name__}:application", host=host, port=port, reload_dirs=[str(package)])
    else:
        serve(_application(settings), host=host, port=port)


def application() -> "FastAPI":
    """Make the console by the settings; what --reload calls in each new process."""
    from keeper.settings import load_settings

    return _application(load_settings())


def _application(settings: "Settings") -> "FastAPI":
    from keeper.alerts.links import Links
    from keeper.console.application import make_console
    from keeper.console.context import ConsoleContext
    from keeper.console.database import ConsoleDatabase
    from keeper.console.live.hub import LiveHub
    from keeper.console.operations import ConsoleKafka, Operations
    from keeper.console.pages.links import make_app
    from keeper.console.pages.web_app import web_app_routes
    from keeper.console.search import ConsoleSearch
    from keeper.domain.prices.age import stale_after
    from keeper.domain.prices.types import price_type_of
    from keeper.domain.users.secrets import new_secret
    from keeper.pipeline.services.configuration import (
        airflow_api,
        elasticsearch_config,
        kafka_config,
        links,
        postgres_config,
        simulated_pictures,
        telegram_app_key,
    )
    from keeper.pipeline.services.health import health_of, recent
    from keeper.pipeline.users.accounts import operators_of

    policy = settings.runs.request_policy
    database = ConsoleDatabase(postgres_config(settings))
    live = LiveHub()
    cache, feed = _cache(settings, live)
    ask_health = recent(lambda: health_of(settings, _PARTS))
    context = ConsoleContext(
        database=database,
        operators=operators_of(settings),
        public_url=settings.links.public_url,
        allows_insecure_cookie=settings.console.insecure_cookie,
        trusted_proxies=settings.console.trusted_proxies,
        proxy_user_header=settings.console.proxy_user_header,
        airflow=airflow_api(settings),
        request_policy=policy,
        search=ConsoleSearch(elasticsearch_config(settings)),
        limits=settings.console.limits,
        old_after=lambda name: stale_after(policy.interval_of(price_type_of(name).detail)),
        cache=cache,
        feed=feed,
        live=live,
        telegram_app_key=telegram_app_key(settings),
        operations=Operations(
            kafka=ConsoleKafka(kafka_config(settings)),
            ask_health=ask_health,
            policy=policy,
            reserve_share=settings.runs.token_reserve,
        ),
    )
    pages = make_app(
        database,
        # Without a secret in the settings messages have no links, so that none is of this one.
        links(settings) or Links("", [new_secret()]),
        ask_health,
        picture=simulated_pictures(settings),
    )
    return make_console(context, [*web_app_routes(settings.console.pages_dir), *pages.routes])


def _cache(settings: "Settings", live: "LiveHub") -> "tuple[ReadCache, ChangeFeed]":
    """Return where answers are kept, and what reads the changes for it and for live feeds."""
    from keeper.console.cache.listener import CacheListener
    from keeper.console.cache.reads import ReadCache
    from keeper.console.cache.redis_cache import SharedCache
    from keeper.console.changes.feed import ChangeFeed
    from keeper.pipeline.services.configuration import kafka_config
    from keeper.streams.changes.subscriber import ChangeSubscriber

    url = settings.console.redis_url
    cache = ReadCache(shared=None if url is None else SharedCache(url.get_secret_value()))
    kafka = kafka_config(settings)
    return cache, ChangeFeed(lambda: ChangeSubscriber(kafka), [CacheListener(cache), live])
