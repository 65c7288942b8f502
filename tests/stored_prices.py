"""Prices as loaders leave them in PostgreSQL, for tests that only need them to be there."""

from collections.abc import Iterable
from datetime import datetime

from keeper.stores.postgres.connection import Connection

_ADD_ORIGIN = """
INSERT INTO price_origins (run_id, source) VALUES ('stored', 'simulator') ON CONFLICT DO NOTHING
"""
_ADD_SERIES = """
INSERT INTO price_series (asin, domain, price_type, currency)
VALUES (%(asin)s, %(domain)s, %(price_type)s, 'USD') ON CONFLICT DO NOTHING
"""
_ADD_POINT = """
INSERT INTO price_points (series_id, origin_id, observed_at, checked_at, last_checked_at,
    price_minor)
SELECT s.series_id, o.origin_id, %(at)s, now(), now(), %(price)s
FROM price_series s, price_origins o
WHERE (s.asin, s.domain, s.price_type, o.run_id)
    = (%(asin)s, %(domain)s, %(price_type)s, 'stored')
"""
_SET_CURRENT = """
UPDATE price_series s SET newest_at = greatest(newest_at, %(at)s), observed_at = %(at)s,
    last_checked_at = %(at)s, price_minor = %(price)s, origin_id = o.origin_id
FROM price_origins o
WHERE (s.asin, s.domain, s.price_type, o.run_id)
    = (%(asin)s, %(domain)s, %(price_type)s, 'stored')
"""


def store_current_price(
    connection: Connection, asin: str, *, at: datetime, price: int | None, domain: str = "us"
) -> None:
    """Make this the current price of the product's NEW offers, seen and checked at `at`."""
    where = {"asin": asin, "domain": domain, "price_type": "NEW", "at": at, "price": price}
    for statement in (_ADD_ORIGIN, _ADD_SERIES, _SET_CURRENT):
        connection.execute(statement, where)


def store_history(
    connection: Connection,
    asin: str,
    points: Iterable[tuple[datetime, int | None]],
    *,
    domain: str = "us",
    price_type: str = "NEW",
) -> None:
    """Store older points of a series of the product."""
    where = {"asin": asin, "domain": domain, "price_type": price_type}
    connection.execute(_ADD_ORIGIN)
    connection.execute(_ADD_SERIES, where)
    for at, price in points:
        connection.execute(_ADD_POINT, {**where, "at": at, "price": price})
