"""Archived replies once more through decode, checks and Kafka, without asking Keepa."""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Final

from keeper.clock import Clock, utc_now
from keeper.domain.intervals import Interval
from keeper.domain.prices.events import Source
from keeper.domain.watches.watch import ProductToCheck
from keeper.errors import KeeperError
from keeper.pipeline.prices.plan import label_of
from keeper.pipeline.prices.publish import publish_prices
from keeper.pipeline.prices.validate import check_batch
from keeper.pipeline.runs.finish import BatchReports, RunFailedError, summarise_run
from keeper.stores.lake.archive import ArchivedReply, ReplyArchive
from keeper.stores.lake.paths import LakePath, MissingFileError
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs.runs import start_run
from keeper.stores.postgres.watches.watch_list import products_to_check
from keeper.streams.config import KafkaConfig
from keeper.streams.topics import PRICE_BACKFILL, PRICE_UPDATES

_LOG: Final = logging.getLogger(__name__)
DAG_ID: Final = "replay"
"""What replays are called in pipeline_runs, where a DAG's runs have its name."""


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What a replay will do.

    Attributes:
        products: Watched products by the reply they are taken from, the newest that holds them.
        without_reply: Watched products, of those asked for, that no reply holds.
        damaged: Replies that cannot be read; an older one serves instead where there is one.
    """

    products: Mapping[ArchivedReply, Sequence[ProductToCheck]]
    without_reply: int
    damaged: Sequence[ArchivedReply]

    @property
    def total(self) -> int:
        """How many products there are."""
        return sum(map(len, self.products.values()))


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


def plan_replay(
    connection: Connection,
    archive: ReplyArchive,
    *,
    received: Interval,
    source: Source,
    domains: Collection[str] = (),
    asins: Collection[str] = (),
) -> ReplayPlan:
    """Choose the newest whole reply of each watched product.

    A reply holds a product's whole past, so that the older ones would add nothing. What PostgreSQL
    has of the time since `received.since` is not believed: it is published again.

    Args:
        connection: Where the watch list is.
        archive: The replies.
        received: Only replies received in it.
        source: Only Keepa's, or only the simulator's.
        domains: Only these locales; all without.
        asins: Only these products; all watched ones without.
    """
    watched = [
        product
        for product in products_to_check(connection)
        if (not domains or product.domain in domains) and (not asins or product.asin in asins)
    ]
    if unknown := sorted(set(asins) - {product.asin for product in watched}):
        _LOG.warning("nobody watches %s", ", ".join(unknown))
    by_domain: defaultdict[str, dict[str, ProductToCheck]] = defaultdict(dict)
    for product in watched:
        by_domain[product.domain][product.asin] = _believed_until(product, received.since)
    chosen: defaultdict[ArchivedReply, list[ProductToCheck]] = defaultdict(list)
    damaged: dict[str, ArchivedReply] = {}
    for domain, products in by_domain.items():
        for asin, reply in _newest_whole(archive, domain, products, received, source, damaged):
            chosen[reply].append(products[asin])
    return ReplayPlan(
        products={reply: chosen[reply] for reply in sorted(chosen, key=attrgetter("key"))},
        without_reply=len(watched) - sum(map(len, chosen.values())),
        damaged=list(damaged.values()),
    )


def replay(
    connection: Connection,
    lake: LakePath,
    kafka: KafkaConfig,
    plan: ReplayPlan,
    *,
    run: str,
    source: Source,
    price_types: Sequence[str],
    batch_products: int,
    max_quarantine_share: float,
    docs_dir: Path | None = None,
    topic: str = PRICE_UPDATES,
    backfill_topic: str = PRICE_BACKFILL,
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
        run: The replay's id; see replay_run_id.
        source: What the data is marked as.
        price_types: Series recorded for every product, beside the watched ones.
        batch_products: As many products make a batch; it never divides a reply.
        max_quarantine_share: Above this share of quarantined records the run fails.
        docs_dir: Folder for the checks' Data Docs.
        topic: Topic of the newest prices.
        backfill_topic: Topic of the older ones.
        clock: Gives the times of the run's start and end.

    Raises:
        RunFailedError: Too much was quarantined; what passed is published.
        KeeperError: A service failed; what was published stays so, and a new replay starts anew.
    """
    batches = _batches(plan, batch_products)
    start_run(
        connection,
        run_id=run,
        dag_id=DAG_ID,
        source=source,
        started_at=clock(),
        products_planned=plan.total,
    )
    checked: list[dict[str, int]] = []
    published: list[dict[str, int]] = []

    def summarise() -> None:
        reports = BatchReports(len(batches), [], checked, published)
        summarise_run(
            connection,
            reports,
            run_id=run,
            max_quarantine_share=max_quarantine_share,
            unfinished=[],
            finished_at=clock(),
        )

    try:
        for number, replies in enumerate(batches):
            products = [product for reply in replies for product in plan.products[reply]]
            folder = BatchFolder.of(lake, run, number)
            folder.write_plan(products)
            for page, reply in enumerate(replies):
                folder.add_page(page, reply)
            result = check_batch(
                folder,
                connection,
                run_id=run,
                batch=number,
                source=source,
                price_types=price_types,
                docs_dir=docs_dir and docs_dir / f"batch-{number:03d}",
            )
            checked.append(asdict(result))
            sent = publish_prices(
                folder,
                kafka,
                connection,
                run_id=run,
                topic=topic,
                backfill_topic=backfill_topic,
            )
            published.append({"events": sent.events, "history": sent.history})
            _LOG.info(
                "batch %d of %d (%s) is published: %d events, %d older points",
                number + 1,
                len(batches),
                label_of(products),
                sent.events,
                sent.history,
            )
    except KeeperError:
        with suppress(RunFailedError):
            summarise()
        raise
    summarise()
    return Replayed(
        run=run,
        events=sum(report["events"] for report in published),
        history=sum(report["history"] for report in published),
        quarantined=sum(r["quarantined"] + r["history_quarantined"] for r in checked),
        missing=sum(report["missing"] for report in checked),
    )


def _believed_until(product: ProductToCheck, since: datetime) -> ProductToCheck:
    # Without a current price the past is gone too, whatever is noted of it.
    return replace(
        product,
        stored_until={name: min(at, since) for name, at in product.stored_until.items()},
        histories=tuple(name for name in product.histories if name in product.stored_until),
    )


def _newest_whole(
    archive: ReplyArchive,
    domain: str,
    asins: Collection[str],
    received: Interval,
    source: Source,
    damaged: dict[str, ArchivedReply],
) -> list[tuple[str, ArchivedReply]]:
    """Return the newest reply of each product that can be read; add the others to `damaged`."""
    whole: set[str] = set()
    while True:
        found = archive.newest_holding(
            domain,
            asins,
            received_from=received.since,
            received_until=received.until,
            source=source,
            passing_over=damaged,
        )
        unread = {reply for reply in found.values() if reply.key not in whole}
        if not unread:
            return sorted(found.items())
        for reply in unread:
            try:
                archive.read(reply)
                whole.add(reply.key)
            except MissingFileError as error:
                _LOG.warning("passed over: %s", error)
                damaged[reply.key] = reply


def _batches(plan: ReplayPlan, products: int) -> list[list[ArchivedReply]]:
    batches: list[list[ArchivedReply]] = []
    room = 0
    for reply, held in plan.products.items():
        if room <= 0:
            batches.append([])
            room = products
        batches[-1].append(reply)
        room -= len(held)
    return batches
