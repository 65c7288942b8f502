"""Storing deal events: the deals, their prices as price points, and their products."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from keeper.domain.deals.events import DealEvent
from keeper.domain.prices.detail import Detail
from keeper.domain.prices.events import PriceEvent
from keeper.domain.prices.types import PRICE_TYPES
from keeper.domain.watches.policy import AlertPolicy
from keeper.domain.watches.watch import WatchStatus
from keeper.stores.postgres.batch_writer import BatchWriter
from keeper.stores.postgres.connection import Connection, PostgresConfig, statements
from keeper.stores.postgres.prices.writer import PriceWriter

_SQL: Final = "load_deals"
_DEAR_TO_CHECK: Final = [p.name for p in PRICE_TYPES if p.detail is not Detail.BASIC]
"""A filter may follow hundreds of products; these price types cost 3 to 12 tokens a check each."""


@dataclass(frozen=True, slots=True)
class DealLoadResult:
    """What a batch changed: deals and price points that are new, and alerts raised."""

    deals: int
    points: int
    alerts: int


class DealWriter(BatchWriter[DealEvent, DealLoadResult]):
    """Writes batches of deal events.

    A deal says what a price report says: at checked_at the series' newest price was this. So its
    price is stored as all prices are, and whoever watches the product gets one alert, from
    whichever of the two comes first. Keepa's deals have no shipping; a series that counts it is
    left to the price checks, whose fuller value would look like a correction.
    """

    def __init__(
        self, config: PostgresConfig, *, follow: bool = False, policy: AlertPolicy | None = None
    ) -> None:
        """Connect at the first batch.

        Args:
            config: Where PostgreSQL is.
            follow: Whether track_prices checks the deals' products from now on, a token each: in
                the filter's price type, or in NEW if that one is dearer.
            policy: When alerts are raised.
        """
        super().__init__(config)
        self._prices = PriceWriter(config, policy, describes=False)
        self._status = WatchStatus.ACTIVE if follow else WatchStatus.PAUSED

    def prepare(self, connection: Connection) -> None:
        """Make the staging tables."""
        self._prices.prepare(connection)
        connection.execute(statements(_SQL)["make_staging"])

    def get_ready(self, connection: Connection, events: Sequence[DealEvent]) -> None:
        """Make what the deals' prices need."""
        self._prices.get_ready(connection, _reports(events))

    def write(
        self, connection: Connection, events: Sequence[DealEvent], *, compare_all: bool = False
    ) -> DealLoadResult:
        """Store a batch in the caller's transaction."""
        sql = statements(_SQL)
        with connection.cursor() as cursor:
            with cursor.copy(sql["copy_into_staging"]) as copy:
                for event in events:
                    copy.write_row(_staged(event))
            # New watches first: storing the prices sets when they were last checked.
            following = {"status": self._status.value, "dear": _DEAR_TO_CHECK}
            cursor.execute(sql["follow_products"], following)
            stored = self._prices.write(connection, _reports(events), compare_all=compare_all)
            # Products after series and watches, as all loaders lock them.
            cursor.execute(sql["upsert_products"])
            new = cursor.execute(sql["upsert_deals"]).fetchall()
            cursor.execute(sql["date_first_observation"])
            for row in new:
                cursor.execute(sql["count_for_run"], row)
        return DealLoadResult(sum(row["deals"] for row in new), stored.points, stored.alerts)


def _reports(events: Sequence[DealEvent]) -> list[PriceEvent]:
    return [report for event in events if (report := event.price_report()) is not None]


def _staged(event: DealEvent) -> tuple[object, ...]:
    return (
        event.event_id,
        event.filter_id,
        event.asin,
        event.domain,
        event.price_type,
        event.currency,
        event.product_title,
        event.image_url,
        event.timestamp,
        event.price_minor,
        event.shipping_minor,
        event.original_minor,
        event.previous_minor,
        event.list_price_minor,
        event.discount_percent,
        event.score,
        list(event.reasons),
        event.rating,
        event.review_count,
        event.sales_rank,
        event.root_category,
        event.back_in_stock,
        event.lightning_ends_at,
        event.source,
        event.run_id,
        event.checked_at,
    )
