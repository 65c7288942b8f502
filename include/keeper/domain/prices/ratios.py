"""How much a price moved, as whole numbers: engines that add them agree to the last digit.

docs/TRENDS.md defines them; sql/queries/trends.sql reckons the same in PostgreSQL.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from typing import Final

from keeper.domain.prices.landed import LANDED_SINCE, LANDED_TYPES
from keeper.domain.prices.points import PricePoint

LOG_UNIT: Final = 10**9
_DIGITS: Final = Context(prec=40, rounding=ROUND_HALF_EVEN)
_WHOLE: Final = Decimal(1)


def log_ratio_e9(point: PricePoint, last_offer: PricePoint | None) -> int | None:
    """Return ln(price / former price) × 10⁹, rounded once; None where the two cannot be compared.

    Prices include shipping. They cannot be compared without an offer on either side, nor across the
    moment when the prices of some types began to include shipping.

    Args:
        point: The price.
        last_offer: The newest earlier point of the series with an offer.
    """
    if last_offer is None or point.price_minor is None or last_offer.price_minor is None:
        return None
    if (
        point.price_type in LANDED_TYPES
        and last_offer.observed_at < LANDED_SINCE <= point.observed_at
    ):
        return None
    difference = _DIGITS.subtract(_ln(_landed(point)), _ln(_landed(last_offer)))
    return int(_DIGITS.multiply(difference, LOG_UNIT).quantize(_WHOLE, context=_DIGITS))


def _landed(point: PricePoint) -> int:
    return (point.price_minor or 0) + (point.shipping_minor or 0)


@lru_cache(maxsize=100_000)
def _ln(minor: int) -> Decimal:
    """Return its logarithm, which costs much more than the rest; histories repeat their prices."""
    return _DIGITS.ln(Decimal(minor))
