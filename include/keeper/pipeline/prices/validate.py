"""The third step of a run: raw replies to price records, checked, to events ready to publish."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keeper.checks.verdicts import Failure
from keeper.domain.intervals import Interval
from keeper.domain.locales import locale_of
from keeper.domain.prices.events import PriceEvent, Source
from keeper.domain.prices.plausibility import is_implausible
from keeper.domain.prices.points import PricePoint
from keeper.domain.prices.types import price_type_of
from keeper.domain.watches.watch import ProductToCheck
from keeper.pipeline.prices.history import HistoryCheck
from keeper.sources.keepa.errors import KeepaDecodeError
from keeper.sources.keepa.products.decode import (
    DecodedProduct,
    DecodedReply,
    Series,
    decode_products,
)
from keeper.stores.lake.paths import MissingFileError
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs.runs import QuarantinedRecord, quarantine
from keeper.stores.postgres.watches.watch_list import touch_without_history
from keeper.streams.codec import encode_price_event

if TYPE_CHECKING:
    import pandas as pd

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What became of a batch's replies.

    Attributes:
        products: Products Keepa knew and Keeper could read.
        missing: Products asked for that were in no reply, or unreadable.
        without_history: Watched series Keepa has never had a price for.
        checked: Price records checked.
        quarantined: Records that failed, kept in quarantined_records.
        events: Records that passed, ready to publish.
        history: Older points that passed, ready for price-backfill.
        history_quarantined: Older points that failed.
    """

    products: int
    missing: int
    without_history: int
    checked: int
    quarantined: int
    events: int
    history: int
    history_quarantined: int


@dataclass(frozen=True, slots=True)
class _Record:
    """A price point on its way to an event."""

    point: PricePoint
    previous: PricePoint | None
    product: DecodedProduct
    target_minor: int | None
    implausible: bool
    checked_at: datetime


def check_batch(
    folder: BatchFolder,
    connection: Connection,
    *,
    run_id: str,
    batch: int,
    source: Source,
    price_types: Sequence[str],
    interval: Interval | None = None,
    is_complete: bool = True,
    docs_dir: Path | None = None,
) -> CheckResult:
    """Decode a batch's stored replies, quarantine the bad records, write the others as messages.

    Each watched series gives its newest point, changed or not, and one more for each change since
    the last point stored; one whose past has never been published gives all of it for
    price-backfill. Run again it gives the same.

    Args:
        folder: The batch's files.
        connection: Where bad records are kept.
        run_id: The run.
        batch: Number of the batch.
        source: Where the replies came from.
        price_types: Series recorded for every product, beside the watched ones.
        interval: Give the points that fall into it instead, all of them for price-backfill.
        is_complete: Every product was fetched; else those that were not count as missing.
        docs_dir: Folder for this check's Data Docs.

    Raises:
        MissingFileError: Replies are not there or damaged.
    """
    planned = {(product.domain, product.asin): product for product in folder.read_plan()}
    records: list[_Record] = []
    found: set[tuple[str, str]] = set()
    absent: dict[tuple[str, str, str], datetime] = {}
    history = HistoryCheck(
        folder, connection, run_id=run_id, batch=batch, source=source, docs_dir=docs_dir
    )
    pages = folder.pages()
    lost = planned.keys() - {(page.domain, asin) for page in pages for asin in page.asked}
    if lost and is_complete:
        raise MissingFileError(
            f"the replies of {len(lost)} products are not in {folder.path}; clear the fetch task"
        )
    for page in pages:
        reply = _decoded(folder.read_page(page))
        for problem in reply.problems:
            _LOG.warning("left out: %s", problem)
        for product in reply.products:
            key = (product.locale.domain, product.asin)
            plan = planned.get(key)
            if plan is None or key in found:
                # Replies of earlier runs hold products of other batches, and some twice.
                if interval is None:
                    why = "was not asked for" if plan is None else "is there twice"
                    _LOG.warning("%s %s and is left out", product.asin, why)
                continue
            found.add(key)
            for name in dict.fromkeys((*plan.targets, *price_types)):
                series = product.series.get(price_type_of(name).index)
                if series is None:
                    if name in plan.targets:
                        absent[product.asin, product.locale.domain, name] = page.received_at
                elif interval is not None:
                    history.add_interval(
                        product, series, page.received_at, interval.since, interval.until
                    )
                else:
                    records += _news_records(product, series, plan, page.received_at)
                    if name not in plan.histories:
                        history.add_whole(product, series, page.received_at)
        if unknown := reply.missing(page.asked):
            host = locale_of(page.domain).host
            _LOG.warning("Keepa knows no product of %s called %s", host, ", ".join(unknown))

    failures = _check(records, run_id=run_id, batch=batch, docs_dir=docs_dir)
    quarantine(connection, run_id, _quarantined(records, failures, batch))
    failed = {failure.row for failure in failures}
    good = [record for row, record in enumerate(records) if row not in failed]
    folder.write_messages(_messages(good, source, run_id))
    old, old_failed = history.finish()
    if interval is None:
        touch_without_history(connection, absent)
    missing = len(planned) - len(found)
    _LOG.info(
        "%d products, %d missing, %d records, %d quarantined, %d older points",
        len(found),
        missing,
        len(records),
        len(failed),
        old,
    )
    return CheckResult(
        products=len(found),
        missing=missing,
        without_history=len(absent),
        checked=len(records),
        quarantined=len(failed),
        events=len(good),
        history=old,
        history_quarantined=old_failed,
    )


