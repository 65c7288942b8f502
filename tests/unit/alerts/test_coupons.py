"""What a message says of coupons, pre-orders and back-orders; of what is not known, nothing."""

from typing import Any

import pytest

from keeper.alerts.compose import alert_message, digest_message
from keeper.alerts.texts import as_text
from keeper.domain.locales import locale_of
from keeper.domain.prices.history import PriceSeries
from keeper.domain.watches.reasons import reason_of
from keeper.domain.watches.rule_state import AlertCause
from keeper.domain.watches.rule_texts import parse_rule
from tests.alerts import CHECKED_AT, NO_CONTEXT, queued

LINES = ("Coupon", "Coupon with Subscribe & Save", "Availability")


def said(**alert: Any) -> dict[str, str]:
    """Return the lines in question of an alert's message, which are those of a digest too."""
    one = queued(**alert)
    facts, of_digest = (
        dict(message.sections[0].facts)
        for message in (alert_message(one, NO_CONTEXT), digest_message([one]))
    )
    lines = {name: plain(facts[name]) for name in LINES if name in facts}
    assert lines == {name: plain(of_digest[name]) for name in LINES if name in of_digest}
    return lines


def plain(text: str) -> str:
    return text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("domain", "price", "minor", "words"),
    [
        ("us", 2499, 500, "takes off another $5.00, the price then: $19.99"),
        ("de", 123450, 10000, "takes off another 100,00 €, the price then: 1.134,50 €"),
        ("jp", 1980, 200, "takes off another ￥200, the price then: ￥1,780"),
        ("in", 12345600, 345600, "takes off another ₹3,456.00, the price then: ₹1,20,000.00"),
        # More than it costs, which some coupons for several pieces take off.
        ("us", 400, 500, "takes off another $5.00"),
    ],
)
def test_an_amount_off(domain: str, price: int, minor: int, words: str) -> None:
    currency = locale_of(domain).currency
    lines = said(domain=domain, currency=currency, price_minor=price, coupon_minor=minor)
    assert lines == {"Coupon": words}


@pytest.mark.parametrize(
    ("domain", "price", "percent", "words"),
    [
        ("us", 2499, 10, "takes off another 10 %, the price then: $22.49"),
        ("fr", 2499, 10, "takes off another 10 %, the price then: 22,49 €"),
        # 9.4905 and 9.495.
        ("uk", 999, 5, "takes off another 5 %, the price then: £9.49"),
        ("uk", 1899, 50, "takes off another 50 %, the price then: £9.50"),
        ("jp", 1980, 15, "takes off another 15 %, the price then: ￥1,683"),
        ("us", 2499, 100, "takes off another 100 %"),
    ],
)
def test_a_percentage_off(domain: str, price: int, percent: int, words: str) -> None:
    currency = locale_of(domain).currency
    lines = said(domain=domain, currency=currency, price_minor=price, coupon_percent=percent)
    assert lines == {"Coupon": words}


def test_a_percentage_of_a_price_with_shipping_in_it_is_not_exact() -> None:
    lines = said(price_type="NEW", price_minor=2499, coupon_percent=10)
    assert lines == {"Coupon": "takes off another 10 %, the price then: about 22,49 €"}
    lines = said(price_type="NEW", price_minor=2499, coupon_minor=500)
    assert lines == {"Coupon": "takes off another 5,00 €, the price then: 19,99 €"}


def test_a_purchase_and_a_subscription_are_kept_apart() -> None:
    lines = said(price_minor=2000, coupon_percent=5, subscribe_coupon_minor=300)
    assert lines == {
        "Coupon": "takes off another 5 %, the price then: 19,00 €",
        "Coupon with Subscribe & Save": "takes off another 3,00 €, the price then: 17,00 €",
    }
    assert "Coupon" not in said(price_minor=2000, subscribe_coupon_percent=15)


@pytest.mark.parametrize(
    ("availability", "words"),
    [
        ("pre-order", "a pre-order: Amazon delivers it once it is released"),
        ("back-order", "on back-order: Amazon delivers it once it has it again"),
        ("delayed", "delayed: Amazon delivers it later than usual"),
        ("in stock", None),
        (None, None),
    ],
)
def test_when_amazon_delivers(availability: str | None, words: str | None) -> None:
    expected = {} if words is None else {"Availability": words}
    assert said(availability=availability) == expected


@pytest.mark.parametrize(
    "alert",
    [
        {},
        # Sold out, or at another price since.
        {"price_minor": None},
        {"has_newer_price": True, "newest_price_minor": 150000},
    ],
    ids=str,
)
def test_what_may_be_over_or_is_not_known_is_not_said(alert: dict[str, Any]) -> None:
    known = {"coupon_percent": 10, "availability": "pre-order"} if alert else {}
    assert said(**known, **alert) == {}


@pytest.mark.parametrize(
    ("availability", "reason"),
    [
        ("pre-order", "back in stock as a pre-order"),
        ("back-order", "back in stock on back-order"),
        ("delayed", "back in stock"),
        ("in stock", "back in stock"),
        (None, "back in stock"),
    ],
)
@pytest.mark.parametrize("rule", ["back in stock", "any change"])
def test_back_in_stock_says_as_what(rule: str, availability: Any, reason: str) -> None:
    past = PriceSeries(()).until(CHECKED_AT, CHECKED_AT)
    wanted = parse_rule(rule, "EUR")
    assert reason_of(wanted, AlertCause.HOLDS, 900, None, past, "de", availability) == reason


def test_the_text_of_a_mail_reads_well() -> None:
    text = plain(as_text(alert_message(queued(coupon_percent=10), NO_CONTEXT)))
    assert "\nCoupon: takes off another 10 %, the price then: 1.111,05 €\n" in text
