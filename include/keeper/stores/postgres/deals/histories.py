"""Price histories PostgreSQL already has of the products in deals."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "deal_histories"


@dataclass(frozen=True, slots=True)
class StoredPoint:
    """One row of price_history, of a series the caller knows."""

    asin: str
    observed_at: datetime
    price_minor: int | None
    shipping_minor: int | None


def known_histories(
    connection: Connection,
    *,
    domain: str,
    price_type: str,
    asins: Collection[str],
    checked_from: datetime,
) -> set[str]:
    """Return those of `asins` whose whole history in a series is stored and was checked lately.

    Args:
        connection: Where prices are.
        domain: The locale.
        price_type: The series.
        asins: The products.
        checked_from: A watch last checked before does not count: nobody followed it since.
    """
    rows = connection.execute(
        statements(_SQL)["known_histories"],
        {
            "domain": domain,
            "price_type": price_type,
            "asins": list(asins),
            "checked_from": checked_from,
        },
    )
    return {row["asin"] for row in rows}


def stored_points(
    connection: Connection, *, domain: str, price_type: str, asins: Collection[str]
) -> Iterator[StoredPoint]:
    """Yield the stored points of a series of some products, by ASIN and then time."""
    rows = connection.execute(
        statements(_SQL)["stored_points"],
        {"domain": domain, "price_type": price_type, "asins": list(asins)},
    )
    return (StoredPoint(**row) for row in rows)
