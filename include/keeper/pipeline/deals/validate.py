"""The third step of a deal run: raw replies to deals, scored and checked, to events to publish."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from keeper.checks.verdicts import Failure
from keeper.domain.deals.deal import Deal, DealFilter, DealScore
from keeper.domain.deals.events import DealEvent
from keeper.domain.deals.score import score_deal
from keeper.domain.locales import locale_of
from keeper.domain.prices.events import Source
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.prices.types import price_type_of
from keeper.pipeline.deals.fetch import decoded_page, fresh_from, recent_histories
from keeper.sources.keepa.deals.history import history_of
from keeper.sources.keepa.errors import KeepaDecodeError
from keeper.sources.keepa.products.decode import DecodedProduct, decode_products
from keeper.sources.keepa.products.series import NO_OFFER, Series
from keeper.stores.lake.archive import ArchivedReply
from keeper.stores.lake.deal_files import DealFolder
from keeper.stores.lake.paths import MissingFileError
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.deals.histories import StoredPoint, known_histories, stored_points
from keeper.stores.postgres.runs.runs import QuarantinedRecord, quarantine
from keeper.streams.codec import encode_deal_event

if TYPE_CHECKING:
    import pandas as pd

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DealCheckResult:
    """What became of a filter's replies.

    Attributes:
        products: Deals Keeper could read, each once.
        missing: Deals it could not read.
        unreadable: Pages it could not read at all.
        with_history: Deals scored against their product's own history.
        checked: Deals checked.
        quarantined: Deals that failed, kept in quarantined_records.
        events: Deals that passed, ready to publish.
    """

    products: int
    missing: int
    unreadable: int
    with_history: int
    checked: int
    quarantined: int
    events: int


@dataclass(frozen=True, slots=True)
class _Record:
    """A deal on its way to an event."""

    deal: Deal
    score: DealScore
    checked_at: datetime


def validate_deals(
    folder: DealFolder,
    connection: Connection,
    *,
    run_id: str,
    batch: int,
    source: Source,
    docs_dir: Path | None = None,
) -> DealCheckResult:
    """Decode and score a filter's stored deals, quarantine bad ones, write the others as messages.

    Run again it gives the same.

    Args:
        folder: The filter's files.
        connection: Where histories are, and bad deals are kept.
        run_id: The run.
        batch: Number of the filter in the run.
        source: Where the replies came from.
        docs_dir: Folder for this check's Data Docs.

    Raises:
        MissingFileError: Replies are not there or damaged.
    """
    found_by = folder.read_filter()
    pages = folder.pages()
    if not pages:
        raise MissingFileError(f"{folder.path} holds no deals; clear the fetch task")
    found: dict[tuple[str, datetime, int | None], tuple[Deal, datetime]] = {}
    missing = unreadable = 0
    for page in pages:
        decoded = decoded_page(folder, page, found_by)
        unreadable += decoded.entries < 0
        missing += len(decoded.problems)
        for problem in decoded.problems:
            _LOG.warning("left out: %s", problem)
        for deal in decoded.deals:
            # While pages are read new deals come in and push others to the next page.
            found.setdefault(
                (deal.asin, deal.observed_at, deal.price_minor), (deal, page.received_at)
            )
    deals = [deal for deal, _ in found.values()]
    histories = _histories(folder, connection, found_by, deals, source)
    records = [
        _Record(deal, _score(deal, histories.get(deal.asin), checked_at), checked_at)
        for deal, checked_at in found.values()
    ]
    failures = _check(records, name=f"{run_id} {found_by.name}", docs_dir=docs_dir)
    quarantine(connection, run_id, _quarantined(records, failures, batch, found_by))
    failed = {failure.row for failure in failures}
    good = [record for row, record in enumerate(records) if row not in failed]
    folder.write_messages(_messages(good, found_by, source, run_id))
    result = DealCheckResult(
        products=len(records),
        missing=missing,
        unreadable=unreadable,
        with_history=sum(record.score.history_days > 0 for record in records),
        checked=len(records),
        quarantined=len(failed),
        events=len(good),
    )
    _LOG.info("%s: %s", found_by.name, asdict(result))
    return result


def _score(deal: Deal, history: Series | None, checked_at: datetime) -> DealScore:
    return score_deal(deal, None if history is None else history_of(history, deal, checked_at))


def _histories(
    folder: DealFolder,
    connection: Connection,
    found_by: DealFilter,
    deals: Iterable[Deal],
    source: Source,
) -> dict[str, Series]:
    """Return what is known of the products' history in the filter's series, by ASIN."""
    asins = {deal.asin for deal in deals}
    where = {"domain": found_by.domain, "price_type": found_by.price_type}
    known = known_histories(connection, **where, asins=asins, checked_from=fresh_from(folder))
    points = stored_points(connection, **where, asins=known)
    histories = {
        asin: _series(asin, found_by, list(group))
        for asin, group in groupby(points, attrgetter("asin"))
    }
    wanted: dict[str, tuple[ArchivedReply, set[str]]] = {}
    for asin, reply in recent_histories(folder, found_by, asins - known, source).items():
        wanted.setdefault(reply.key, (reply, set()))[1].add(asin)
    for reply, products in wanted.values():
        for product in _products(folder, reply):
            series = product.series.get(price_type_of(found_by.price_type).index)
            if series is not None and product.asin in products:
                histories[product.asin] = series
    return histories


def _products(folder: DealFolder, reply: ArchivedReply) -> list[DecodedProduct]:
    try:
        return decode_products(folder.archive.read(reply)).products
    except (KeepaDecodeError, MissingFileError) as error:
        _LOG.warning("a reply with histories cannot be read: %s", error)
        return []


def _series(asin: str, found_by: DealFilter, points: Sequence[StoredPoint]) -> Series:
    price_type = price_type_of(found_by.price_type)

    def column(values: Iterable[int | None]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        return np.array([NO_OFFER if v is None else v for v in values], dtype=np.int64)

    return Series(
        asin,
        locale_of(found_by.domain),
        price_type,
        minutes=column(to_keepa_minutes(point.observed_at) for point in points),
        values=column(point.price_minor for point in points),
        shipping=column(p.shipping_minor for p in points) if price_type.has_shipping else None,
    )


def _check(records: Sequence[_Record], *, name: str, docs_dir: Path | None) -> tuple[Failure, ...]:
    # Great Expectations costs seconds to import: not for a filter without deals.
    from keeper.checks.deal_records import validate_deal_records

    if not records:
        return ()
    verdict = validate_deal_records(
        _frame(records),
        checked_at=max(record.checked_at for record in records),
        docs_dir=docs_dir,
        name=name,
    )
    return verdict.failures


def _frame(records: Sequence[_Record]) -> "pd.DataFrame":
    import pandas as pd

    def amounts(values: Iterable[int | None]) -> "pd.api.extensions.ExtensionArray":
        return pd.array(list(values), dtype="Int64")

    deals = [record.deal for record in records]
    return pd.DataFrame(
        {
            "asin": [deal.asin for deal in deals],
            "domain": [deal.domain for deal in deals],
            "currency": [deal.currency for deal in deals],
            "price_type": [deal.price_type for deal in deals],
            "observed_at": pd.to_datetime([deal.observed_at for deal in deals], utc=True),
            "price_minor": amounts(deal.price_minor for deal in deals),
            "previous_minor": amounts(deal.previous_minor for deal in deals),
            "original_minor": amounts(record.score.original_minor for record in records),
            "list_price_minor": amounts(deal.list_price_minor for deal in deals),
            "discount_percent": amounts(record.score.discount_percent for record in records),
            "rating": pd.array([deal.rating for deal in deals], dtype="Float64"),
            "review_count": amounts(deal.review_count for deal in deals),
            "sales_rank": amounts(deal.sales_rank for deal in deals),
            "score": amounts(record.score.points for record in records),
        }
    )


def _quarantined(
    records: Sequence[_Record], failures: Iterable[Failure], batch: int, found_by: DealFilter
) -> Iterator[QuarantinedRecord]:
    for failure in failures:
        record = records[failure.row]
        fields = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(record.deal).items()
        }
        yield QuarantinedRecord(
            batch,
            failure.row,
            failure.expectation,
            failure.column,
            {**fields, "filter": found_by.name, "score": record.score.points},
        )


def _messages(
    records: Iterable[_Record], found_by: DealFilter, source: Source, run_id: str
) -> Iterator[tuple[bytes, bytes]]:
    for record in records:
        event = DealEvent.of_deal(
            record.deal,
            found_by=found_by,
            score=record.score,
            checked_at=record.checked_at,
            source=source,
            run_id=run_id,
        )
        yield event.asin.encode(), encode_deal_event(event)
