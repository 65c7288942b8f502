"""Storing price events: history, current prices, corrections and the alerts they raise."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

from psycopg import Cursor
from psycopg.rows import TupleRow, tuple_row

from keeper.domain.prices.events import PriceEvent
from keeper.domain.prices.points import KEEPA_EPOCH
from keeper.domain.watches.policy import AlertPolicy
from keeper.metrics import WorkerMetrics
from keeper.stores.postgres.arrays import array_of
from keeper.stores.postgres.batch_writer import BatchWriter
from keeper.stores.postgres.connection import Connection, PostgresConfig, statements
from keeper.stores.postgres.prices.batch import (
    Description,
    KnownSeries,
    Origin,
    PointRows,
    Row,
    SeriesEvents,
    SeriesKey,
    group_by_series,
    sort_points,
)
from keeper.stores.postgres.prices.binary_copy import binary_rows, binary_series
from keeper.stores.postgres.prices.effects import (
    BatchEffects,
    CurrentPriceEffects,
    HistoryEffects,
)

_SQL: Final = "load_prices"


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a batch changed: points new to price_history and alerts raised."""

    points: int
    alerts: int


class PointWriter(BatchWriter[PriceEvent, LoadResult]):
    """Writes batches of price events as points, with the effects they have."""

    def __init__(
        self, config: PostgresConfig, effects: BatchEffects, metrics: WorkerMetrics
    ) -> None:
        """Connect at the first batch.

        Args:
            config: Where PostgreSQL is.
            effects: What changes beside the points.
            metrics: Where to count the time each stage takes.
        """
        super().__init__(config)
        self._effects = effects
        self._metrics = metrics
        self._points_since = KEEPA_EPOCH

    def prepare(self, connection: Connection) -> None:
        """Make the staging tables, and keep triggers silent that need not look."""
        connection.execute(statements(_SQL)["load_prices"])
        connection.execute(statements(_SQL)["make_staging"])

    def get_ready(self, connection: Connection, events: Sequence[PriceEvent]) -> None:
        """Make the partitions and the origins the batch needs, each at once for everybody."""
        if not events:
            return
        sql = statements(_SQL)
        latest = max(event.timestamp for event in events)
        # Asked each time: retention may have dropped the oldest meanwhile.
        (partitions,) = connection.execute(sql["partitions"]).fetchall()
        self._points_since = partitions["since"]
        if latest >= partitions["until"]:
            connection.execute(sql["add_months"], {"until": latest})
        origins = {(event.run_id, event.source) for event in events}
        run_ids, sources = zip(*origins, strict=True)
        connection.execute(sql["add_origins"], {"run_ids": list(run_ids), "sources": list(sources)})

    def write(
        self, connection: Connection, events: Sequence[PriceEvent], *, compare_all: bool = False
    ) -> LoadResult:
        """Store a batch and raise its alerts in the caller's transaction."""
        if not events:
            return LoadResult(0, 0)
        sql, timed = statements(_SQL), self._metrics.timed
        with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            with timed("group"):
                by_key = group_by_series(events)
            with timed("lock"):
                origins = _origins(cursor, events)
                groups = _lock_series(cursor, by_key)
            with timed("sort"):
                rows = sort_points(
                    groups, origins, since=self._points_since, compare_all=compare_all
                )
            with timed("copy"):
                _copy(cursor, sql["copy_points"], rows.fresh)
            points = Counter(origin_id for _, origin_id, *_ in rows.fresh)
            with timed("compare"):
                points += self._compare(cursor, rows, origins)
            alerts = self._effects.raise_alerts(cursor, groups)
            with timed("describe"):
                self._effects.describe(cursor, groups)
            with timed("move"):
                self._move(cursor, groups, origins, mend=compare_all)
            runs = _by_run(points, origins)
            self._count(cursor, runs, alerts)
        return LoadResult(points.total(), alerts.total())

    def _compare(
        self, cursor: Cursor[TupleRow], rows: PointRows, origins: Mapping[Origin, int]
    ) -> Counter[int]:
        """Bring the points in that may be stored already; return how many were new, by origin."""
        sql = statements(_SQL)
        points: Counter[int] = Counter()
        changed = [(series_id, observed_at) for series_id, _, observed_at, *_ in rows.disputed]
        if rows.known:
            _copy(cursor, sql["copy_staged_points"], rows.known)
            found = cursor.execute(sql["compare_points"]).fetchall()
            are_missing = are_later = False
            for series_id, observed_at, is_missing, differs, is_confirmed in found:
                are_missing |= is_missing
                are_later |= not is_missing and not differs
                if differs and not is_missing:
                    rows.dispute((series_id, observed_at), origins)
                if is_missing or differs or is_confirmed:
                    changed.append((series_id, observed_at))
            if are_missing:
                points.update(dict(cursor.execute(sql["add_points"]).fetchall()))
            if are_later:
                self._effects.confirm_points(cursor)
        if rows.disputed:
            _copy(cursor, sql["copy_disputed_points"], rows.disputed)
            points.update(dict(cursor.execute(sql["count_disputed_points"]).fetchall()))
            cursor.execute(sql["keep_former_values"])
            cursor.execute(sql["decide_disputed_points"])
        if changed:
            series_ids, moments = zip(*changed, strict=True)
            cursor.execute(
                sql["mark_due"],
                {"series_ids": array_of(series_ids), "due_from": array_of(moments)},
            )
        return points

    def _move(
        self,
        cursor: Cursor[TupleRow],
        groups: Sequence[SeriesEvents],
        origins: Mapping[Origin, int],
        *,
        mend: bool,
    ) -> None:
        """Write where the series stand now."""
        sql = statements(_SQL)
        move = self._effects.moved
        moved = [after for group in groups if (after := move(group, origins)) is not None]
        if moved:
            with cursor.copy(sql["copy_series"]) as copy:
                copy.write(binary_series(moved))
            cursor.execute(sql["move_series"])
        if mend:
            numbers = [group.series.series_id for group in groups]
            cursor.execute(sql["mend_newest"], {"series_ids": array_of(numbers)})

    def _count(
        self, cursor: Cursor[TupleRow], points: Mapping[str, int], alerts: Mapping[str, int]
    ) -> None:
        for run_id in sorted({*points, *alerts}):
            self._effects.count(
                cursor, run_id, points=points.get(run_id, 0), alerts=alerts.get(run_id, 0)
            )


