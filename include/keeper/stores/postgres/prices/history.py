"""What single products have cost, for dry runs and messages."""

from datetime import datetime
from typing import Final, NamedTuple

from keeper.domain.prices.points import KEEPA_EPOCH
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "price_pasts"


class StoredPrice(NamedTuple):
    """Since `observed_at` the price was this; None without an offer."""

    observed_at: datetime
    price_minor: int | None
    shipping_minor: int | None

    def amount(self, *, with_shipping: bool) -> int | None:
        """Return what counts, with shipping or without; None without an offer."""
        if self.price_minor is None or not with_shipping:
            return self.price_minor
        return self.price_minor + (self.shipping_minor or 0)


def points_of(
    connection: Connection,
    asin: str,
    domain: str,
    price_type: str,
    *,
    since: datetime = KEEPA_EPOCH,
) -> list[StoredPrice]:
    """Return a series' plausible points since a moment, led by the one that held then, in order."""
    rows = connection.execute(
        statements(_SQL)["points_of"],
        {"asin": asin, "domain": domain, "price_type": price_type, "since": since},
    )
    return [StoredPrice(**row) for row in rows]
