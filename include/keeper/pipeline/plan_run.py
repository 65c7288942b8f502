"""The first step of a run: which products, in which batches."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.domain.locales import UnknownLocaleError, locale_of
from keeper.domain.watches import ProductToCheck
from keeper.stores.lake.run_files import BatchFolder, LakePath
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs import start_run
from keeper.stores.postgres.watch_list import products_to_check

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """A batch of a run: its number and a label that says what it holds ("de 500")."""

    batch: int
    products: int
    label: str


def plan_run(
    connection: Connection,
    lake: LakePath,
    *,
    run_id: str,
    dag_id: str,
    source: str,
    batch_products: int,
    started_at: datetime,
) -> list[PlannedBatch]:
    """Divide the watched products into batches, write each one's plan and note the run's start.

    A product in a locale Keepa lacks is left out with a warning. An empty watch list gives no
    batches.
    """
    products = _known(products_to_check(connection))
    planned = []
    starts = range(0, len(products), batch_products)
    for number, start in enumerate(starts):
        chunk = products[start : start + batch_products]
        BatchFolder.of(lake, run_id, number).write_plan(chunk)
        planned.append(PlannedBatch(number, len(chunk), _label(chunk)))
    start_run(
        connection,
        run_id=run_id,
        dag_id=dag_id,
        source=source,
        started_at=started_at,
        products_planned=len(products),
    )
    if not products:
        _LOG.warning("Nobody watches anything; add a product: keeper watch add ASIN --target 25")
    _LOG.info("%d products in %d batches", len(products), len(planned))
    return planned


def _known(products: Sequence[ProductToCheck]) -> list[ProductToCheck]:
    known = []
    for product in products:
        try:
            locale_of(product.domain)
        except UnknownLocaleError as error:
            _LOG.warning("%s is skipped: %s", product.asin, error)
        else:
            known.append(product)
    return known


def _label(products: Sequence[ProductToCheck]) -> str:
    counts = Counter(product.domain for product in products)
    return ", ".join(f"{domain} {count}" for domain, count in counts.items())
