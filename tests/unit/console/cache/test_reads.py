"""Reads of one key that overlap: what a reader has seen is never followed by something older."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest

from keeper.clock import utc_now
from keeper.console.cache.memory import Kept
from keeper.console.cache.reads import ReadCache
from keeper.console.cache.redis_cache import SharedCache, SharedRead
from keeper.domain.changes import Change, ChangeKind

KEY, SUBJECTS = "/prices/B000000001?", ("B000000001",)
CHANGED = Change(kind=ChangeKind.PRODUCT, published_at=utc_now(), ids=("us/B000000001",))


class Shared(SharedCache):
    """What Redis does, each command after some turns of the loop."""

    def __init__(self, pause: Callable[[], Awaitable[None]]) -> None:
        super().__init__("redis://127.0.0.1:1")
        self._pause = pause
        self._word = 0
        self._stored: tuple[Kept, tuple[bytes, ...]] | None = None

    async def read(self, key: str, subjects: Sequence[str]) -> SharedRead | None:
        await self._pause()
        words = (b"%d" % self._word,)
        stored = self._stored
        await self._pause()
        return SharedRead(stored[0] if stored and stored[1] == words else None, words)

    async def keep(self, key: str, kept: Kept, words: tuple[bytes, ...]) -> None:
        await self._pause()
        self._stored = (kept, words)
        await self._pause()

    def drop(self, subjects: object) -> None:
        self._word += 1


@dataclass
class World:
    """A value in a database, a cache before it, and readers of both."""

    seed: int
    is_shared: bool
    value: int = 0
    reads: int = 0
    wrong: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.cache = ReadCache(shared=Shared(self.pause) if self.is_shared else None)
        self.cache.trust.renew(utc_now())

    async def pause(self) -> None:
        for _ in range(self.dice.choice((0, 1, 2, 12))):
            await asyncio.sleep(0)

    async def read(self) -> Kept | None:
        await self.pause()
        self.reads += 1
        found = self.value
        await self.pause()
        return Kept(b"%d" % found, None, "text/plain") if self.dice.random() < 0.95 else None

    async def ask(self) -> int | None:
        """Ask as an endpoint does: some are not admitted, and the cache is not always believed."""
        if self.cache.trust and self.dice.random() < 0.8:
            answer = await self.cache.find(KEY, SUBJECTS, self.read)
        else:
            answer = await self.read()
            if answer is not None:
                await self.cache.overtake(KEY, SUBJECTS, answer)
        return None if answer is None else int(answer.body)

    async def follow(self) -> None:
        """Read some times, one after another."""
        last = 0
        for _ in range(12):
            found = await self.ask()
            if found is not None:
                if found < last:
                    self.wrong.append((last, found))
                last = found
            await self.pause()

    async def write(self) -> None:
        """Change the value some times; each change is known some turns later."""
        for number in range(12):
            self.value += 1
            for _ in range(3):
                await self.pause()
            if number == 6:
                self.cache.trust.end()
            self.cache.apply(CHANGED)
            await self.pause()
            self.cache.trust.renew(utc_now())


@pytest.mark.parametrize("is_shared", [False, True], ids=["in memory", "with Redis"])
def test_no_reader_sees_an_older_value_after_a_newer_one(is_shared: bool) -> None:
    async def run(world: World) -> None:
        await asyncio.gather(world.write(), *(world.follow() for _ in range(4)))
        assert world.wrong == [], world.seed
        # Once all is known everybody sees the last.
        assert await world.cache.find(KEY, SUBJECTS, world.read) in (None, _kept(12))

    for seed in range(150):
        asyncio.run(run(World(seed, is_shared)))


def _kept(value: int) -> Kept:
    return Kept(b"%d" % value, None, "text/plain")


def test_who_asks_while_it_is_read_shares_the_next_read() -> None:
    async def run() -> None:
        cache, reads, go_on = ReadCache(), list[str](), asyncio.Event()

        async def read() -> Kept:
            reads.append("x")
            found = _kept(len(reads))
            await go_on.wait()
            await asyncio.sleep(0)
            return found

        # Nothing is kept: no heartbeat has come.
        asked = [asyncio.create_task(cache.find(KEY, SUBJECTS, read)) for _ in range(50)]
        await asyncio.sleep(0)
        go_on.set()
        answers = [int(kept.body) for kept in await asyncio.gather(*asked)]
        assert answers == [1, *[2] * 49]

        cache.trust.renew(utc_now())
        again = [cache.find(KEY, SUBJECTS, read) for _ in range(50)]
        assert {int(kept.body) for kept in await asyncio.gather(*again)} == {3}
        assert len(reads) == 3

    asyncio.run(run())


def test_who_waited_for_a_read_that_failed_or_was_given_up_reads_for_himself() -> None:
    async def run() -> None:
        cache, reads = ReadCache(), list[str]()
        cache.trust.renew(utc_now())

        async def fail() -> Kept:
            for _ in range(5):
                await asyncio.sleep(0)
            raise OSError

        async def hang() -> Kept:
            await asyncio.Event().wait()
            return _kept(0)

        async def read() -> Kept:
            reads.append("x")
            return _kept(1)

        for first in (fail, hang):
            cache.drop_all()
            leader = asyncio.create_task(cache.find(KEY, SUBJECTS, first))
            await asyncio.sleep(0)
            waiting = [asyncio.create_task(cache.find(KEY, SUBJECTS, read)) for _ in range(3)]
            await asyncio.sleep(0)
            if first is hang:
                leader.cancel()
            assert await asyncio.gather(*waiting) == [_kept(1)] * 3
            with pytest.raises((OSError, asyncio.CancelledError)):
                await leader
        assert len(reads) == 6

    asyncio.run(run())
