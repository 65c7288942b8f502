"""One entry of a product's price history, as Keepa recorded it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

KEEPA_EPOCH: Final = datetime(2011, 1, 1, tzinfo=UTC)
"""Keepa counts minutes from here: unix minutes = keepa minutes + 21,564,000."""
KEEPA_EPOCH_UNIX_MINUTES: Final = 21_564_000


@dataclass(frozen=True, slots=True)
class PricePoint:
    """From `observed_at` on, until the series' next point, the price was this.

    Attributes:
        asin: The product.
        domain: Keeper's locale name.
        price_type: Keepa's series name.
        observed_at: Keepa's time of the point, aware, UTC, whole minutes.
        price_minor: Price in minor units; None means no offer. For a series that is not money
            (rank, count, rating) the bare value.
        shipping_minor: Shipping in minor units; None for series without shipping and where there
            is no offer.
        currency: ISO 4217 code.
    """

    asin: str
    domain: str
    price_type: str
    observed_at: datetime
    price_minor: int | None
    shipping_minor: int | None
    currency: str

    @property
    def landed_minor(self) -> int | None:
        """What the buyer pays: price and shipping, where Keepa gives it; None without an offer."""
        if self.price_minor is None:
            return None
        return self.price_minor + (self.shipping_minor or 0)


def from_keepa_minutes(minutes: int) -> datetime:
    """Turn Keepa's minutes into an aware time."""
    return KEEPA_EPOCH + timedelta(minutes=minutes)


def to_keepa_minutes(moment: datetime) -> int:
    """Turn an aware time into Keepa's minutes, rounding down."""
    return int((moment - KEEPA_EPOCH) // timedelta(minutes=1))


def to_keepa_minutes_up(moment: datetime) -> int:
    """Turn an aware time into Keepa's minutes, rounding up."""
    return -int((KEEPA_EPOCH - moment) // timedelta(minutes=1))
