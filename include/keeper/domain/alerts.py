"""An alert on its way to a person, and how trying to deliver it ended."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class PriceAlert:
    """All a channel needs to tell a person of a price; amounts are in minor units.

    A price that came and went between two checks alerts too: then `has_newer_price` is set and
    `newest_price_minor` is what the series stands at (None: no offer).
    """

    alert_id: int
    email: str
    asin: str
    domain: str
    price_type: str
    title: str | None
    image_url: str | None
    price_minor: int
    shipping_minor: int | None
    previous_price_minor: int | None
    target_minor: int
    currency: str
    observed_at: datetime
    checked_at: datetime
    reason: str
    source: str
    attempts: int
    newest_price_minor: int | None = None
    has_newer_price: bool = False


class DeliveryStatus(StrEnum):
    """How one attempt on one channel ended."""

    SENT = "SENT"
    FAILED = "FAILED"
    NOT_CONFIGURED = "NOT_CONFIGURED"


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """Outcome of an attempt.

    Attributes:
        status: How it ended.
        detail: The provider's answer or what went wrong, without secrets.
        retry: Another attempt may fare better.
        unreachable: The channel itself did not answer, so other alerts would fare no better now.
    """

    status: DeliveryStatus
    detail: str
    retry: bool = False
    unreachable: bool = False
