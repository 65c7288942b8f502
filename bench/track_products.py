"""Tracking: stored replies through decode, checks and publishing, with the pipeline's own code."""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from bench.fresh import fresh_database, fresh_topic
from bench.local_stack import HOME
from bench.registry import Run, Values, benchmark
from bench.simulated_replies import REPLIED_AT, american_products, product_reply
from keeper.checks.validation import load_great_expectations
from keeper.domain.locales import Locale
from keeper.domain.prices.detail import Detail
from keeper.domain.prices.events import Source
from keeper.domain.watches.watch import ProductToCheck
from keeper.pipeline.prices.fetch import fetch_batch
from keeper.pipeline.prices.publish import publish_batch
from keeper.pipeline.prices.validate import validate_batch
from keeper.simulator.products.sheets import ProductSheet
from keeper.sources.keepa.client import ProductPage
from keeper.sources.keepa.products.requests import BASIC, ProductQuery
from keeper.sources.keepa.tokens import Envelope
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.runs.runs import start_run
from keeper.streams.config import KafkaConfig

BATCH_PRODUCTS: Final = 500
WORKERS: Final = 2
READY_WITHIN_S: Final = 120
EVERY: Final = timedelta(hours=6)
RUN: Final = "bench"


class SimulatedSource:
    """Answers the fetch task as Keepa would."""

    source: Source = "simulator"

    def __init__(self, sheets: Sequence[ProductSheet]) -> None:
        self._sheets = {sheet.asin: sheet for sheet in sheets}

    def product_pages(
        self,
        locale: Locale,
        asins: Sequence[str],
        query: ProductQuery = BASIC,
        *,
        page_products: int | None = None,
        may_use_reserve: bool = False,
    ) -> Iterator[ProductPage]:
        size = page_products or query.detail.page_products
        for start in range(0, len(asins), size):
            asked = tuple(asins[start : start + size])
            body = product_reply([self._sheets[asin] for asin in asked])
            envelope = Envelope.of_fields(json.loads(body))
            assert envelope is not None
            yield ProductPage(locale, asked, query.detail, body, REPLIED_AT, envelope)


def store_batch(lake: Path, number: int, sheets: Sequence[ProductSheet]) -> None:
    """Leave in the lake what the plan and fetch tasks leave."""
    folder = BatchFolder.of(lake, RUN, number)
    series = ("NEW", "BUY_BOX_SHIPPING")
    stored = dict.fromkeys(series, REPLIED_AT - EVERY)
    folder.write_plan(
        ProductToCheck(sheet.asin, "us", {"NEW": 1000}, stored, series) for sheet in sheets
    )
    fetch_batch(folder, SimulatedSource(sheets), ProductQuery(Detail.BUY_BOX))


@dataclass(frozen=True)
class Tracked:
    products: int
    events: int
    check_s: float
    publish_s: float


def track_batch(
    lake: Path, number: int, database: PostgresConfig, kafka: KafkaConfig, topic: str
) -> Tracked:
    """Do what the check and publish tasks do."""
    folder = BatchFolder.of(lake, RUN, number)
    started = time.perf_counter()
    with session(database) as connection:
        checked = validate_batch(
            folder,
            connection,
            run_id=RUN,
            batch=number,
            source="simulator",
            price_types=("BUY_BOX_SHIPPING",),
        )
    between = time.perf_counter()
    published = publish_batch(folder, kafka, topic=topic)
    return Tracked(
        checked.products, published.events, between - started, time.perf_counter() - between
    )


def get_ready(everyone: Barrier) -> None:
    """Import what Airflow's scheduler imports before it forks a task, and wait for the others."""
    load_great_expectations()
    everyone.wait(READY_WITHIN_S)


@benchmark
def track_products_per_s(run: Run) -> Values:
    """10,000 products checked six hours before: stored replies decoded, checked and published."""
    environment = run.stack.environment("postgres", "kafka")
    kafka = KafkaConfig(environment["KAFKA_BOOTSTRAP_SERVERS"])
    sheets = list(american_products(run.size(10_000, 200)))
    batches = [sheets[i : i + BATCH_PRODUCTS] for i in range(0, len(sheets), BATCH_PRODUCTS)]
    # A fork would take threads' locks with it.
    processes = get_context("spawn")
    with TemporaryDirectory(dir=HOME) as folder:
        lake = Path(folder)
        with ProcessPoolExecutor(WORKERS, processes) as pool:
            list(pool.map(store_batch, [lake] * len(batches), range(len(batches)), batches))
        size = sum(path.stat().st_size for path in lake.rglob("*.json.gz")) / 2**20
        run.say(
            f"{len(sheets):,} products in {len(batches)} batches, whole histories, {size:,.0f} MiB "
            f"packed; {WORKERS} processes, Great Expectations imported beforehand"
        )
        everyone = processes.Barrier(WORKERS + 1)
        with (
            fresh_database(environment["DATABASE_URL"]) as database,
            fresh_topic(kafka) as topic,
            ProcessPoolExecutor(WORKERS, processes, get_ready, (everyone,)) as pool,
        ):
            with session(database) as connection:
                start_run(
                    connection,
                    run_id=RUN,
                    dag_id="track_prices",
                    source="simulator",
                    started_at=REPLIED_AT,
                    products_planned=len(sheets),
                )
            for _ in range(WORKERS):
                pool.submit(int)  # Starts a worker.
            everyone.wait(READY_WITHIN_S)
            started = time.perf_counter()
            tasks = [
                pool.submit(track_batch, lake, number, database, kafka, topic)
                for number in range(len(batches))
            ]
            tracked = [task.result() for task in tasks]
            took = time.perf_counter() - started
    assert sum(batch.products for batch in tracked) == len(sheets)
    return {
        "track_products_per_s": len(sheets) / took,
        "track_check_s_a_batch": median(batch.check_s for batch in tracked),
        "track_publish_s_a_batch": median(batch.publish_s for batch in tracked),
        "track_events": sum(batch.events for batch in tracked),
    }
