"""What the bot remembers of its chats and updates: in Redis, or in PostgreSQL where there is none.

Away, it remembers nothing and forgets what it knew: an open question is asked again, and an update
that Telegram sends twice may be answered twice.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Protocol, TypeVar

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from keeper.clock import Clock, utc_now
from keeper.errors import KeeperError
from keeper.stores.postgres.bot.memory import (
    forget,
    forget_old,
    recall,
    remember,
    remember_first,
)
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.pool import ConnectionPool

_LOG: Final = logging.getLogger(__name__)
_PREFIX: Final = "keeper:bot:"
_TIMEOUT_S: Final = 1.0
_T = TypeVar("_T")


class Memory(Protocol):
    """Keeps what JSON can hold under a key, for a while. No method raises."""

    async def recall(self, key: str) -> Any:
        """Return what is remembered; None if nothing, or no longer."""

    async def remember(self, key: str, value: object, lasts: timedelta) -> None:
        """Remember something, in the place of what was there."""

    async def is_first(self, key: str, lasts: timedelta) -> bool:
        """Remember a key; return whether it was not known before."""

    async def forget(self, key: str) -> None:
        """Forget what is remembered."""

    async def tidy(self) -> None:
        """Give up the room of what is over."""

    async def close(self) -> None:
        """Close the connections."""


class RedisMemory:
    """Remembers in Redis."""

    def __init__(self, url: str) -> None:
        """Connect with the first call."""
        self._redis = Redis.from_url(
            url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
        )

    async def recall(self, key: str) -> Any:
        """Return what is remembered; None if nothing, or no longer."""
        try:
            kept = await self._redis.get(_PREFIX + key)
            return None if kept is None else msgspec.json.decode(kept)
        except (RedisError, OSError, msgspec.MsgspecError) as error:
            return _report(error, None)

    async def remember(self, key: str, value: object, lasts: timedelta) -> None:
        """Remember something, in the place of what was there."""
        try:
            await self._redis.set(_PREFIX + key, msgspec.json.encode(value), ex=lasts)
        except (RedisError, OSError) as error:
            _report(error, None)

    async def is_first(self, key: str, lasts: timedelta) -> bool:
        """Remember a key; return whether it was not known before."""
        try:
            return bool(await self._redis.set(_PREFIX + key, b"true", ex=lasts, nx=True))
        except (RedisError, OSError) as error:
            return _report(error, True)

    async def forget(self, key: str) -> None:
        """Forget what is remembered."""
        try:
            await self._redis.delete(_PREFIX + key)
        except (RedisError, OSError) as error:
            _report(error, None)

    async def tidy(self) -> None:
        """Do nothing: Redis does it."""

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


class DatabaseMemory:
    """Remembers in PostgreSQL."""

    def __init__(self, config: PostgresConfig, *, clock: Clock = utc_now) -> None:
        """Connect with the first call."""
        self._pool = ConnectionPool(config)
        self._clock = clock

    async def recall(self, key: str) -> Any:
        """Return what is remembered; None if nothing, or no longer."""
        return await self._do(lambda db: recall(db, key, self._clock()), None)

    async def remember(self, key: str, value: object, lasts: timedelta) -> None:
        """Remember something, in the place of what was there."""
        until = self._clock() + lasts
        await self._do(lambda db: remember(db, key, value, until=until), None)

    async def is_first(self, key: str, lasts: timedelta) -> bool:
        """Remember a key; return whether it was not known before."""
        now = self._clock()
        return await self._do(lambda db: remember_first(db, key, now, until=now + lasts), True)

    async def forget(self, key: str) -> None:
        """Forget what is remembered."""
        await self._do(lambda db: forget(db, key), None)

    async def tidy(self) -> None:
        """Delete what is over."""
        await self._do(lambda db: forget_old(db, self._clock()), None)

    async def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    async def _do(self, work: Callable[[Connection], _T], otherwise: _T) -> _T:
        def done() -> _T:
            with self._pool.session() as connection:
                return work(connection)

        try:
            return await asyncio.to_thread(done)
        except KeeperError as error:
            return _report(error, otherwise)


def _report(error: Exception, otherwise: _T) -> _T:
    _LOG.warning("the bot's memory does not answer: %s", error)
    return otherwise
