"""Storing older price points: history alone, as fast as PostgreSQL takes it."""

from collections.abc import Sequence
from typing import Final

from keeper.domain.price_events import PriceEvent
from keeper.stores.postgres.batch_writer import BatchWriter
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.price_writer import LoadResult, stage

_SQL: Final = "load_backfill"
_PRICES: Final = "load_prices"


class BackfillWriter(BatchWriter[PriceEvent, LoadResult]):
    """Writes batches of events of `price-backfill`.

    A point that is stored already stays as it is, but for one whose value was corrected by a later
    check: that one wins and the former value is kept, as for prices. Current prices, watches and
    alerts are never touched.
    """

    def prepare(self, connection: Connection) -> None:
        """Make the staging table, which is that of the prices."""
        connection.execute(statements(_PRICES)["make_staging"])

    def write(self, connection: Connection, events: Sequence[PriceEvent]) -> LoadResult:
        """Store a batch in the caller's transaction."""
        sql, prices = statements(_SQL), statements(_PRICES)
        with connection.cursor() as cursor:
            stage(cursor, events)
            cursor.execute(sql["add_products"])
            added = cursor.execute(sql["add_points"]).fetchall()
            cursor.execute(sql["forget_known_points"])
            left = cursor.execute(sql["count_corrections"]).fetchone()
            if left and left["corrections"]:
                cursor.execute(prices["keep_former_values"])
                cursor.execute(prices["upsert_history"])
            for row in added:
                cursor.execute(sql["count_for_run"], row)
        return LoadResult(sum(row["points"] for row in added), 0)
