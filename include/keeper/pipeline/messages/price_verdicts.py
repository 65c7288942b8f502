"""The past of a price, for messages and for whoever asks whether it is cheap."""

from datetime import datetime, timedelta

from keeper.domain.messages.queue import PriceAlert
from keeper.domain.prices.types import price_type_of
from keeper.domain.prices.verdict import YEAR, PriceContext, price_context
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.prices.history import StoredPrice, points_of


def price_context_of(connection: Connection, alert: PriceAlert) -> PriceContext:
    """Return how the alert's price compares with the year before its check."""
    return context_of_price(
        connection,
        alert.asin,
        alert.domain,
        alert.price_type,
        StoredPrice(alert.observed_at, alert.price_minor, alert.shipping_minor),
        checked_at=alert.checked_at,
        with_shipping=alert.with_shipping,
    )


def context_of_price(
    connection: Connection,
    asin: str,
    domain: str,
    price_type: str,
    price: StoredPrice,
    *,
    checked_at: datetime,
    with_shipping: bool,
) -> PriceContext:
    """Return how a price of a series compares with the year before the check that saw it."""
    since = checked_at - YEAR - timedelta(days=1)
    stored = points_of(connection, asin, domain, price_type, since=since)
    points = [
        (one.observed_at, one.amount(with_shipping=with_shipping))
        for one in stored
        if one.observed_at <= checked_at
    ]
    return price_context(
        points,
        observed_at=price.observed_at,
        checked_at=checked_at,
        amount=price.amount(with_shipping=with_shipping),
        price_type=price_type_of(price_type),
    )
