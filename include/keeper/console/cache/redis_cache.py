"""Answers kept in Redis, for all consoles.

Each subject has a generation there, a random word, and so has everything; an answer is kept with
the words that were read before the database was asked. It is believed only while they are the same.
A change replaces a subject's word, so that an old answer is never believed again, not even if Redis
forgets words or answers to make room.

Redis may be away, and it may have missed what changed meanwhile or have come back with what it held
before. After each trouble nothing of it is believed until it answers again. If it has missed a
change, or is another than before, the word of everything is replaced first. A read that fails
misses nothing, so that what all consoles have kept stays.
"""

import asyncio
import logging
import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from keeper.breaker import Breaker
from keeper.clock import Clock, utc_now
from keeper.console.cache.memory import TTL_S, Kept

_LOG: Final = logging.getLogger(__name__)
_TIMEOUT_S: Final = 0.1
_CONNECTIONS: Final = 20
_PREFIX: Final = "keeper:cache"
_EVERYTHING: Final = f"{_PREFIX}:g"
_WORDS_S: Final = 86_400
_PAUSE: Final = timedelta(seconds=1)
_TROUBLE: Final = (RedisError, OSError)
_ENCODER: Final = msgspec.msgpack.Encoder()


class _Stored(msgspec.Struct, array_like=True, frozen=True):
    words: tuple[bytes, ...]
    body: bytes
    etag: str | None
    media_type: str


_DECODER: Final = msgspec.msgpack.Decoder(_Stored)


class SharedRead(NamedTuple):
    """What Redis has of an answer: it, or None and the words to keep it with."""

    kept: Kept | None
    words: tuple[bytes, ...]


class SharedCache:
    """Keeps answers in Redis. No method raises; one that Redis does not answer gives nothing.

    `read` and `keep` are for the event loop; `drop`, `drop_all` and `mend` for one other thread.
    """

    def __init__(self, url: str, *, clock: Clock = utc_now) -> None:
        """Connect with the first call."""
        self._readers = AsyncRedis.from_url(
            url,
            retry=AsyncRetry(NoBackoff(), 0),
            max_connections=_CONNECTIONS,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
        )
        # redis-py's pool raises for a burst what it does for a Redis that is away.
        self._free = asyncio.Semaphore(_CONNECTIONS)
        self._writer = Redis.from_url(
            url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
        )
        self._clock = clock
        self._breaker = Breaker(first_pause=_PAUSE, last_pause=_PAUSE * 8)
        # What is in Redis may be wrong from the first trouble on, and before the first look.
        self._troubles = 1
        self._mended = 0
        # Changes that it may not have; the other thread's alone.
        self._missed = 1
        self._made_up = 0
        self._run_id: str | None = None

    @property
    def is_believed(self) -> bool:
        """Whether every change is in Redis, and it has answered since the last trouble."""
        return self._troubles == self._mended

    async def read(self, key: str, subjects: Sequence[str]) -> SharedRead | None:
        """Return an answer or the words to keep it with; None if Redis cannot say."""
        if not self.is_believed or self._breaker.wait(self._clock()):
            return None
        names = [_EVERYTHING, *map(_word_of, subjects)]
        if not await self._has_turn():
            return None
        try:
            *found, stored = _bytes_of(await self._readers.mget([*names, _key_of(key)]))
            if None in found:
                async with self._readers.pipeline(transaction=False) as pipe:
                    for name in names:
                        pipe.set(name, _new_word(), ex=_WORDS_S, nx=True)
                    await pipe.execute()
                found, stored = _bytes_of(await self._readers.mget(names)), None
        except _TROUBLE as error:
            self._record_trouble(error)
            return None
        finally:
            self._free.release()
        words = tuple(one for one in found if one is not None)
        if len(words) < len(names) or not self.is_believed:
            return None
        return SharedRead(_kept_in(stored, words), words)

    async def keep(self, key: str, kept: Kept, words: tuple[bytes, ...]) -> None:
        """Keep an answer that was read after the words were."""
        if not self.is_believed or self._breaker.wait(self._clock()):
            return
        stored = _Stored(words, kept.body, kept.etag, kept.media_type)
        if not await self._has_turn():
            return
        try:
            await self._readers.set(_key_of(key), _ENCODER.encode(stored), ex=int(TTL_S))
        except _TROUBLE as error:
            self._record_trouble(error)
        finally:
            self._free.release()

    def drop(self, subjects: Collection[str]) -> None:
        """Let nobody believe an answer any more that shows one of these."""
        if self._breaker.wait(self._clock()):
            self._miss()
            return
        try:
            with self._writer.pipeline(transaction=False) as pipe:
                for subject in subjects:
                    # Without a word there is no answer that is believed.
                    pipe.set(_word_of(subject), _new_word(), ex=_WORDS_S, xx=True)
                pipe.execute()
        except _TROUBLE as error:
            self._miss()
            self._record_trouble(error)

    def drop_all(self) -> None:
        """Let nobody believe any answer any more."""
        self._miss()
        self.mend()

    def mend(self) -> None:
        """Go on with Redis after a trouble, if it answers; called now and then.

        Asks each time whether it is still the same server that runs: one that was started anew may
        have come back with what it held some time ago.
        """
        if self._breaker.admit(self._clock()):
            return
        troubles, missed = self._troubles, self._missed
        try:
            run_id = str(self._writer.info("server")["run_id"])
            if missed != self._made_up or run_id != self._run_id:
                self._writer.set(_EVERYTHING, _new_word(), ex=_WORDS_S)
        except _TROUBLE as error:
            self._record_trouble(error)
            return
        self._breaker.worked()
        self._run_id = run_id
        # Of a trouble meanwhile nobody knows whether it was before or after the new word.
        self._mended, self._made_up = troubles, missed

    async def close(self) -> None:
        """Close the connections."""
        self._writer.close()
        await self._readers.aclose()

    async def _has_turn(self) -> bool:
        """Take one of the connections; who finds none free in time goes without Redis."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._free.acquire()
        except TimeoutError:
            return False
        return True

    def _miss(self) -> None:
        self._missed += 1
        self._troubles += 1

    def _record_trouble(self, error: Exception) -> None:
        self._troubles += 1
        if self._breaker.failed(self._clock()):
            _LOG.warning("Redis does not answer (%s); not asked for a moment", type(error).__name__)


def _kept_in(stored: bytes | None, words: tuple[bytes, ...]) -> Kept | None:
    if stored is None:
        return None
    try:
        found = _DECODER.decode(stored)
    except msgspec.DecodeError:
        # Another version's.
        return None
    return Kept(found.body, found.etag, found.media_type) if found.words == words else None


def _bytes_of(values: Sequence[object]) -> list[bytes | None]:
    return [one if isinstance(one, bytes) else None for one in values]


def _word_of(subject: str) -> str:
    return f"{_PREFIX}:g:{subject}"


def _key_of(key: str) -> str:
    return f"{_PREFIX}:a:{sha256(key.encode()).hexdigest()}"


def _new_word() -> str:
    return secrets.token_hex(8)
