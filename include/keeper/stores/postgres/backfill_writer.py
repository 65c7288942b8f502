"""Storing older price points: history alone, as fast as PostgreSQL takes it."""

from collections.abc import Sequence
from typing import Final

from keeper.domain.price_events import PriceEvent
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.price_writer import LoadResult, PriceWriter

_SQL: Final = "load_backfill"


class BackfillWriter(PriceWriter):
    """Writes batches of events of `price-backfill`, each in one transaction.

    A point that is stored already stays as it is, but for one whose value was corrected by a later
    check: that one wins and the former value is kept, as for prices. Current prices, watches and
    alerts are never touched. Storing the same events again changes nothing.
    """

    def _store(self, connection: Connection, events: Sequence[PriceEvent]) -> LoadResult:
        sql, shared = statements(_SQL), statements("load_prices")
        with connection.transaction(), connection.cursor() as cursor:
            self._stage(cursor, events)
            cursor.execute(sql["add_products"])
            added = cursor.execute(sql["add_points"]).fetchall()
            cursor.execute(sql["forget_known_points"])
            left = cursor.execute(sql["count_corrections"]).fetchone()
            if left and left["corrections"]:
                cursor.execute(shared["keep_former_values"])
                cursor.execute(shared["upsert_history"])
            for row in added:
                cursor.execute(sql["count_for_run"], row)
        return LoadResult(sum(row["points"] for row in added), 0)
