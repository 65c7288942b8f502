"""Archived replies once more through decode, checks and Kafka, without asking Keepa."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from keeper.clock import Clock, utc_now
from keeper.domain.prices.events import Source
from keeper.errors import KeeperError
from keeper.pipeline.prices.plan import label_of
from keeper.pipeline.prices.publish import publish_prices
from keeper.pipeline.prices.replay_plan import ReplayPlan
from keeper.pipeline.prices.validate import validate_batch
from keeper.pipeline.runs.finish import BatchReports, RunFailedError, summarise_run
from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs.runs import start_run
from keeper.streams.config import KafkaConfig
from keeper.streams.topics import PRICE_BACKFILL, PRICE_UPDATES

_LOG: Final = logging.getLogger(__name__)
DAG_ID: Final = "replay"
"""What replays are called in pipeline_runs, where a DAG's runs have its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """How a replay is done.

    Attributes:
        run: The replay's id; see replay_run_id.
        source: What the data is marked as.
        price_types: Series recorded for every product, beside the watched ones.
        batch_products: As many products make a batch; it never divides a reply.
        max_quarantine_share: Above this share of quarantined records the run fails.
        docs_dir: Folder for the checks' Data Docs.
        topic: Topic of the newest prices.
        backfill_topic: Topic of the older ones.
    """

    run: str
    source: Source
    price_types: Sequence[str]
    batch_products: int
    max_quarantine_share: float
    docs_dir: Path | None = None
    topic: str = PRICE_UPDATES
    backfill_topic: str = PRICE_BACKFILL


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay published, its row of pipeline_runs included."""

    run: str
    events: int
    history: int
    quarantined: int
    missing: int


def replay_run_id(at: datetime) -> str:
    """Return the id of a replay begun at a moment."""
    return f"{DAG_ID}/{at:%Y-%m-%dT%H:%M:%SZ}"


def replay(
    connection: Connection,
    lake: LakePath,
    kafka: KafkaConfig,
    plan: ReplayPlan,
    options: ReplayOptions,
    *,
    clock: Clock = utc_now,
) -> Replayed:
    """Check the planned replies' products and publish their prices, batch by batch.

    Downstream nothing changes that was right; nothing that was stored alerts again. The run has its
    files in the lake and its row in pipeline_runs like any other.

    Args:
        connection: Where bad records are kept.
        lake: The root of the lake.
        kafka: Where the events go.
        plan: What to replay.
        options: As which run, and how.
        clock: Gives the times of the run's start and end.

    Raises:
        RunFailedError: Too much was quarantined; what passed is published.
        KeeperError: A service failed; what was published stays so, and a new replay starts anew.
    """
    run = _Run(connection, lake, kafka, plan, options)
    start_run(
        connection,
        run_id=options.run,
        dag_id=DAG_ID,
        source=options.source,
        started_at=clock(),
        products_planned=plan.total,
    )
    try:
        run.publish_all()
    except KeeperError:
        with suppress(RunFailedError):
            run.summarise(clock())
        raise
    run.summarise(clock())
    return run.result()


class _Run:
    """A replay under way."""

    def __init__(
        self,
        connection: Connection,
        lake: LakePath,
        kafka: KafkaConfig,
        plan: ReplayPlan,
        options: ReplayOptions,
    ) -> None:
        self._connection = connection
        self._lake = lake
        self._kafka = kafka
        self._plan = plan
        self._options = options
        self._batches = plan.batches(options.batch_products)
        self._checked: list[dict[str, int]] = []
        self._published: list[dict[str, int]] = []

    def publish_all(self) -> None:
        for number, replies in enumerate(self._batches):
            products = [product for reply in replies for product in self._plan.products[reply]]
            folder = BatchFolder.of(self._lake, self._options.run, number)
            folder.write_plan(products)
            for page, reply in enumerate(replies):
                folder.add_page(page, reply)
            self._check(folder, number)
            self._publish(folder)
            _LOG.info(
                "batch %d of %d (%s) is published: %d events, %d older points",
                number + 1,
                len(self._batches),
                label_of(products),
                self._published[-1]["events"],
                self._published[-1]["history"],
            )

    def summarise(self, finished_at: datetime) -> None:
        """Write the run's row; a RunFailedError says that too much was lost."""
        summarise_run(
            self._connection,
            BatchReports(len(self._batches), [], self._checked, self._published),
            run_id=self._options.run,
            max_quarantine_share=self._options.max_quarantine_share,
            unfinished=[],
            finished_at=finished_at,
        )

    def result(self) -> Replayed:
        return Replayed(
            run=self._options.run,
            events=sum(report["events"] for report in self._published),
            history=sum(report["history"] for report in self._published),
            quarantined=sum(r["quarantined"] + r["history_quarantined"] for r in self._checked),
            missing=sum(report["missing"] for report in self._checked),
        )

    def _check(self, folder: BatchFolder, number: int) -> None:
        docs_dir = self._options.docs_dir
        checked = validate_batch(
            folder,
            self._connection,
            run_id=self._options.run,
            batch=number,
            source=self._options.source,
            price_types=self._options.price_types,
            docs_dir=docs_dir and docs_dir / f"batch-{number:03d}",
        )
        self._checked.append(asdict(checked))

    def _publish(self, folder: BatchFolder) -> None:
        sent = publish_prices(
            folder,
            self._kafka,
            self._connection,
            run_id=self._options.run,
            topic=self._options.topic,
            backfill_topic=self._options.backfill_topic,
        )
        self._published.append({"events": sent.events, "history": sent.history})
