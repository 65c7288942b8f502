"""A relay in a thread, and a console that keeps answers until it reports a change."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from ipaddress import ip_network

from starlette.routing import BaseRoute

from keeper.console.application import make_console
from keeper.console.cache.listener import CacheListener
from keeper.console.cache.reads import Admissions, ReadCache
from keeper.console.cache.redis_cache import SharedCache
from keeper.console.cache.trust import TRUSTED_S, Trust
from keeper.console.changes.feed import ChangeFeed
from keeper.console.context import ConsoleContext
from keeper.console.database import ConsoleDatabase
from keeper.console.live.hub import LiveHub
from keeper.errors import TransientError
from keeper.pipeline.changes.relay import Relay
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.streams.changes.subscriber import ChangeSubscriber
from keeper.streams.config import KafkaConfig
from tests.asgi_server import serving
from tests.console_server import BOSS, Clock, Console
from tests.services import free_port
from tests.waiting import wait_until


@contextmanager
def relaying(relay: Relay, *, again: bool = False) -> Iterator[list[TransientError]]:
    """Run a relay in a thread for the block; yields why it ended, if it did.

    Args:
        relay: The relay.
        again: Whether to go on after an error, as `keeper relay` does.
    """
    stopping, ended = threading.Event(), list[TransientError]()

    def run() -> None:
        while not stopping.is_set():
            try:
                relay.run(stopped=stopping.is_set, wait=stopping.wait)
            except TransientError as error:
                ended.append(error)
                if not again:
                    return
                stopping.wait(0.2)

    thread = threading.Thread(target=run, name="relay")
    thread.start()
    try:
        yield ended
    finally:
        stopping.set()
        thread.join()


def quick(database: PostgresConfig, kafka: KafkaConfig, topic: str) -> Relay:
    """Return a relay with ten heartbeats a second."""
    return Relay(database, kafka, topic=topic, heartbeat_every_s=0.1)


@contextmanager
def caching_console(
    database: PostgresConfig,
    connection: Connection,
    kafka: KafkaConfig,
    topic: str,
    *,
    redis: str | None = None,
    trusted_s: float = TRUSTED_S,
    proxy_user_header: str | None = None,
    clock: Clock | None = None,
    pages: Sequence[BaseRoute] = (),
) -> Iterator[tuple[Console, ReadCache]]:
    """Serve a console that keeps answers, for the block.

    With a header it trusts this machine to say who has signed in.
    """
    with ExitStack() as running:
        port, clock = free_port(), clock or Clock()
        console = Console(f"http://127.0.0.1:{port}", connection, clock)
        cache = ReadCache(
            shared=None if redis is None else SharedCache(redis),
            trust=Trust(lasts_s=trusted_s),
            admissions=Admissions(clock=clock),
        )
        live = LiveHub()
        feed = ChangeFeed(
            lambda: ChangeSubscriber(kafka, topic=topic), [CacheListener(cache), live]
        )
        store = ConsoleDatabase(database)
        running.callback(store.close)
        context = ConsoleContext(
            database=store,
            operators=frozenset({BOSS}),
            public_url=None,
            allows_insecure_cookie=False,
            old_after=lambda price_type: timedelta(hours=12),
            clock=clock,
            trusted_proxies=() if proxy_user_header is None else (ip_network("127.0.0.1/32"),),
            proxy_user_header=proxy_user_header,
            cache=cache,
            feed=feed,
            live=live,
        )
        running.enter_context(serving(make_console(context, pages), port))
        running.enter_context(console.clients)
        yield console, cache


def trusted(cache: ReadCache) -> None:
    """Wait until the console believes what it keeps."""
    wait_until(lambda: cache.trust, "heartbeats reach the console")
