"""The third step of a run: raw replies to price records, checked, to events ready to publish."""

import logging
from collections import Counter
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
from keeper.domain.prices.points import KEEPA_EPOCH, PricePoint
from keeper.domain.prices.types import PriceType, price_type_of
from keeper.domain.product_kinds import ProductKind
from keeper.domain.watches.watch import ProductToCheck
from keeper.pipeline.prices.answers import Answer, answer_of
from keeper.pipeline.prices.history import HistoryCheck
from keeper.pipeline.prices.product_kinds import record_kinds
from keeper.pipeline.prices.replies import (
    DecodedPage,
    FetchedProduct,
    decode_pages,
    read_plan,
    stored_pages,
)
from keeper.sources.keepa.products.decode import DecodedProduct, DecodeProblem, Series
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs.runs import QuarantinedRecord, quarantine
from keeper.stores.postgres.watches.product_kinds import SeenKind
from keeper.stores.postgres.watches.watch_list import touch_in_vain, touch_without_history
from keeper.streams.codec import encode_price_event

if TYPE_CHECKING:
    import pandas as pd

_LOG: Final = logging.getLogger(__name__)
_READABLE: Final = "can_be_read"
"""What an entry of a series failed that is no price record at all."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What became of a batch's replies.

    Attributes:
        products: Products Keepa knew and Keeper could read.
        missing: Products asked for that were in no reply, or unreadable.
        without_history: Watched series Keepa has never had a price for.
        not_asked: Watched series the replies were not asked for, as those of an archive may be.
        series_undelivered: Watched series asked for in vain: Keepa could not fetch the offers.
        series_unreadable: Watched series whose newest entry cannot be read.
        checked: Price records checked, and the watched series that cannot be read.
        quarantined: Those that failed, kept in quarantined_records.
        events: Records that passed, ready to publish.
        history: Older points that passed, ready for price-backfill.
        history_quarantined: Older points that failed, and series of which others can be read.
    """

    products: int
    missing: int
    without_history: int
    not_asked: int
    series_undelivered: int
    series_unreadable: int
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
    is_newest: bool

    @property
    def seen_at(self) -> datetime | None:
        """When Keepa last looked at the series; never after the check, whoever's clock is ahead."""
        seen_at = self.product.seen_at(price_type_of(self.point.price_type).detail)
        return None if seen_at is None else min(seen_at, self.checked_at)


@dataclass(slots=True)
class _Points:
    """What a batch's products bring, beside their older points.

    Attributes:
        kinds: What each product is, those Keepa does not know included.
        records: Their newest points.
        without_history: Watched series Keepa has never had a price for, by ASIN, locale and price
            type, with the time of the reply.
        in_vain: Watched series that were asked for and did not come, or not readably, alike.
        answers: How often each answer was given of a watched series.
        unreadable: What of the series asked for cannot be read.
    """

    kinds: list[SeenKind] = field(default_factory=list)
    records: list[_Record] = field(default_factory=list)
    without_history: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    in_vain: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    answers: Counter[Answer] = field(default_factory=Counter)
    unreadable: list[DecodeProblem] = field(default_factory=list)

    @property
    def products(self) -> int:
        """How many products were found."""
        return sum(seen.kind is not ProductKind.NOT_FOUND for seen in self.kinds)


