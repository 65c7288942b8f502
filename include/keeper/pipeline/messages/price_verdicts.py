"""The past of an alert's price, for its message."""

from datetime import timedelta

from keeper.domain.messages.queue import PriceAlert
from keeper.domain.prices.types import price_type_of
from keeper.domain.prices.verdict import YEAR, PriceContext, price_context
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.prices.history import StoredPrice, points_of


def price_context_of(connection: Connection, alert: PriceAlert) -> PriceContext:
    """Return how the alert's price compares with the year before its check."""
    since = alert.checked_at - YEAR - timedelta(days=1)
    stored = points_of(connection, alert.asin, alert.domain, alert.price_type, since=since)
    counted = alert.with_shipping
    own = StoredPrice(alert.observed_at, alert.price_minor, alert.shipping_minor)
    points = [
        (one.observed_at, one.amount(with_shipping=counted))
        for one in stored
        if one.observed_at <= alert.checked_at
    ]
    return price_context(
        points,
        observed_at=alert.observed_at,
        checked_at=alert.checked_at,
        amount=own.amount(with_shipping=counted),
        price_type=price_type_of(alert.price_type),
    )
