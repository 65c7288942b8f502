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
    """Tell nobody."""


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
    """Tells of a worker's dead letters, once a minute at most however many they are."""

    def __init__(
        self,
        doorbell: EventPublisher,
        topic: str,
        metrics: WorkerMetrics,
        *,
        every_s: float = _LETTERS_EVERY_S,
        seconds: Callable[[], float] = time.monotonic,
        clock: Clock = utc_now,
    ) -> None:
        """Watch a worker's count of dead letters.

        Args:
            doorbell: Where to tell.
            topic: The topic the worker reads.
            metrics: The worker's counts.
            every_s: How long to be silent after an event.
            seconds: Tells how time goes by.
            clock: Tells the time of an event.
        """
        self._doorbell = doorbell
        self._topic = topic
        self._metrics = metrics
        self._every_s = every_s
        self._seconds = seconds
        self._clock = clock
        self._told = 0
        self._not_before = 0.0

    def look(self) -> None:
        """Tell of new letters if it is time; quick, for every turn of the worker."""
        if self._metrics.dead_letters > self._told and self._seconds() >= self._not_before:
            self._tell()
        self._doorbell.serve()

    def close(self) -> None:
        """Tell of the last letters, whenever others were told, and wait a moment for Kafka."""
        if self._metrics.dead_letters > self._told:
            self._tell()
        self._doorbell.close()

    def _tell(self) -> None:
        letters = self._metrics.dead_letters
        self._doorbell.publish(
            KeeperEvent(
                event_type="dead_letters_grew",
                occurred_at=self._clock(),
                count=letters - self._told,
                topic=self._topic,
            )
        )
        self._told = letters
        self._not_before = self._seconds() + self._every_s
