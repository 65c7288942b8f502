"""What an alert says of coupons and of when Amazon delivers."""

from keeper.alerts.words import Words
from keeper.domain.messages.queue import PriceAlert
from keeper.domain.prices.types import price_type_of
from keeper.domain.site_money import site_money


def listing_facts(alert: PriceAlert, words: Words) -> list[tuple[str, str]]:
    """Return lines on what the listing said beside the price; none of what is not known.

    All of it was so of the alert's own price. If there has been a newer one since, it may be over,
    and nothing is said.
    """
    if alert.price_minor is None or alert.has_newer_price:
        return []
    facts = []
    delivery = {
        "pre-order": words.pre_order,
        "back-order": words.back_order,
        "delayed": words.delayed,
    }.get(alert.availability or "")
    if delivery is not None:
        facts.append((words.availability, delivery))
    for name, minor, percent in (
        (words.coupon, alert.coupon_minor, alert.coupon_percent),
        (
            words.coupon_with_subscription,
            alert.subscribe_coupon_minor,
            alert.subscribe_coupon_percent,
        ),
    ):
        if (coupon := _coupon(alert, words, alert.price_minor, minor, percent)) is not None:
            facts.append((name, coupon))
    return facts


def _coupon(
    alert: PriceAlert, words: Words, price_minor: int, minor: int | None, percent: int | None
) -> str | None:
    with_price = words.takes_off_then
    if percent is not None:
        # To the nearest minor unit, a half of it up.
        then = (price_minor * (100 - percent) + 50) // 100
        # Where the price has shipping in it, the percentage is of the goods alone.
        if price_type_of(alert.price_type).landed_since is not None:
            with_price = words.takes_off_then_about
        off = f"{percent} %"
    elif minor is not None:
        then, off = price_minor - minor, site_money(minor, alert.domain)
    else:
        return None
    if then <= 0:
        return words.takes_off.format(off=off)
    return with_price.format(off=off, then=site_money(then, alert.domain))
