"""A worker's own numbers."""

import time
from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from keeper.metrics import Waits, WorkerMetrics
from keeper.pipeline.metrics import definitions as of


class WorkerNumbers(Collector):
    """What a worker has done and waits for, at the moment somebody asks."""

    def __init__(self, worker: str, waits: Waits, metrics: WorkerMetrics | None) -> None:
        """Show the numbers of a worker by its name; those it does not count are absent."""
        self._worker = worker
        self._waits = waits
        self._metrics = metrics
        self.beat_at = time.time()

    def collect(self) -> Iterator[Metric]:
        """Yield them."""
        own = (self._worker,)
        yield of.BUILD.of([((version("keeper"),), 1)])
        yield of.WORKER_HEARTBEAT.of([(own, self.beat_at)])
        yield of.WORKER_WAITING_SINCE.of(
            ((self._worker, part), wait.since) for part, wait in self._waits.by_part().items()
        )
        metrics = self._metrics
        if metrics is None:
            return
        yield of.WORKER_MESSAGES.of([(own, metrics.messages)])
        yield of.WORKER_BATCHES.of([(own, metrics.batches)])
        yield of.WORKER_DEAD_LETTERS.of([(own, metrics.dead_letters)])
        yield of.WORKER_FAILURES.of([(own, metrics.failures)])
        yield of.WORKER_LAST_BATCH.of([(own, metrics.last_batch)])
        yield of.WORKER_UNREAD.of([] if metrics.lag is None else [(own, metrics.lag)])
        yield of.WORKER_BATCH_AGE.of([(own, metrics.batch_age_s)])
        yield of.WORKER_LOST.of([(own, metrics.messages_lost)])
        yield of.WORKER_SECONDS.of(
            ((self._worker, stage), spent) for stage, spent in metrics.seconds.copy().items()
        )
