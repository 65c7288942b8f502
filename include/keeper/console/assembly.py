"""The console by the settings: what `keeper console` serves, and what Airflow mounts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from fastapi import FastAPI

from keeper.alerts.links import Links
from keeper.console.application import make_console
from keeper.console.cache.listener import CacheListener
from keeper.console.cache.reads import ReadCache
from keeper.console.cache.redis_cache import SharedCache
from keeper.console.changes.feed import ChangeFeed
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
from keeper.settings import Settings
from keeper.streams.changes.subscriber import ChangeSubscriber

_PARTS: Final = ("postgres", "kafka", "elasticsearch")


def console_by(settings: Settings) -> FastAPI:
    """Return the console as `keeper console` serves it."""
    return _made(settings, _context(settings), "'none'")


def hosted_console_by(settings: Settings, public_url: str) -> FastAPI:
    """Return the console for a host that mounts it: shown in the host's frames, at its address.

    The host says who has signed in, so no proxy does.
    """
    context = replace(
        _context(settings), public_url=public_url, trusted_proxies=(), proxy_user_header=None
    )
    return _made(settings, context, "'self'")


def _made(settings: Settings, context: ConsoleContext, ancestors: str) -> FastAPI:
    pages = make_app(
        context.database,
        # Without a secret in the settings messages have no links, so that none is of this one.
        links(settings) or Links("", [new_secret()]),
        recent(lambda: health_of(settings, _PARTS)),
        picture=simulated_pictures(settings),
    )
    web_app = web_app_routes(settings.console.pages_dir, ancestors=ancestors)
    return make_console(context, [*web_app, *pages.routes])


def _context(settings: Settings) -> ConsoleContext:
    policy = settings.runs.request_policy
    live = LiveHub()
    cache, feed = _cache(settings, [live])
    return ConsoleContext(
        database=ConsoleDatabase(postgres_config(settings)),
        operators=operators_of(settings),
        trends_floor=settings.console.trends_floor,
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
            ask_health=recent(lambda: health_of(settings, _PARTS)),
            policy=policy,
            reserve_share=settings.runs.token_reserve,
        ),
    )


def _cache(settings: Settings, hubs: Sequence[LiveHub]) -> tuple[ReadCache, ChangeFeed]:
    """Return where answers are kept, and what reads the changes for it and for live feeds."""
    url = settings.console.redis_url
    cache = ReadCache(shared=None if url is None else SharedCache(url.get_secret_value()))
    kafka = kafka_config(settings)
    return cache, ChangeFeed(lambda: ChangeSubscriber(kafka), [CacheListener(cache), *hubs])
