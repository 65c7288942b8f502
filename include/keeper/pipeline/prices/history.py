"""The third step for older points: checked and written as messages for `price-backfill`."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from keeper.domain.prices.events import PriceEvent, Source
from keeper.domain.prices.points import KEEPA_EPOCH, PricePoint
from keeper.sources.keepa.products.decode import DecodedProduct
from keeper.sources.keepa.products.series import NO_OFFER, Series
from keeper.stores.lake.history_files import HistoryFiles, HistoryManifest, Messages, SeriesKey
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs.runs import QuarantinedRecord, quarantine
from keeper.streams.codec import encode_price_event

if TYPE_CHECKING:
    import pandas as pd

_LOG: Final = logging.getLogger(__name__)
_POINTS_A_FILE: Final = 50_000
_FIRST_ROW: Final = 1_000_000
"""Row numbers of quarantined old points start here, after those of a batch's newest ones."""
_MOST_QUARANTINED: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Slice:
    """Points `first` up to but not including `last` of a series."""

    product: DecodedProduct
    series: Series
    first: int
    last: int
    checked_at: datetime

    def __len__(self) -> int:
        return self.last - self.first


class HistoryCheck:
    """Takes a batch's older points product by product and writes those that pass the checks.

    Great Expectations validates them by the newest ones' suite. Old points that fail are kept in
    `quarantined_records`, the first 1,000 of a batch; the others of a batch are only counted, for a
    series Keepa once recorded wrongly has thousands. They do not count towards the share of bad
    records that fails a run: a mistake of years ago says nothing of today's data.
    """

    def __init__(
        self,
        folder: BatchFolder,
        connection: Connection,
        *,
        run_id: str,
        batch: int,
        source: Source,
        docs_dir: Path | None = None,
    ) -> None:
        """Begin a batch's history anew; see validate_batch for the arguments."""
        self._files = HistoryFiles(folder)
        self._connection = connection
        self._run_id = run_id
        self._batch = batch
        self._source: Source = source
        self._docs_dir = docs_dir
        self._slices: list[_Slice] = []
        self._waiting = 0
        self._file_count = 0
        self._checked = 0
        self._quarantined = 0
        self._messages = 0
        self._whole: list[SeriesKey] = []

    def add_whole(self, product: DecodedProduct, series: Series, checked_at: datetime) -> None:
        """Take all of a series but its newest point, which goes to `price-updates`."""
        self._add(_Slice(product, series, 0, len(series) - 1, checked_at))
        self._whole.append((product.asin, product.locale.domain, series.price_type.name))

    def add_interval(
        self,
        product: DecodedProduct,
        series: Series,
        checked_at: datetime,
        since: datetime,
        until: datetime,
    ) -> None:
        """Take the points of a series in [since, until)."""
        first, last = series.first_at_or_after(since), series.first_at_or_after(until)
        self._add(_Slice(product, series, first, last, checked_at))

    def finish(self) -> tuple[int, int]:
        """Write what is left; return how many points will be published and how many failed."""
        self._flush()
        self._files.close(HistoryManifest(self._file_count, self._messages, tuple(self._whole)))
        if self._quarantined:
            _LOG.warning(
                "%d old points failed a check; the first %d of them are in quarantined_records",
                self._quarantined,
                min(self._quarantined, _MOST_QUARANTINED),
            )
        return self._messages, self._quarantined

    def _add(self, piece: _Slice) -> None:
        # A series longer than a file is divided.
        for start in range(piece.first, piece.last, _POINTS_A_FILE):
            end = min(start + _POINTS_A_FILE, piece.last)
            if self._waiting + end - start > _POINTS_A_FILE:
                self._flush()
            self._slices.append(_Slice(piece.product, piece.series, start, end, piece.checked_at))
            self._waiting += end - start

    def _flush(self) -> None:
        if not self._slices:
            return
        failed = self._failed_rows()
        messages: Messages = []
        row = 0
        for piece in self._slices:
            for previous, last_offer, point in _changes(piece):
                if row not in failed:
                    event = _event(
                        piece,
                        point,
                        previous=previous,
                        last_offer=last_offer,
                        source=self._source,
                        run_id=self._run_id,
                    )
                    messages.append((event.asin.encode(), encode_price_event(event)))
                row += 1
        self._files.write(self._file_count, messages)
        self._file_count += 1
        self._messages += len(messages)
        self._checked += row
        self._slices, self._waiting = [], 0

    def _failed_rows(self) -> set[int]:
        # Great Expectations costs seconds to import: only when there is something to check.
        from keeper.checks.price_records import validate_price_records

        frame = _frame(self._slices)
        verdict = validate_price_records(
            frame,
            checked_at=max(piece.checked_at for piece in self._slices),
            docs_dir=None if self._docs_dir is None or self._file_count else self._docs_dir,
            name=f"{self._run_id} batch {self._batch} history",
        )
        failed = {failure.row for failure in verdict.failures}
        room = max(_MOST_QUARANTINED - self._quarantined, 0)
        kept = set(sorted(failed)[:room])
        quarantine(
            self._connection,
            self._run_id,
            (
                QuarantinedRecord(
                    self._batch,
                    _FIRST_ROW + self._checked + failure.row,
                    failure.expectation,
                    failure.column,
                    _record(frame, failure.row),
                )
                for failure in verdict.failures
                if failure.row in kept
            ),
        )
        self._quarantined += len(failed)
        return failed


