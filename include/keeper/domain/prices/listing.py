"""What Amazon's listing says beside the price: a coupon, and whether Amazon can deliver now."""

from dataclasses import dataclass
from typing import Final, Literal

Availability = Literal["in stock", "pre-order", "back-order", "delayed"]
"""Whether Amazon itself can deliver what it offers. Source: Keepa's `availabilityAmazon`."""
COUPON_TYPES: Final = frozenset(
    {
        "AMAZON",
        "NEW",
        "NEW_FBM_SHIPPING",
        "LIGHTNING_DEAL",
        "NEW_FBA",
        "BUY_BOX_SHIPPING",
        "PRIME_EXCL",
    }
)
"""Prices of new goods at Amazon. A coupon is for what its page sells, not for used goods."""


@dataclass(frozen=True, slots=True)
class Coupon:
    """What a coupon takes off; no price counts it in.

    An amount or a percentage, each None where the coupon does not take it off.

    Attributes:
        minor: Off one purchase, in minor units.
        percent: Off one purchase, 1 to 100.
        subscribe_minor: Off a subscription, in minor units.
        subscribe_percent: Off a subscription, 1 to 100.
    """

    minor: int | None = None
    percent: int | None = None
    subscribe_minor: int | None = None
    subscribe_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Labels:
    """Where a product stands in the shop, each None if Keepa does not say.

    Attributes:
        root_category: Keepa's number of its root category.
        brand: As Amazon writes it.
    """

    root_category: int | None = None
    brand: str | None = None


NO_LABELS: Final = Labels()
