"""What is shown to Prometheus, and what a source that is away leaves out."""

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event, Semaphore

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from keeper.errors import TransientError
from keeper.metrics import WorkerMetrics
from keeper.pipeline.metrics import definitions as of
from keeper.pipeline.metrics.definitions import OF_STORES, OF_WORKERS, Definition
from keeper.pipeline.metrics.page import page
from keeper.pipeline.metrics.stores import Source, StoreNumbers
from keeper.pipeline.metrics.workers import WorkerNumbers

ROOT = Path(__file__).resolve().parents[4]
Samples = dict[tuple[str, tuple[str, ...]], float]


def samples_of(text: str) -> Samples:
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def samples(collector: Collector) -> Samples:
    registry = CollectorRegistry()
    registry.register(collector)
    return samples_of(generate_latest(registry).decode())


@pytest.mark.parametrize("definition", {*OF_WORKERS, *OF_STORES}, ids=lambda one: one.name)
def test_names_follow_prometheus(definition: Definition) -> None:
    assert re.fullmatch(r"keeper(_[a-z]+)+", definition.name)
    assert definition.meaning.endswith(".")
    assert not {"asin", "user", "run_id", "watch", "email"} & set(definition.labels)


def test_a_worker_shows_what_it_has_done_and_waits_for() -> None:
    metrics = WorkerMetrics(messages=12, batches=3, dead_letters=2, failures=1, last_batch=4)
    metrics.seconds["store"] = 1.5
    numbers = WorkerNumbers("consume-prices", metrics.waits, metrics)
    before = samples(numbers)
    assert before["keeper_worker_messages_total", ("consume-prices",)] == 12
    assert before["keeper_worker_seconds_total", ("store", "consume-prices")] == 1.5
    assert not [name for name, _ in before if name.startswith("keeper_worker_waiting")]
    # Kafka has not said how many there are: that is not none.
    assert not [name for name, _ in before if name == of.WORKER_UNREAD.name]

    metrics.lag = 0
    metrics.waits.record("store", "PostgreSQL does not answer")
    after = samples(numbers)
    assert after["keeper_worker_unread_messages", ("consume-prices",)] == 0
    assert after["keeper_worker_waiting_since_seconds", ("store", "consume-prices")] > 1e9


def test_a_source_that_is_away_leaves_out_its_own_numbers_alone() -> None:
    def away() -> Iterable[Metric]:
        raise TransientError("it does not answer")

    there = Source("kafka", lambda: [of.DEAD_LETTERS.of([(("a.dlq",), 3)])])
    found = samples(StoreNumbers([Source("postgres", away), there], every_s=30))
    assert found["keeper_source_up", ("postgres",)] == 0
    assert found["keeper_source_up", ("kafka",)] == 1
    assert found["keeper_dead_letters", ("a.dlq",)] == 3


def test_sources_are_read_no_more_often_than_asked_for() -> None:
    now, reads = [0.0], []

    def read() -> Iterable[Metric]:
        reads.append(now[0])
        return [of.WATCHED.of([((), len(reads))])]

    numbers = StoreNumbers([Source("postgres", read)], every_s=30, clock=lambda: now[0])
    seen = []
    for now[0] in (0, 29.9, 30):
        seen.append(samples(numbers)["keeper_watched_products", ()])
    assert seen == [1, 1, 2]


def test_who_waits_for_a_slow_reading_takes_what_it_has_read() -> None:
    seconds, asked, may_end = count(), Semaphore(0), Event()
    reads = []

    def clock() -> float:
        asked.release()
        return float(next(seconds))

    def read() -> Iterable[Metric]:
        reads.append(1)
        assert may_end.wait(timeout=60)
        return [of.WATCHED.of([((), len(reads))])]

    numbers = StoreNumbers([Source("postgres", read)], every_s=1, clock=clock)
    with ThreadPoolExecutor(5) as scrapes:
        found = [scrapes.submit(lambda: list(numbers.collect())) for _ in range(5)]
        # Each has read the clock for itself, and the first once more for the source.
        assert all(asked.acquire(timeout=60) for _ in range(6))
        may_end.set()
        assert all(scrape.result() for scrape in found)
    assert reads == [1]


def test_the_page_is_the_definitions() -> None:
    written = (ROOT / "docs" / "METRICS.md").read_text("utf-8")
    assert written == page(), "run: make metrics-page"
