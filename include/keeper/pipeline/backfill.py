"""Planning a run over a past interval: which products, and nothing else to choose."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from keeper.domain.intervals import Interval
from keeper.domain.watches import ProductToCheck
from keeper.errors import TerminalError
from keeper.pipeline.plan_run import PlannedBatch, label_of
from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs import start_run
from keeper.stores.postgres.watch_list import products_to_check

_LOG: Final = logging.getLogger(__name__)


class InvalidIntervalError(TerminalError):
    """A past interval that is none."""


def plan_backfill(
    connection: Connection,
    lake: LakePath,
    *,
    run: str,
    dag_id: str,
    source: str,
    batch_products: int,
    interval: Interval,
    domains: Collection[str] = (),
    asins: Collection[str] = (),
    started_at: datetime,
) -> list[PlannedBatch]:
    """Divide watched products into batches whose points of a past interval are to be published.

    Tokens do not choose: replies that are archived cost none, and the others are one token each.

    Args:
        connection: Where the watch list is.
        lake: Where the batches' files go.
        run: Keeper's id of the run.
        dag_id: Its DAG.
        source: What the data is marked as.
        batch_products: Most products in a batch.
        interval: The points in it are published.
        domains: Only these locales; all without.
        asins: Only these products; all watched ones without.
        started_at: Now.

    Raises:
        InvalidIntervalError: It is empty, or has not ended yet.
    """
    if interval.since >= interval.until:
        raise InvalidIntervalError(
            f"the interval is empty: {interval.since:%Y-%m-%d %H:%M} is not before "
            f"{interval.until:%Y-%m-%d %H:%M}"
        )
    if interval.until > started_at:
        raise InvalidIntervalError(
            f"the interval ends in the future, at {interval.until:%Y-%m-%d %H:%M} UTC; "
            "points are published for the past only"
        )
    watched = products_to_check(connection)
    if unknown := sorted(set(asins) - {product.asin for product in watched}):
        _LOG.warning("nobody watches %s", ", ".join(unknown))
    products = [
        product
        for product in watched
        if (not domains or product.domain in domains) and (not asins or product.asin in asins)
    ]
    start_run(
        connection,
        run_id=run,
        dag_id=dag_id,
        source=source,
        started_at=started_at,
        products_planned=len(products),
    )
    planned = []
    for number, start in enumerate(range(0, len(products), batch_products)):
        chunk: Sequence[ProductToCheck] = products[start : start + batch_products]
        BatchFolder.of(lake, run, number).write_plan(chunk)
        planned.append(PlannedBatch(run, number, len(chunk), label_of(chunk), interval=interval))
    _LOG.info("%d products in %d batches", len(products), len(planned))
    return planned
