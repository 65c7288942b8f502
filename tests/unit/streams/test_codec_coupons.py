"""Coupons and Amazon's availability in messages of `price-updates`."""

import json
from typing import Any

import pytest

from keeper.domain.prices.listing import Coupon
from keeper.streams.codec import (
    MAX_AMOUNT_MINOR,
    UndecodableMessageError,
    decode_price_event,
    encode_price_event,
)
from tests.price_events import price_event

FIELDS = (
    "coupon_minor",
    "coupon_percent",
    "subscribe_coupon_minor",
    "subscribe_coupon_percent",
    "availability",
)


def test_they_come_through() -> None:
    event = price_event(
        900, coupon=Coupon(percent=10, subscribe_minor=250), availability="pre-order"
    )
    assert decode_price_event(encode_price_event(event)) == event
    read = json.loads(encode_price_event(event))
    assert [read[name] for name in FIELDS] == [None, 10, 250, None, "pre-order"]


def test_a_message_of_before_says_nothing_of_them() -> None:
    older = json.loads(encode_price_event(price_event(1999)))
    for name in FIELDS:
        del older[name]
    event = decode_price_event(json.dumps(older).encode())
    assert [getattr(event, name) for name in FIELDS] == [None] * 5


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"coupon_minor": 0}, "takes off 0"),
        ({"coupon_minor": MAX_AMOUNT_MINOR + 1}, "takes off 1000"),
        ({"coupon_percent": 101}, "takes off 101 percent"),
        ({"subscribe_coupon_percent": -5}, "takes off -5 percent"),
        ({"subscribe_coupon_minor": 5, "subscribe_coupon_percent": 5}, "and a percentage"),
        ({"coupon_minor": "5"}, "coupon_minor"),
        ({"availability": "maybe"}, "availability"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], words: str) -> None:
    message = json.dumps(json.loads(encode_price_event(price_event(900))) | fields).encode()
    with pytest.raises(UndecodableMessageError, match=words):
        decode_price_event(message)


def test_a_coupon_may_take_off_one_way_of_each() -> None:
    both = price_event(900, coupon=Coupon(minor=100, subscribe_percent=100))
    assert decode_price_event(encode_price_event(both)) == both
