"""Tests whether a price may be a glitch or fits the product's own history.

Implausible is not invalid: real crashes are what users wait for. An implausible price is stored
and published with a mark, and alerts only after a second check has seen it too.
"""

from typing import Final

DROP_FACTOR: Final = 0.4
RISE_FACTOR: Final = 2.5


def is_implausible(
    price_minor: int | None,
    *,
    earlier_low: int | None,
    earlier_high: int | None,
    keepa_low: int | None = None,
    keepa_high: int | None = None,
) -> bool:
    """Return whether a price lies far outside the range of the same series' earlier prices.

    Keepa leaves outliers out of its own minimum and maximum, so a price its statistics include is
    confirmed by Keepa and plausible however far it jumped.

    Args:
        price_minor: The price in question; None (no offer) is always plausible.
        earlier_low: Lowest earlier price of the series, None if there is none.
        earlier_high: Highest earlier price of the series, None if there is none.
        keepa_low: Minimum of the series by Keepa's statistics, if known.
        keepa_high: Maximum of the series by Keepa's statistics, if known.
    """
    if price_minor is None or earlier_low is None or earlier_high is None:
        return False
    if price_minor < earlier_low * DROP_FACTOR:
        return keepa_low is None or keepa_low > price_minor
    if price_minor > earlier_high * RISE_FACTOR:
        return keepa_high is None or keepa_high < price_minor
    return False