class PriceWriter(PointWriter):
    """Writes batches of price events and raises the alerts they cause."""

    def __init__(
        self,
        config: PostgresConfig,
        policy: AlertPolicy | None = None,
        *,
        describes: bool = True,
        metrics: WorkerMetrics | None = None,
    ) -> None:
        """Connect at the first batch.

        Args:
            config: Where PostgreSQL is.
            policy: When alerts are raised.
            describes: Whether titles and pictures are kept too.
            metrics: Where to count the time each stage takes.
        """
        metrics = metrics or WorkerMetrics()
        effects = CurrentPriceEffects(policy or AlertPolicy(), metrics, describes=describes)
        super().__init__(config, effects, metrics)


class BackfillWriter(PointWriter):
    """Writes batches of events of `price-backfill`: history alone.

    A point that is stored already stays as it is, but for one whose value was corrected by a later
    check: that one wins and the former value is kept, as for prices. Current prices, watches and
    alerts are never touched.
    """

    def __init__(self, config: PostgresConfig, *, metrics: WorkerMetrics | None = None) -> None:
        """Connect at the first batch; see PriceWriter."""
        super().__init__(config, HistoryEffects(), metrics or WorkerMetrics())


def _origins(cursor: Cursor[TupleRow], events: Sequence[PriceEvent]) -> dict[Origin, int]:
    run_ids = sorted({event.run_id for event in events})
    found = cursor.execute(statements(_SQL)["origins"], {"run_ids": run_ids})
    return {(run_id, source): origin_id for run_id, source, origin_id in found}


def _lock_series(
    cursor: Cursor[TupleRow], by_key: Mapping[SeriesKey, list[PriceEvent]]
) -> list[SeriesEvents]:
    """Lock the batch's series, making those that are new, and return them by number."""
    groups = _lock(cursor, by_key, list(by_key))
    if len(groups) < len(by_key):
        found = {_key(group.events[0]) for group in groups}
        new = sorted(by_key.keys() - found)
        currencies = [by_key[key][0].currency for key in new]
        cursor.execute(
            statements(_SQL)["add_series"], {**_keys(new), "currencies": array_of(currencies)}
        )
        groups += _lock(cursor, by_key, new)
        groups.sort(key=lambda group: group.series.series_id)
    return groups


def _lock(
    cursor: Cursor[TupleRow],
    by_key: Mapping[SeriesKey, list[PriceEvent]],
    keys: Sequence[SeriesKey],
) -> list[SeriesEvents]:
    cursor.execute(statements(_SQL)["lock_series"], _keys(keys))
    return [
        SeriesEvents.of(
            KnownSeries(*series),
            by_key[keys[position - 1]],
            Description(title, image_url, source) if source is not None else None,
        )
        for position, title, image_url, source, *series in cursor.fetchall()
    ]


def _key(event: PriceEvent) -> SeriesKey:
    return (event.asin, event.domain, event.price_type)


def _keys(keys: Sequence[SeriesKey]) -> dict[str, str]:
    asins, domains, price_types = zip(*keys, strict=True)
    return {
        "asins": array_of(asins),
        "domains": array_of(domains),
        "price_types": array_of(price_types),
    }


def _copy(cursor: Cursor[TupleRow], statement: LiteralString, rows: Sequence[Row]) -> None:
    if rows:
        with cursor.copy(statement) as copy:
            for block in binary_rows(rows):
                copy.write(block)


def _by_run(points: Mapping[int, int], origins: Mapping[Origin, int]) -> Counter[str]:
    runs: Counter[str] = Counter()
    for (run_id, _), origin_id in origins.items():
        if points.get(origin_id):
            runs[run_id] += points[origin_id]
    return runs
