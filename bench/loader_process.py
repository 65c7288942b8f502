"""Keeper's price loader in a process of its own, as it runs for real, timed from within."""

import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

from bench.registry import Values
from keeper.metrics import WorkerMetrics
from keeper.pipeline.runs.consumers import price_consumer
from keeper.stores.postgres.connection import PostgresConfig
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.streams.config import KafkaConfig
from keeper.streams.consumers.batch import BatchPolicy

BATCH = 32_000
READY_WITHIN_S = 60
_PROCESSES = get_context("spawn")


@dataclass(frozen=True)
class Job:
    """What a loader shall load.

    Attributes:
        kafka: Where Kafka is.
        topic: The topic.
        group: The consumer group; a new one reads from the beginning.
        database: Where to.
        batch: Most messages at once.
    """

    kafka: KafkaConfig
    topic: str
    group: str
    database: PostgresConfig
    batch: int = BATCH


@dataclass(frozen=True)
class Loaded:
    """What a loader did.

    Attributes:
        messages: How many it handled.
        seconds: From joining the group to having left it.
        metrics: Its own counters.
        resident_mib: Its memory after each tenth of the batches or so, as it went.
        cpu_s: Its processor time, in seconds.
    """

    messages: int
    seconds: float
    metrics: Values
    resident_mib: tuple[float, ...]
    cpu_s: float


def load(job: Job, *, loaders: int = 1) -> list[Loaded]:
    """Load all there is with some loaders at once."""
    everyone = _PROCESSES.Barrier(loaders)
    reports: Queue[Loaded] = _PROCESSES.Queue()
    processes = [
        _PROCESSES.Process(target=_load, args=(job, everyone, reports), daemon=True)
        for _ in range(loaders)
    ]
    for process in processes:
        process.start()
    done = [reports.get(timeout=3_600) for _ in processes]
    for process in processes:
        process.join(READY_WITHIN_S)
    return done


def _load(job: Job, everyone: Barrier, reports: "Queue[Loaded]") -> None:
    metrics = WorkerMetrics()
    writer = PriceWriter(job.database, metrics=metrics)
    resident: list[float] = []
    seen = 0

    def record_memory() -> None:
        nonlocal seen
        if metrics.batches > seen:
            seen = metrics.batches
            resident.append(_resident_mib())

    consumer = price_consumer(
        job.kafka,
        writer,
        group=job.group,
        topic=job.topic,
        policy=BatchPolicy(max_messages=job.batch),
        on_cycle=record_memory,
        metrics=metrics,
    )
    everyone.wait(READY_WITHIN_S)
    started, used = time.perf_counter(), time.process_time()
    messages = consumer.run(until_idle=True)
    took, cpu = time.perf_counter() - started, time.process_time() - used
    writer.close()
    reports.put(Loaded(messages, took, metrics.snapshot()["seconds"], tuple(resident), cpu))


def load_until_stopped(job: Job, stopping: Event) -> None:
    """Load what comes until asked to stop; the target of a process."""
    writer = PriceWriter(job.database)

    def stop_if_asked() -> None:
        if stopping.is_set():
            consumer.stop()

    consumer = price_consumer(
        job.kafka, writer, group=job.group, topic=job.topic, on_cycle=stop_if_asked
    )
    consumer.run()
    writer.close()


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def total_seconds(loaded: Sequence[Loaded]) -> float:
    """Return how long loaders took that began together."""
    return max(one.seconds for one in loaded)
