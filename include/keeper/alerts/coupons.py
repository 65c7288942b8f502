"""What an alert says of coupons and of when Amazon delivers."""

from typing import Final

from keeper.domain.messages.queue import PriceAlert
from keeper.domain.prices.types import price_type_of
from keeper.domain.site_money import site_money

_DELIVERY: Final = {
    "pre-order": "a pre-order: Amazon delivers it once it is released",
    "back-order": "on back-order: Amazon delivers it once it has it again",
    "delayed": "delayed: Amazon delivers it later than usual",
}


def listing_facts(alert: PriceAlert) -> list[tuple[str, str]]:
    """Return lines on what the listing said beside the price; none of what is not known.

    All of it was so of the alert's own price. If there has been a newer one since, it may be over,
    and nothing is said.
    """
    if alert.price_minor is None or alert.has_newer_price:
        return []
    facts = []
    if (delivery := _DELIVERY.get(alert.availability or "")) is not None:
        facts.append(("Availability", delivery))
    for name, minor, percent in (
        ("Coupon", alert.coupon_minor, alert.coupon_percent),
        (
            "Coupon with Subscribe & Save",
            alert.subscribe_coupon_minor,
            alert.subscribe_coupon_percent,
        ),
    ):
        if (words := _coupon(alert, alert.price_minor, minor, percent)) is not None:
            facts.append((name, words))
    return facts


def _coupon(
    alert: PriceAlert, price_minor: int, minor: int | None, percent: int | None
) -> str | None:
    if percent is not None:
        # To the nearest minor unit, a half of it up.
        then = (price_minor * (100 - percent) + 50) // 100
        # Where the price has shipping in it, the percentage is of the goods alone.
        about = "about " if price_type_of(alert.price_type).landed_since is not None else ""
        off = f"{percent} %"
    elif minor is not None:
        then, about, off = price_minor - minor, "", site_money(minor, alert.domain)
    else:
        return None
    if then <= 0:
        return f"takes off another {off}"
    return f"takes off another {off}, the price then: {about}{site_money(then, alert.domain)}"
