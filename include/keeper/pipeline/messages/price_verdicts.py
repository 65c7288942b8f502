"""The past of an alert's price, for its message."""

from keeper.domain.messages.queue import PriceAlert
from keeper.domain.prices.verdict import PriceContext
from keeper.pipeline.prices.assessment import context_of
from keeper.pipeline.prices.stored import SeriesName
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.prices.history import StoredPrice


def price_context_of(connection: Connection, alert: PriceAlert) -> PriceContext:
    """Return how the alert's price compares with the year before its check."""
    return context_of(
        connection,
        SeriesName(alert.asin, alert.domain, alert.price_type),
        StoredPrice(alert.observed_at, alert.price_minor, alert.shipping_minor),
        checked_at=alert.checked_at,
        with_shipping=alert.with_shipping,
    )
