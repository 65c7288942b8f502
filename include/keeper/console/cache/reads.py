"""What endpoints ask of the cache: the answer that is kept, or one that is read and then kept."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

from keeper.clock import Clock, utc_now
from keeper.console.cache.memory import TTL_S, Kept, MemoryCache
from keeper.console.cache.redis_cache import SharedCache
from keeper.console.cache.trust import Trust
from keeper.domain.changes import Change, ChangeKind

_ADMITTED_FOR: Final = timedelta(seconds=60)
_MOST_ADMITTED: Final = 50_000
_MOST_BYTES: Final = 1_000_000
"""A larger answer is not kept."""
_DOUBTED_S: Final = TTL_S + 5
"""One that is on its way to Redis may come there a little later."""


_T = TypeVar("_T")


@dataclass(eq=False, slots=True)
class _Flight:
    """A read of the database that others may wait for.

    Attributes:
        ended: Set at its end.
        answer: What was read; None if it is not for everybody.
        is_overtaken: Another read has answered meanwhile: this one may be of before it.
    """

    ended: asyncio.Event = field(default_factory=asyncio.Event)
    answer: Kept | None = None
    is_overtaken: bool = False


class Admissions:
    """Which credentials the database has just admitted to which endpoint.

    For a minute at most, and for as long as nothing changes in who may do what.
    """

    def __init__(self, *, clock: Clock = utc_now) -> None:
        """Begin with none."""
        self._clock = clock
        self._until: dict[tuple[bytes, str], datetime] = {}
        self._changes = 0

    def mark(self) -> int:
        """Return what to give to `add` for credentials that are examined from now on."""
        return self._changes

    def holds(self, credentials: bytes, endpoint: str) -> bool:
        """Return whether these were admitted a moment ago and have not expired."""
        until = self._until.get((credentials, endpoint))
        now = self._clock()
        # One that lasts longer is of before the clock was set back.
        return until is not None and now < until <= now + _ADMITTED_FOR

    def add(self, credentials: bytes, endpoint: str, *, expires_at: datetime, mark: int) -> None:
        """Admit credentials, unless something has changed since they were examined."""
        if mark != self._changes:
            return
        if len(self._until) >= _MOST_ADMITTED:
            self._until.clear()
        self._until[credentials, endpoint] = min(expires_at, self._clock() + _ADMITTED_FOR)

    def end(self) -> None:
        """Let the database examine everybody anew."""
        self._changes += 1
        self._until.clear()


@dataclass(frozen=True, slots=True)
class ReadCache:
    """Answers in memory and, where there is one, in Redis; believed while heartbeats come.

    A change is known some milliseconds after its commit. Until then two reads that overlap may find
    the new value and the old. So that nobody reads the old one after the new, the reads of a key
    that fill the cache come one after another, and one beside them drops what differs from it. This
    holds for the readers of one console; several that share Redis may differ by those milliseconds.
    `find` and `overtake` belong to the event loop, the rest to any thread.

    Attributes:
        memory: This process's.
        shared: Redis; None without one.
        trust: Whether the changes come.
        admissions: Who need not be looked up.
    """

    memory: MemoryCache = field(default_factory=MemoryCache)
    shared: SharedCache | None = None
    trust: Trust = field(default_factory=Trust)
    admissions: Admissions = field(default_factory=Admissions)
    _flights: dict[str, _Flight] = field(default_factory=dict, init=False, repr=False)
    _doubted: OrderedDict[str, float] = field(default_factory=OrderedDict, init=False, repr=False)

    async def find(
        self, key: str, subjects: Sequence[str], read: Callable[[], Awaitable[Kept | _T]]
    ) -> Kept | _T:
        """Return the answer that is kept, or read one and keep it.

        Args:
            key: What was asked.
            subjects: What the answer shows.
            read: Reads it from the database; what is no Kept is for this caller alone.
        """
        for is_first in (True, False):
            if self.trust and (kept := self.memory.get(key)) is not None:
                return kept
            if (flight := self._flights.get(key)) is None:
                return await self._lead(key, subjects, read)
            await flight.ended.wait()
            if flight.answer is None:
                break
            # The first began before this caller asked, the second after it.
            if not is_first:
                return flight.answer
        answer = await read()
        if isinstance(answer, Kept):
            await self.overtake(key, subjects, answer)
        return answer

    async def overtake(self, key: str, subjects: Sequence[str], answer: Kept) -> None:
        """Forget what is kept, or about to be, if it is not the answer that was read beside it."""
        found = None
        if self.shared is not None and self.trust:
            found = await self.shared.read(key, subjects)
        is_other = found is None or (found.kept is not None and found.kept.body != answer.body)
        if (kept := self.memory.get(key)) is not None:
            if kept.body == answer.body:
                return
            self.memory.remove(key)
            is_other = True
        if (flight := self._flights.get(key)) is not None:
            flight.is_overtaken = is_other = True
        if self.shared is not None and is_other:
            self._doubt(key)

    async def _lead(
        self, key: str, subjects: Sequence[str], read: Callable[[], Awaitable[Kept | _T]]
    ) -> Kept | _T:
        flight = self._flights[key] = _Flight()
        try:
            mark, words = self.memory.mark(), None
            if self.shared is not None and (found := await self.shared.read(key, subjects)):
                words = found.words
                if found.kept is not None and self.trust and not self._is_doubted(key):
                    self.memory.keep(key, found.kept, subjects, mark)
                    flight.answer = found.kept
                    return found.kept
            answer = await read()
            if isinstance(answer, Kept):
                flight.answer = answer
                if self.trust and not flight.is_overtaken and len(answer.body) <= _MOST_BYTES:
                    await self._keep(key, answer, subjects, mark, words)
            return answer
        finally:
            del self._flights[key]
            flight.ended.set()

    async def _keep(
        self,
        key: str,
        answer: Kept,
        subjects: Sequence[str],
        mark: int,
        words: tuple[bytes, ...] | None,
    ) -> None:
        is_kept = self.memory.keep(key, answer, subjects, mark)
        if is_kept and self.shared is not None and words is not None:
            await self.shared.keep(key, answer, words)

    def _doubt(self, key: str) -> None:
        """Believe no answer of Redis to this until all have expired that it has now."""
        now = time.monotonic()
        self._doubted[key] = now + _DOUBTED_S
        self._doubted.move_to_end(key)
        while next(iter(self._doubted.values())) <= now:
            self._doubted.popitem(last=False)

    def _is_doubted(self, key: str) -> bool:
        return self._doubted.get(key, 0.0) > time.monotonic()

    def apply(self, change: Change) -> None:
        """Forget what a change concerns, in Redis first: memory is filled from there."""
        if change.kind is ChangeKind.HEARTBEAT:
            self.trust.renew(change.published_at)
        elif change.kind is ChangeKind.ANYTHING:
            self.drop_all()
        elif change.kind is ChangeKind.ACCESS:
            self.admissions.end()
        elif change.kind is ChangeKind.PRODUCT:
            if change.ids is None:
                self._drop_answers()
            else:
                self._drop([subject_of(one) for one in change.ids])

    def drop_all(self) -> None:
        """Forget everything, as after changes that may have been missed."""
        self.admissions.end()
        self._drop_answers()

    def _drop_answers(self) -> None:
        if self.shared is not None:
            self.shared.drop_all()
        self.memory.drop_all()

    def _drop(self, subjects: Sequence[str]) -> None:
        if self.shared is not None:
            self.shared.drop(subjects)
        self.memory.drop(subjects)

    async def close(self) -> None:
        """Close the connections."""
        if self.shared is not None:
            with suppress(Exception):
                await self.shared.close()


def subject_of(product: str) -> str:
    """Return the subject of answers that show a product: its ASIN, for some show all its locales.

    Args:
        product: `locale/ASIN`, or an ASIN.
    """
    return product.rpartition("/")[2].upper()