def _decoded(body: bytes) -> DecodedReply:
    try:
        return decode_products(body)
    except KeepaDecodeError as error:
        # The client took the reply for whole; what it holds is counted as missing products.
        _LOG.warning("a reply cannot be read: %s", error)
        return DecodedReply([], [])


def _news_records(
    product: DecodedProduct, series: Series, plan: ProductToCheck, checked_at: datetime
) -> Iterator[_Record]:
    name = series.price_type.name
    for previous, point in _news(series, plan.stored_until.get(name)):
        suspicious = _is_suspicious(point, series, product)
        yield _Record(point, previous, product, plan.targets.get(name), suspicious, checked_at)


def _news(
    series: Series, stored_until: datetime | None
) -> Iterator[tuple[PricePoint | None, PricePoint]]:
    """Yield the points to report, each with the one before it: changes since, always the newest."""
    first = len(series) - 1
    if stored_until is not None:
        first = min(series.first_after(stored_until), first)
    # A history may hold ten thousands of points; only the news and the one before are made.
    points = list(series.points(max(first - 1, 0)))
    if first == 0:
        yield None, points[0]
    yield from pairwise(points)


def _is_suspicious(point: PricePoint, series: Series, product: DecodedProduct) -> bool:
    # Keepa's minimum and maximum count shipping in, so everything is compared that way.
    stats, index = product.stats, series.price_type.index
    low = stats.min.get(index) if stats else None
    high = stats.max.get(index) if stats else None
    landed = None
    if point.price_minor is not None:
        landed = point.price_minor + (point.shipping_minor or 0)
    return is_implausible(
        landed,
        earlier_low=series.low(end=point.observed_at, landed=True),
        earlier_high=series.high(end=point.observed_at, landed=True),
        keepa_low=low.value if low else None,
        keepa_high=high.value if high else None,
    )


def _check(
    records: Sequence[_Record], *, run_id: str, batch: int, docs_dir: Path | None
) -> tuple[Failure, ...]:
    # Great Expectations costs seconds to import: not for an empty batch, nor for `keeper --help`.
    from keeper.checks.price_records import check_price_records

    if not records:
        return ()
    verdict = check_price_records(
        _frame(records),
        checked_at=max(record.checked_at for record in records),
        docs_dir=docs_dir,
        name=f"{run_id} batch {batch}",
    )
    return verdict.failures


def _frame(records: Sequence[_Record]) -> "pd.DataFrame":
    import pandas as pd

    points = [record.point for record in records]
    return pd.DataFrame(
        {
            "asin": [point.asin for point in points],
            "domain": [point.domain for point in points],
            "currency": [point.currency for point in points],
            "price_type": [point.price_type for point in points],
            "observed_at": pd.to_datetime([point.observed_at for point in points], utc=True),
            "price_minor": pd.array([point.price_minor for point in points], dtype="Int64"),
            "shipping_minor": pd.array([point.shipping_minor for point in points], dtype="Int64"),
        }
    )


def _quarantined(
    records: Sequence[_Record], failures: Iterable[Failure], batch: int
) -> Iterator[QuarantinedRecord]:
    for failure in failures:
        point = records[failure.row].point
        record: Mapping[str, object] = {
            "asin": point.asin,
            "domain": point.domain,
            "price_type": point.price_type,
            "observed_at": point.observed_at.isoformat(),
            "price_minor": point.price_minor,
            "shipping_minor": point.shipping_minor,
            "currency": point.currency,
        }
        yield QuarantinedRecord(batch, failure.row, failure.expectation, failure.column, record)


def _messages(
    records: Iterable[_Record], source: Source, run_id: str
) -> Iterator[tuple[bytes, bytes]]:
    for record in records:
        event = PriceEvent.of_point(
            record.point,
            previous=record.previous,
            target_minor=record.target_minor,
            title=record.product.title,
            image_url=record.product.image,
            implausible=record.implausible,
            checked_at=record.checked_at,
            source=source,
            run_id=run_id,
        )
        yield event.asin.encode(), encode_price_event(event)
