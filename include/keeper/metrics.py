"""What a worker waits for, has done and how long each stage took, for logs and `keeper health`."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

LONG_BATCH_S: Final = 60.0
_HANGS: Final = (
    "a batch has not been stored for more than a minute: the store hangs, is overloaded, or "
    "somebody holds a lock"
)


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a part of a worker cannot go on, and since when, in seconds of the epoch."""

    why: str
    since: float


class Waits:
    """What a worker waits for at the moment, by part; empty for one that is ready.

    Written by its own threads, read by anybody.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._by_part: dict[str, Wait] = {}

    def record(self, part: str, why: str | None) -> bool:
        """Record why a part waits, None if it does not; return whether a wait began or ended."""
        before = self._by_part.get(part)
        if why is None:
            return self._by_part.pop(part, None) is not None
        self._by_part[part] = Wait(why, before.since if before else time.time())
        return before is None

    def by_part(self) -> dict[str, Wait]:
        """Return what each part waits for now."""
        return self._by_part.copy()

    def snapshot(self) -> list[Wait]:
        """Return what is waited for now, the longest first."""
        return sorted(self.by_part().values(), key=lambda wait: wait.since)


@dataclass(slots=True)
class WorkerMetrics:
    """Counters of one worker since its start; written by its own threads, read by anybody.

    Attributes:
        messages: Messages handled, dead letters included.
        batches: Batches stored.
        dead_letters: Messages given up.
        failures: Attempts to store a batch that failed for a passing reason.
        last_batch: Messages in the newest batch.
        batch_since: Since when the store has had the batch at hand, in seconds of the epoch; None
            while it has none.
        lag: Messages published and not yet committed as stored; None while Kafka does not say.
        messages_lost: Messages that retention removed before they were read.
        seconds: Time spent by stage: read, decode, store and its parts, commit.
        waits: What it waits for.
    """

    messages: int = 0
    batches: int = 0
    dead_letters: int = 0
    failures: int = 0
    last_batch: int = 0
    batch_since: float | None = None
    lag: int | None = None
    messages_lost: int = 0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    waits: Waits = field(default_factory=Waits)

    @property
    def batch_age_s(self) -> float:
        """For how long the store has had the batch at hand; 0 while it has none."""
        since = self.batch_since
        return 0.0 if since is None else max(time.time() - since, 0)

    def watch_batch(self) -> None:
        """Say that the worker waits if the store has had its batch for more than a minute.

        A store that hangs raises no error: a lock that is not given up, a server that is frozen.
        """
        is_old = self.batch_age_s > LONG_BATCH_S
        self.waits.record("batch", _HANGS if is_old else None)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time the block takes to `stage`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - started

    def snapshot(self) -> dict[str, Any]:
        """Return the counters as plain values, seconds rounded to milliseconds."""
        return {
            "messages": self.messages,
            "batches": self.batches,
            "dead_letters": self.dead_letters,
            "failures": self.failures,
            "last_batch": self.last_batch,
            "batch_age_s": round(self.batch_age_s, 1),
            "lag": self.lag,
            "messages_lost": self.messages_lost,
            "seconds": {stage: round(spent, 3) for stage, spent in self.seconds.items()},
        }
