"""The cache as a listener of changes."""

from collections.abc import Sequence

from keeper.console.cache.reads import ReadCache
from keeper.streams.changes.subscriber import NumberedChange


class CacheListener:
    """Applies changes to a cache."""

    def __init__(self, cache: ReadCache) -> None:
        """Apply them to this one."""
        self._cache = cache

    def receive(self, changes: Sequence[NumberedChange]) -> None:
        """Forget what has changed."""
        for one in changes:
            self._cache.apply(one.change)

    def begin(self, end: int) -> None:
        """Believe nothing of before, when nobody read what changes."""
        self.lose_place()

    def lose_place(self) -> None:
        """Believe nothing until a heartbeat comes, and nothing that was kept before."""
        self._cache.trust.end()
        self._cache.drop_all()

    def turn(self) -> None:
        """Look whether Redis is there and still the same."""
        if self._cache.shared is not None:
            self._cache.shared.mend()