def _changes(
    piece: _Slice,
) -> Iterator[tuple[PricePoint | None, PricePoint | None, PricePoint]]:
    """Yield a slice's points, each after the one before it and the last offer before it."""
    begin = max(piece.first - 1, 0)
    points = islice(piece.series.points(begin), piece.last - begin)
    previous = last_offer = None
    if piece.first > 0 and (previous := next(points, None)) is not None:
        last_offer = piece.series.offer_before(previous.observed_at)
        last_offer = previous if _is_offer(previous) else last_offer
    for point in points:
        yield previous, last_offer, point
        previous = point
        last_offer = point if _is_offer(point) else last_offer


def _is_offer(point: PricePoint) -> bool:
    # Of long ago Keepa has prices of zero, which are mistakes.
    return point.price_minor is not None and point.price_minor > 0


def _event(
    piece: _Slice,
    point: PricePoint,
    *,
    previous: PricePoint | None,
    last_offer: PricePoint | None,
    source: Source,
    run_id: str,
) -> PriceEvent:
    return PriceEvent.of_point(
        point,
        previous=previous,
        target_minor=None,
        title=piece.product.title,
        image_url=piece.product.image,
        implausible=False,
        checked_at=piece.checked_at,
        source=source,
        run_id=run_id,
        labels=piece.product.labels,
        last_offer=last_offer,
    )


def _frame(slices: Sequence[_Slice]) -> "pd.DataFrame":
    import pandas as pd

    lengths = [len(piece) for piece in slices]

    def repeated(values: Sequence[str]) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
        return np.repeat(np.array(values, dtype=object), lengths)

    minutes = np.concatenate([p.series.minutes[p.first : p.last] for p in slices])
    prices = np.concatenate([p.series.values[p.first : p.last] for p in slices])
    shipping = np.concatenate(
        [
            np.full(len(p), NO_OFFER)
            if p.series.shipping is None
            else p.series.shipping[p.first : p.last]
            for p in slices
        ]
    )
    epoch = np.datetime64(KEEPA_EPOCH.replace(tzinfo=None), "s")
    return pd.DataFrame(
        {
            "asin": repeated([p.product.asin for p in slices]),
            "domain": repeated([p.product.locale.domain for p in slices]),
            "currency": repeated([p.product.locale.currency for p in slices]),
            "price_type": repeated([p.series.price_type.name for p in slices]),
            "observed_at": pd.to_datetime(
                epoch + (minutes * 60).astype("timedelta64[s]"), utc=True
            ),
            "price_minor": _nullable(prices),
            "shipping_minor": _nullable(shipping),
        }
    )


def _nullable(values: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> "pd.arrays.IntegerArray":
    import pandas as pd

    return pd.arrays.IntegerArray(values.astype(np.int64), values == NO_OFFER)


def _record(frame: "pd.DataFrame", row: int) -> dict[str, object]:
    values = frame.iloc[row]
    record: dict[str, object] = {
        name: values[name] for name in ("asin", "domain", "price_type", "currency")
    }
    record["observed_at"] = values["observed_at"].isoformat()
    for name in ("price_minor", "shipping_minor"):
        amount = frame[name].array[row]
        record[name] = int(amount) if isinstance(amount, int | np.integer) else None
    return record
