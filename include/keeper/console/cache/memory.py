"""Answers kept in the process, each until one of the subjects it shows changes."""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import Lock
from typing import Final

TTL_S: Final = 60.0
"""For so long at most an answer is kept: what it says of the present, an age say, moves on too."""
_MOST_BYTES: Final = 64 * 2**20
_MOST_DROPPED: Final = 100_000
_OVERHEAD: Final = 1_000


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was given.

    Attributes:
        body: As it was sent.
        etag: Of the body; None for an answer without one.
        media_type: The body's.
    """

    body: bytes
    etag: str | None
    media_type: str


@dataclass(frozen=True, slots=True)
class _Entry:
    kept: Kept
    subjects: tuple[str, ...]
    until: float

    def size(self) -> int:
        return len(self.kept.body) + _OVERHEAD


class MemoryCache:
    """Keeps answers, the least recently used ones go first; threads may share it.

    Whoever reads takes a mark before asking the database. An answer is kept only if none of its
    subjects was dropped since: it may be of before the change.
    """

    def __init__(
        self, *, most_bytes: int = _MOST_BYTES, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin with none.

        Args:
            most_bytes: About so much memory the answers take at most.
            seconds: A clock that only goes forward.
        """
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._lock = Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._of_subject: dict[str, set[str]] = {}
        self._bytes = 0
        self._mark = 0
        self._dropped: OrderedDict[str, int] = OrderedDict()
        self._dropped_before = 0

    def mark(self) -> int:
        """Return what to give to `keep` for an answer that is read from now on."""
        return self._mark

    def get(self, key: str) -> Kept | None:
        """Return an answer, None if there is none or it is too old."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry.until <= self._seconds():
                self._remove(key)
                return None
            self._entries.move_to_end(key)
            return entry.kept

    def keep(self, key: str, kept: Kept, subjects: Collection[str], mark: int) -> bool:
        """Keep an answer; return whether it was: not if a subject was dropped since the mark."""
        with self._lock:
            if mark < self._dropped_before:
                return False
            if any(self._dropped.get(one, 0) > mark for one in subjects):
                return False
            self._remove(key)
            entry = _Entry(kept, tuple(subjects), self._seconds() + TTL_S)
            if entry.size() > self._most_bytes:
                return False
            self._entries[key] = entry
            self._bytes += entry.size()
            for subject in subjects:
                self._of_subject.setdefault(subject, set()).add(key)
            while self._bytes > self._most_bytes:
                self._remove(next(iter(self._entries)))
            return True

    def remove(self, key: str) -> None:
        """Forget one answer."""
        with self._lock:
            self._remove(key)

    def drop(self, subjects: Collection[str]) -> None:
        """Forget every answer that shows one of these."""
        with self._lock:
            self._mark += 1
            for subject in subjects:
                self._dropped[subject] = self._mark
                self._dropped.move_to_end(subject)
                for key in tuple(self._of_subject.get(subject, ())):
                    self._remove(key)
            while len(self._dropped) > _MOST_DROPPED:
                # What was read before then might show a subject that is not remembered any more.
                _, self._dropped_before = self._dropped.popitem(last=False)

    def drop_all(self) -> None:
        """Forget every answer."""
        with self._lock:
            self._mark += 1
            self._dropped_before = self._mark
            self._dropped.clear()
            self._entries.clear()
            self._of_subject.clear()
            self._bytes = 0

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._bytes -= entry.size()
        for subject in entry.subjects:
            keys = self._of_subject[subject]
            keys.discard(key)
            if not keys:
                del self._of_subject[subject]
