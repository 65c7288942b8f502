"""The third step of a run: raw replies to price records, checked, to events ready to publish."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keeper.checks.verdicts import Failure
from keeper.domain.intervals import Interval
from keeper.domain.prices.events import PriceEvent, Source
from keeper.domain.prices.plausibility import is_implausible
from keeper.domain.prices.points import PricePoint
from keeper.domain.prices.types import price_type_of
from keeper.domain.watches.watch import ProductToCheck
from keeper.pipeline.prices.history import HistoryCheck
from keeper.pipeline.prices.replies import (
    FetchedProduct,
    decode_pages,
    read_plan,
    stored_pages,
)
from keeper.sources.keepa.products.decode import DecodedProduct, Series
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


@dataclass(slots=True)
class _Points:
    """What a batch's products bring, beside their older points.

    Attributes:
        products: How many products there are.
        records: Their newest points.
        without_history: Watched series Keepa has never had a price for, by ASIN, locale and price
            type, with the time of the reply.
    """

    products: int = 0
    records: list[_Record] = field(default_factory=list)
    without_history: dict[tuple[str, str, str], datetime] = field(default_factory=dict)


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
    plan = read_plan(folder)
    pages = stored_pages(folder, plan, is_complete=is_complete)
    products = decode_pages(folder, pages, plan, are_archived=interval is not None)
    history = HistoryCheck(
        folder, connection, run_id=run_id, batch=batch, source=source, docs_dir=docs_dir
    )
    points = _collect_points(products, price_types, interval, history)
    failures = _validate(points.records, run_id=run_id, batch=batch, docs_dir=docs_dir)
    quarantine(connection, run_id, _quarantined(points.records, failures, batch))
    failed = {failure.row for failure in failures}
    good = [record for row, record in enumerate(points.records) if row not in failed]
    folder.write_messages(_messages(good, source, run_id))
    older, older_failed = history.finish()
    if interval is None:
        touch_without_history(connection, points.without_history)
    result = CheckResult(
        products=points.products,
        missing=len(plan) - points.products,
        without_history=len(points.without_history),
        checked=len(points.records),
        quarantined=len(failed),
        events=len(good),
        history=older,
        history_quarantined=older_failed,
    )
    _LOG.info(
        "%d products, %d missing, %d records, %d quarantined, %d older points",
        result.products,
        result.missing,
        result.checked,
        result.quarantined,
        result.history,
    )
    return result


def _collect_points(
    products: Iterable[FetchedProduct],
    price_types: Sequence[str],
    interval: Interval | None,
    history: HistoryCheck,
) -> _Points:
    """Make records of the newest points and hand the older ones to `history`.

    With an interval all of its points are older ones.
    """
    points = _Points()
    for fetched in products:
        product, plan, received_at = fetched.product, fetched.plan, fetched.received_at
        points.products += 1
        for name in dict.fromkeys((*plan.targets, *price_types)):
            series = product.series.get(price_type_of(name).index)
            if series is None:
                if name in plan.targets:
                    points.without_history[product.asin, product.locale.domain, name] = received_at
            elif interval is not None:
                history.add_interval(product, series, received_at, interval.since, interval.until)
            else:
                points.records += _change_records(product, series, plan, received_at)
                if name not in plan.histories:
                    history.add_whole(product, series, received_at)
    return points


def _change_records(
    product: DecodedProduct, series: Series, plan: ProductToCheck, checked_at: datetime
) -> Iterator[_Record]:
    name = series.price_type.name
    for previous, point in _changes(series, plan.stored_until.get(name)):
        suspicious = _is_suspicious(point, series, product)
        yield _Record(point, previous, product, plan.targets.get(name), suspicious, checked_at)


def _changes(
    series: Series, stored_until: datetime | None
) -> Iterator[tuple[PricePoint | None, PricePoint]]:
    """Yield the points to report, each with the one before it: changes since, always the newest."""
    first = len(series) - 1
    if stored_until is not None:
        first = min(series.first_after(stored_until), first)
    # A history may hold ten thousands of points; only the new ones and the one before are made.
    points = list(series.points(max(first - 1, 0)))
    if first == 0:
        yield None, points[0]
    yield from pairwise(points)


def _is_suspicious(point: PricePoint, series: Series, product: DecodedProduct) -> bool:
    # Keepa's minimum and maximum count shipping in, so everything is compared that way.
    at, stats = point.observed_at, product.stats
    low, high = stats.range_of(series.price_type, at) if stats else (None, None)
    landed = None
    if point.price_minor is not None:
        landed = point.price_minor + (point.shipping_minor or 0)
    return is_implausible(
        landed,
        earlier_low=series.low(end=at, landed=True),
        earlier_high=series.high(end=at, landed=True),
        keepa_low=low,
        keepa_high=high,
    )


def _validate(
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
