"""When Keeper's own events are published: which, and how often."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from keeper.clock import Clock, utc_now
from keeper.domain.runs.events import KeeperEvent
from keeper.metrics import WorkerMetrics
from keeper.stores.postgres.runs.runs import RunCounts
from keeper.streams.events.publisher import EventPublisher

PublishEvent = Callable[[KeeperEvent], None]
"""Publishes an event, or logs that it could not; it never fails."""
_LETTERS_EVERY_S: Final = 60.0


def publish_nothing(_: KeeperEvent) -> None:
    """Publish nothing."""


def events_of_run(
    run_id: str, counts: RunCounts, row: Mapping[str, Any], *, at: datetime
) -> Iterator[KeeperEvent]:
    """Yield what others may want to know of a run that ended well.

    Args:
        run_id: The run.
        counts: What it counted.
        row: Its row of `pipeline_runs`.
        at: When it ended.
    """
    if loaded := counts.products_fetched:
        yield KeeperEvent(event_type="run_loaded", occurred_at=at, count=loaded, run_id=run_id)
    if found := row["deals_stored"]:
        yield KeeperEvent(event_type="deals_found", occurred_at=at, count=found, run_id=run_id)


class DeadLetterNotifier:
    """Publishes how many dead letters a worker has new, once a minute at most."""

    def __init__(
        self,
        publisher: EventPublisher,
        topic: str,
        metrics: WorkerMetrics,
        *,
        every_s: float = _LETTERS_EVERY_S,
        seconds: Callable[[], float] = time.monotonic,
        clock: Clock = utc_now,
    ) -> None:
        """Watch a worker's count of dead letters.

        Args:
            publisher: Where to publish.
            topic: The topic the worker reads.
            metrics: The worker's counts.
            every_s: How long to be silent after an event.
            seconds: A clock that only goes forward.
            clock: The time of an event.
        """
        self._publisher = publisher
        self._topic = topic
        self._metrics = metrics
        self._every_s = every_s
        self._seconds = seconds
        self._clock = clock
        self._reported = 0
        self._not_before = 0.0

    def look(self) -> None:
        """Report new letters if it is time; quick, for every turn of the worker."""
        if self._metrics.dead_letters > self._reported and self._seconds() >= self._not_before:
            self._report()
        self._publisher.serve()

    def close(self) -> None:
        """Report the last letters, whenever others were reported, and wait a moment for Kafka."""
        if self._metrics.dead_letters > self._reported:
            self._report()
        self._publisher.close()

    def _report(self) -> None:
        letters = self._metrics.dead_letters
        self._publisher.publish(
            KeeperEvent(
                event_type="dead_letters_grew",
                occurred_at=self._clock(),
                count=letters - self._reported,
                topic=self._topic,
            )
        )
        self._reported = letters
        self._not_before = self._seconds() + self._every_s
