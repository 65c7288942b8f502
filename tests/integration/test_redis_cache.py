"""What consoles share in Redis: a burst or a failed read of one costs the others nothing."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from redis.exceptions import TimeoutError as RedisTimeoutError

from keeper.console.cache.memory import Kept
from keeper.console.cache.redis_cache import SharedCache
from tests.redis_server import RedisServer
from tests.waiting import HUNG_AFTER_S

ASIN = "B000000001"
KEPT = Kept(b"{}", None, "application/json")


@pytest.fixture
def shared(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> SharedCache:
    """One whose Redis has an answer, however busy the machine is."""
    monkeypatch.setattr("keeper.console.cache.redis_cache._TIMEOUT_S", HUNG_AFTER_S)
    return SharedCache(redis_server.url)


async def mend(shared: SharedCache) -> None:
    # As if its pause were over.
    shared._breaker.worked()
    await asyncio.to_thread(shared.mend)
    assert shared.is_believed


def run(shared: SharedCache, work: Callable[[], Awaitable[None]]) -> None:
    async def prepare_and_work() -> None:
        try:
            await asyncio.to_thread(shared.mend)
            assert shared.is_believed
            found = await shared.read("key", [ASIN])
            assert found is not None
            await shared.keep("key", KEPT, found.words)
            assert await is_kept(shared)
            await work()
        finally:
            await shared.close()

    asyncio.run(prepare_and_work())


async def is_kept(shared: SharedCache) -> bool:
    found = await shared.read("key", [ASIN])
    return found is not None and found.kept == KEPT


def test_a_burst_of_readers_waits_for_connections(shared: SharedCache) -> None:
    async def work() -> None:
        found = await asyncio.gather(*(shared.read(f"other {n}", [ASIN]) for n in range(100)))
        assert sum(one is not None for one in found) > 20
        assert shared.is_believed
        assert await is_kept(shared)

    run(shared, work)


def test_a_failed_read_costs_nobody_what_is_kept_but_a_missed_drop_does(
    shared: SharedCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> object:
        raise RedisTimeoutError

    async def work() -> None:
        with monkeypatch.context() as broken:
            broken.setattr(shared._readers, "mget", fail)
            assert await shared.read("key", [ASIN]) is None
        assert not shared.is_believed
        await mend(shared)
        assert await is_kept(shared)

        with monkeypatch.context() as broken:
            broken.setattr(shared._readers, "mget", fail)
            assert await shared.read("key", [ASIN]) is None
        # It is left alone for a moment, and misses this.
        await asyncio.to_thread(shared.drop, ["B000000002"])
        await mend(shared)
        assert not await is_kept(shared)

    run(shared, work)


def test_a_drop_that_fails_is_made_up_for(
    shared: SharedCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> object:
        raise RedisTimeoutError

    async def work() -> None:
        with monkeypatch.context() as broken:
            broken.setattr(shared._writer, "pipeline", fail)
            await asyncio.to_thread(shared.drop, [ASIN])
        assert not shared.is_believed
        await mend(shared)
        assert not await is_kept(shared)

    run(shared, work)
