"""What endpoints ask of the cache: whether an answer is there, and to keep one that was read."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from keeper.clock import Clock, utc_now
from keeper.console.cache.memory import Kept, MemoryCache
from keeper.console.cache.redis_cache import SharedCache
from keeper.console.cache.trust import Trust
from keeper.domain.changes import Change, ChangeKind

_ADMITTED_FOR: Final = timedelta(seconds=60)
_MOST_ADMITTED: Final = 50_000


class Place(NamedTuple):
    """Where an answer that is read now may be kept.

    Attributes:
        mark: The memory's, from before.
        words: Redis's, from before; None to keep it in memory alone.
    """

    mark: int
    words: tuple[bytes, ...] | None


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

    async def find(self, key: str, subjects: Sequence[str]) -> Kept | Place:
        """Return an answer, or where to keep it once it is read."""
        if (kept := self.memory.get(key)) is not None:
            return kept
        mark = self.memory.mark()
        if self.shared is None or (read := await self.shared.read(key, subjects)) is None:
            return Place(mark, None)
        if read.kept is None or not self.trust:
            return Place(mark, read.words)
        self.memory.keep(key, read.kept, subjects, mark)
        return read.kept

    async def keep(self, key: str, kept: Kept, subjects: Sequence[str], place: Place) -> None:
        """Keep an answer that was read after its place was found."""
        if not self.trust or not self.memory.keep(key, kept, subjects, place.mark):
            return
        if self.shared is not None and place.words is not None:
            await self.shared.keep(key, kept, place.words)

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