def validate_batch(
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
    the last point stored; one whose history has never been published gives all of it for
    price-backfill. Run again it gives the same. A series that was not asked for, did not come or
    cannot be read does not count as checked; what can be read of it is kept all the same.

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
    decoded = decode_pages(folder, pages, plan, are_archived=interval is not None)
    history = HistoryCheck(
        folder, connection, run_id=run_id, batch=batch, source=source, docs_dir=docs_dir
    )
    points = _collect_points(decoded, price_types, interval, history)
    failures = _validate(points.records, run_id=run_id, batch=batch, docs_dir=docs_dir)
    quarantine(connection, run_id, _quarantined(points.records, failures, batch))
    quarantine(connection, run_id, _unreadable(points.unreadable, batch))
    failed = {failure.row for failure in failures}
    good = [record for row, record in enumerate(points.records) if row not in failed]
    folder.write_messages(_messages(good, source, run_id))
    older, older_failed = history.finish()
    if interval is None:
        touch_without_history(connection, points.without_history)
        touch_in_vain(connection, points.in_vain)
        record_kinds(connection, points.kinds)
    unreadable = points.answers[Answer.UNREADABLE]
    result = CheckResult(
        products=points.products,
        missing=len(plan) - points.products,
        without_history=len(points.without_history),
        not_asked=points.answers[Answer.NOT_ASKED],
        series_undelivered=points.answers[Answer.UNDELIVERED],
        series_unreadable=unreadable,
        checked=len(points.records) + unreadable,
        quarantined=len(failed) + unreadable,
        events=len(good),
        history=older,
        # An old entry that cannot be read comes again with every reply; it must fail no run.
        history_quarantined=older_failed + max(len(points.unreadable) - unreadable, 0),
    )
    _LOG.info(
        "%d products, %d missing, %d records, %d quarantined, %d older points",
        result.products,
        result.missing,
        result.checked,
        result.quarantined,
        result.history,
    )
    for count, what in (
        (result.not_asked, "were not asked for"),
        (result.series_undelivered, "did not come: Keepa could not fetch the offers"),
        (result.series_unreadable, "cannot be read; see quarantined_records"),
    ):
        if count:
            _LOG.warning("%d watched price series %s; they are not checked", count, what)
    return result


def _collect_points(
    pages: Iterable[DecodedPage],
    price_types: Sequence[str],
    interval: Interval | None,
    history: HistoryCheck,
) -> _Points:
    """Make records of the newest points; the older ones, and an interval's, go to `history`."""
    points = _Points()
    for page in pages:
        points.kinds += [
            SeenKind(asin, domain, ProductKind.NOT_FOUND, page.received_at)
            for domain, asin in page.not_found
        ]
        for fetched in page.products:
            product = fetched.product
            points.kinds.append(_kind_of(product, page.received_at))
            wanted = tuple(dict.fromkeys((*fetched.plan.targets, *price_types)))
            points.unreadable += [p for p in fetched.problems if p.series in (*wanted, "csv")]
            for name in wanted:
                _collect_series(points, fetched, price_type_of(name), interval, history)
    return points


def _kind_of(product: DecodedProduct, at: datetime) -> SeenKind:
    variations = tuple(variation.asin for variation in product.variations)
    domain = product.locale.domain
    return SeenKind(product.asin, domain, product.kind, at, variations, product.labels)


def _collect_series(
    points: _Points,
    fetched: FetchedProduct,
    price_type: PriceType,
    interval: Interval | None,
    history: HistoryCheck,
) -> None:
    product, plan, received_at = fetched.product, fetched.plan, fetched.received_at
    name, series = price_type.name, product.series.get(price_type.index)
    answer = answer_of(fetched, price_type)
    if name in plan.targets:
        points.answers[answer] += 1
        key = (product.asin, product.locale.domain, name)
        if answer is Answer.NEVER:
            points.without_history[key] = received_at
        elif answer in (Answer.UNDELIVERED, Answer.UNREADABLE):
            points.in_vain[key] = received_at
    if series is None:
        return
    if interval is not None:
        history.add_interval(product, series, received_at, interval.since, interval.until)
    elif answer is Answer.PRICES:
        points.records += _change_records(product, series, plan, received_at)
        if name not in plan.histories:
            history.add_whole(product, series, received_at)
    elif answer is Answer.UNREADABLE:
        # Its newest price is not known, so it is no check; what came before is kept.
        since = plan.stored_until.get(name, KEEPA_EPOCH)
        history.add_interval(product, series, received_at, since, received_at)


def _change_records(
    product: DecodedProduct, series: Series, plan: ProductToCheck, checked_at: datetime
) -> Iterator[_Record]:
    name = series.price_type.name
    newest_at = series.latest().observed_at
    for previous, point in _changes(series, plan.stored_until.get(name)):
        yield _Record(
            point,
            previous,
            product,
            plan.targets.get(name),
            _is_suspicious(point, series, product),
            checked_at,
            point.observed_at == newest_at,
        )


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
    from keeper.checks.price_records import validate_price_records

    if not records:
        return ()
    verdict = validate_price_records(
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


def _unreadable(problems: Iterable[DecodeProblem], batch: int) -> Iterator[QuarantinedRecord]:
    for row, problem in enumerate(problems):
        record: Mapping[str, object] = {
            "asin": problem.asin,
            "domain": problem.domain,
            "price_type": problem.series,
            "problem": problem.detail,
        }
        yield QuarantinedRecord(batch, row, _READABLE, None, record)


def _messages(
    records: Iterable[_Record], source: Source, run_id: str
) -> Iterator[tuple[bytes, bytes]]:
    for record in records:
        price_type, product = price_type_of(record.point.price_type), record.product
        series = product.series[price_type.index]
        event = PriceEvent.of_point(
            record.point,
            previous=record.previous,
            target_minor=record.target_minor,
            title=product.title,
            image_url=product.image,
            implausible=record.implausible,
            checked_at=record.checked_at,
            source=source,
            run_id=run_id,
            seen_at=record.seen_at,
            is_price_hidden=record.is_newest and product.is_price_hidden(price_type),
            coupon=product.coupon_of(price_type) if record.is_newest else None,
            availability=product.availability_of(price_type) if record.is_newest else None,
            labels=product.labels,
            last_offer=series.offer_before(record.point.observed_at),
        )
        yield event.asin.encode(), encode_price_event(event)
