"""Planning a run over a past interval: which products, and nothing else to choose."""

import logging
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final

from keeper.domain.intervals import Interval
from keeper.domain.prices.detail import Detail
from keeper.domain.watches.product_choice import EVERYTHING, ProductChoice
from keeper.domain.watches.watch import ProductToCheck
from keeper.errors import TerminalError
from keeper.pipeline.prices.plan import PlannedBatch, label_of, pause_simulated_watches
from keeper.sources.keepa.products.requests import past_query
from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs.runs import start_run
from keeper.stores.postgres.watches.product_kinds import products_without_offers
from keeper.stores.postgres.watches.simulated import simulated_products
from keeper.stores.postgres.watches.watch_list import products_to_check

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
    only: ProductChoice = EVERYTHING,
    started_at: datetime,
    operator: str | None = None,
) -> list[PlannedBatch]:
    """Divide watched products into batches whose points of a past interval are to be published.

    Tokens do not choose: replies that are archived cost none, and the others what Keepa takes for
    all the price types their products are watched in. A run that is planned again gets a new plan,
    as its replies come from the archive without a token. It needs one: Airflow may reprocess a
    scheduled run as a backfill under the same id, with other products. The simulator's products
    are left out and paused as plan_run has it.

    Args:
        connection: Where the watch list is.
        lake: Where the batches' files go.
        run: Keeper's id of the run.
        dag_id: Its DAG.
        source: What the data is marked as.
        batch_products: Most products in a batch.
        interval: The points in it are published.
        only: Which of the watched products.
        started_at: Now.
        operator: E-mail address of who is notified of paused watches.

    Raises:
        InvalidChoiceError: Nobody watches the products asked for.
        InvalidIntervalError: It is empty, or has not ended yet.
    """
    simulated = _simulated(connection, source, only)
    products = _chosen(connection, interval, only, simulated, started_at)
    if simulated:
        # Once a run with products has asked Keepa, nobody could say that they are the simulator's.
        pause_simulated_watches(connection, simulated, operator, started_at)
    start_run(
        connection,
        run_id=run,
        dag_id=dag_id,
        source=source,
        started_at=started_at,
        products_planned=len(products),
    )
    planned = []
    for number, chunk in enumerate(_batches(products, batch_products)):
        query = past_query(chunk[0].detail)
        folder = BatchFolder.of(lake, run, number)
        folder.drop_pages()
        folder.write_plan(chunk)
        planned.append(
            PlannedBatch(
                run,
                number,
                len(chunk),
                label_of(chunk),
                page_products=query.detail.page_products,
                interval=interval,
                detail=query.detail,
                tokens_each=query.estimate(1),
                update_h=query.update_h,
            )
        )
    _LOG.info("%d products in %d batches", len(products), len(planned))
    return planned


def preview_backfill(
    connection: Connection,
    *,
    source: str,
    batch_products: int,
    interval: Interval,
    only: ProductChoice = EVERYTHING,
    at: datetime,
) -> str:
    """Say in one line what plan_backfill would plan; notes nothing.

    Raises:
        InvalidChoiceError: Nobody watches the products asked for.
        InvalidIntervalError: The interval is empty, or has not ended yet.
    """
    products = _chosen(connection, interval, only, _simulated(connection, source, only), at)
    what = f" ({label_of(products)})" if products else ""
    batches = list(_batches(products, batch_products))
    most = sum(past_query(chunk[0].detail).estimate(len(chunk)) for chunk in batches)
    return (
        f"{len(products)} products{what} in {len(batches)} batches; their "
        f"points from {interval.since:%Y-%m-%d %H:%M} to {interval.until:%Y-%m-%d %H:%M} UTC, at "
        f"most {most} tokens; products with an archived reply cost none"
    )


def _batches(products: Sequence[ProductToCheck], size: int) -> Iterator[Sequence[ProductToCheck]]:
    """Yield batches whose products are asked for in one way."""
    for detail in Detail:
        alike = [product for product in products if product.detail is detail]
        for start in range(0, len(alike), size):
            yield alike[start : start + size]


def _simulated(connection: Connection, source: str, only: ProductChoice) -> set[tuple[str, str]]:
    """Return the watched products only the simulator knows, if Keepa is asked and none is named."""
    return simulated_products(connection) if source == "keepa" and not only.asins else set()


def _chosen(
    connection: Connection,
    interval: Interval,
    only: ProductChoice,
    simulated: Collection[tuple[str, str]],
    at: datetime,
) -> list[ProductToCheck]:
    if interval.since >= interval.until:
        raise InvalidIntervalError(
            f"the interval is empty: {interval.since:%Y-%m-%d %H:%M} is not before "
            f"{interval.until:%Y-%m-%d %H:%M}"
        )
    if interval.until > at:
        raise InvalidIntervalError(
            f"the interval ends in the future, at {interval.until:%Y-%m-%d %H:%M} UTC; "
            "points are published for the past only"
        )
    products, unknown = only.among(
        [p for p in products_to_check(connection) if (p.asin, p.domain) not in simulated]
    )
    if unknown:
        _LOG.warning("nobody watches %s", ", ".join(unknown))
    # Of parents of variations, e-books and the like Keepa has no offers to give.
    bare = products_without_offers(connection)
    asked = [
        product.brought_by(Detail.BASIC) if (product.domain, product.asin) in bare else product
        for product in products
    ]
    return [product for product in asked if product.targets]
