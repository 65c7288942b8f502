"""What a batch of price events changes beside the points it brings."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from psycopg import Cursor
from psycopg.rows import TupleRow

from keeper.domain.watches.policy import AlertPolicy
from keeper.metrics import WorkerMetrics
from keeper.stores.postgres.connection import statements
from keeper.stores.postgres.prices.batch import (
    KnownSeries,
    Origin,
    SeriesEvents,
    moved_history,
    moved_series,
)
from keeper.stores.postgres.prices.product_descriptions import describe_products, name_products
from keeper.stores.postgres.prices.target_alerts import evaluate_watches

_SQL: Final = "load_prices"


class BatchEffects(Protocol):
    """What follows from a batch, in the transaction that stores its points.

    The locks of its series are held.
    """

    def confirm_points(self, cursor: Cursor[TupleRow], /) -> None:
        """Write the later checks of staged points that are stored with the same value."""

    def raise_alerts(
        self, cursor: Cursor[TupleRow], groups: Sequence[SeriesEvents], /
    ) -> Counter[str]:
        """Evaluate the watches of these series and return the number of alerts by run."""

    def describe(self, cursor: Cursor[TupleRow], groups: Sequence[SeriesEvents], /) -> None:
        """Keep titles and pictures of the products."""

    def moved(self, group: SeriesEvents, origins: Mapping[Origin, int], /) -> KnownSeries | None:
        """Return where a series stands after its events; None if where it stood."""

    def count(self, cursor: Cursor[TupleRow], run_id: str, /, *, points: int, alerts: int) -> None:
        """Add to what a run's row counts."""


class CurrentPriceEffects:
    """What the newest prices change: current prices, watches and products."""

    def __init__(self, policy: AlertPolicy, metrics: WorkerMetrics, *, describes: bool) -> None:
        """Raise alerts by `policy`; leave titles and pictures alone unless it `describes`."""
        self._policy = policy
        self._metrics = metrics
        self._describes = describes

    def confirm_points(self, cursor: Cursor[TupleRow]) -> None:
        """Write when the points were last checked."""
        cursor.execute(statements(_SQL)["touch_points"])

    def raise_alerts(
        self, cursor: Cursor[TupleRow], groups: Sequence[SeriesEvents]
    ) -> Counter[str]:
        """Evaluate the watches over the new events of their series."""
        with self._metrics.timed("alerts"):
            return evaluate_watches(cursor, groups, self._policy)

    def describe(self, cursor: Cursor[TupleRow], groups: Sequence[SeriesEvents]) -> None:
        """Keep what the latest check says of each product."""
        if self._describes:
            describe_products(cursor, groups)

    def moved(self, group: SeriesEvents, origins: Mapping[Origin, int]) -> KnownSeries | None:
        """Return the series with its new current price."""
        return moved_series(group, origins)

    def count(self, cursor: Cursor[TupleRow], run_id: str, *, points: int, alerts: int) -> None:
        """Count points and alerts."""
        counts = {"run_id": run_id, "points": points, "alerts": alerts}
        cursor.execute(statements(_SQL)["count_for_run"], counts)


class HistoryEffects:
    """What older prices change: no current price, no watch and no product that is known."""

    def confirm_points(self, cursor: Cursor[TupleRow]) -> None:
        """Leave them: an older price is no check of today."""

    def raise_alerts(
        self, cursor: Cursor[TupleRow], groups: Sequence[SeriesEvents]
    ) -> Counter[str]:
        """Raise none."""
        return Counter()

    def describe(self, cursor: Cursor[TupleRow], groups: Sequence[SeriesEvents]) -> None:
        """Add the products that are not stored yet."""
        name_products(cursor, groups)

    def moved(self, group: SeriesEvents, origins: Mapping[Origin, int]) -> KnownSeries | None:
        """Return the series with its new newest point."""
        return moved_history(group)

    def count(self, cursor: Cursor[TupleRow], run_id: str, *, points: int, alerts: int) -> None:
        """Count the points as history."""
        counts = {"run_id": run_id, "points": points}
        cursor.execute(statements(_SQL)["count_history_for_run"], counts)
