"""A worker for the tests to kill: `python -m tests.faults.loader '<json>'`, see `Job`."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from confluent_kafka import Message

from keeper.domain.prices.events import PriceEvent
from keeper.pipeline.runs.consumers import price_consumer
from keeper.stores.elasticsearch.connection import ElasticsearchConfig
from keeper.stores.elasticsearch.price_index import PriceIndex
from keeper.stores.postgres.connection import PostgresConfig
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.streams.config import KafkaConfig
from keeper.streams.consumers import batch_consumer as consumer_module
from keeper.streams.consumers.batch import BatchPolicy
from keeper.streams.consumers.batch_consumer import BatchConsumer


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker does.

    Attributes:
        brokers: Kafka.
        topic: What it reads.
        group: As whom.
        instance: Its lasting name.
        database: URL of PostgreSQL, if prices go there.
        search: URL of Elasticsearch, if they go there.
        alias: The alias in Elasticsearch.
        batch: Most messages at once.
        until_idle: End when all is read.
        die_at: `poll`, `copy`, `commit` or `offsets`: where the process kills itself.
        die_in_batch: In which batch, counted from 1.
        client: Settings of the Kafka clients.
        session_timeout_ms: When a killed member is missed: so late that a slow machine ends no
            session. A commit that is under way when Kafka goes away may wait as long.
    """

    brokers: str
    topic: str
    group: str
    instance: str | None = None
    database: str | None = None
    search: str | None = None
    alias: str = ""
    batch: int = 100
    until_idle: bool = True
    die_at: str | None = None
    die_in_batch: int = 1
    client: dict[str, str] = {}
    session_timeout_ms: int = 45_000


def die() -> None:
    """End as a machine that loses its power."""
    os.kill(os.getpid(), signal.SIGKILL)


class DyingWriter(PriceWriter):
    """Dies where the job says."""

    def __init__(self, config: PostgresConfig, job: Job) -> None:
        super().__init__(config)
        self._job = job
        self._batches = 0

    def store(self, events: Sequence[PriceEvent]) -> object:  # type: ignore[override]  # of no interest here
        self._batches += 1
        result = super().store(events)
        self._pass("offsets")
        return result

    def _compare(self, *arguments: object) -> object:  # type: ignore[override]  # after COPY
        self._pass("copy")
        return super()._compare(*arguments)  # type: ignore[arg-type]  # handed on

    def write(self, *arguments: object, **how: object) -> object:  # type: ignore[override]  # handed on
        result = super().write(*arguments, **how)  # type: ignore[arg-type]  # handed on
        self._pass("commit")
        return result

    def _pass(self, point: str) -> None:
        if self._job.die_at == point and self._batches == self._job.die_in_batch:
            die()


def die_after_poll(job: Job) -> None:
    """Make the consumer die when it has read the messages of the job's batch."""
    gather: Callable[..., None] = BatchConsumer._gather
    read = 0

    def gather_or_die(self: BatchConsumer[Any], messages: Sequence[Message]) -> None:
        nonlocal read
        read += len(messages)
        if read > job.batch * (job.die_in_batch - 1):
            die()
        gather(self, messages)

    consumer_module.BatchConsumer._gather = gather_or_die  # type: ignore[method-assign]  # a fault


def main() -> None:
    job = msgspec.json.decode(sys.argv[1], type=Job)
    if job.die_at == "poll":
        die_after_poll(job)
    store: DyingWriter | PriceIndex
    if job.database:
        store = DyingWriter(PostgresConfig(job.database), job)
    else:
        store = PriceIndex(ElasticsearchConfig(job.search or "").client(), job.alias)
    consumer = price_consumer(
        KafkaConfig(job.brokers, job.client, job.session_timeout_ms),
        store,
        group=job.group,
        instance=job.instance,
        topic=job.topic,
        policy=BatchPolicy(max_messages=job.batch, first_backoff_s=0.2, max_backoff_s=1),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: consumer.stop())
    consumer.run(until_idle=job.until_idle)


if __name__ == "__main__":
    main()
