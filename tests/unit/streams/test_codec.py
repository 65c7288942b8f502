"""Events to and from messages."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.locales import LOCALES, locale_of
from keeper.domain.prices.events import PriceEvent, event_id_of
from keeper.domain.prices.points import PricePoint
from keeper.domain.prices.types import PRICE_TYPES
from keeper.streams.codec import (
    LatestCheck,
    UndecodableMessageError,
    decode_price_event,
    encode_price_event,
)
from tests.price_events import price_event

times = st.datetimes(datetime(2011, 1, 1), datetime(2035, 12, 31)).map(  # noqa: DTZ001 - made aware here
    lambda moment: moment.replace(tzinfo=UTC, second=0, microsecond=0)
)
LATEST = LatestCheck(lambda: datetime(2036, 1, 1, tzinfo=UTC))
amounts = st.none() | st.integers(min_value=1, max_value=10**9)


@st.composite
def events(draw: st.DrawFn) -> PriceEvent:
    locale = draw(st.sampled_from(LOCALES))
    price = draw(amounts)
    observed_at, checked_at = sorted([draw(times), draw(times)])
    point = PricePoint(
        draw(st.from_regex(r"[0-9A-Z]{10}", fullmatch=True)),
        locale.domain,
        draw(st.sampled_from([p.name for p in PRICE_TYPES if p.is_price])),
        observed_at,
        price,
        None if price is None else draw(amounts),
        locale.currency,
    )
    return PriceEvent.of_point(
        point,
        previous=None,
        target_minor=draw(amounts),
        title=draw(st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8"))),
        image_url=None,
        implausible=draw(st.booleans()),
        checked_at=checked_at,
        source=draw(st.sampled_from(["keepa", "simulator"])),
        run_id="run",
    )


@given(events())
def test_an_event_survives_the_way(event: PriceEvent) -> None:
    message = encode_price_event(event)

    assert decode_price_event(message, LATEST) == event
    assert b"\n" not in message
    assert b"\t" not in message


def test_a_message_reads_as_the_contract_says() -> None:
    event = price_event(1999, previous=2499, price_type="BUY_BOX_SHIPPING", shipping=399)

    message = json.loads(encode_price_event(event))

    assert message["current_price"] == 19.99
    assert message["price_change"] == -5
    assert (message["price_minor"], message["shipping_minor"]) == (1999, 399)
    assert message["timestamp"] == "2026-03-01T00:00:00Z"
    assert message["event_type"] == "price_update"
    assert message["source"] == "simulator"


def changed(**fields: Any) -> bytes:
    message = json.loads(encode_price_event(price_event(1999)))
    return json.dumps({**message, **fields}).encode()


def without(name: str) -> bytes:
    message = json.loads(encode_price_event(price_event(1999)))
    del message[name]
    return json.dumps(message).encode()


def test_unknown_fields_are_ignored() -> None:
    assert decode_price_event(changed(added_later={"a": 1})) == price_event(1999)


@pytest.mark.parametrize(
    "message",
    [
        None,
        b"",
        b"not json",
        b"[]",
        b'{"asin": "B0',
        b"\xff\xfe",
        without("asin"),
        without("checked_at"),
        b'{"a":' * 100_000,
        changed(asin="short"),
        changed(asin="B000000001\n"),
        changed(domain="nl"),
        changed(currency="EUR"),
        changed(price_type="COUNT_NEW"),
        changed(price_type="NOPE"),
        changed(price_minor=0),
        changed(price_minor=-1),
        changed(price_minor=10**19),
        changed(price_minor="1999"),
        changed(shipping_minor=-1),
        changed(current_price=1e300),
        changed(previous_price=-1e300),
        changed(previous_price="NaN"),
        changed(current_price="sNaN"),
        changed(target_price="Infinity"),
        changed(timestamp="2026-03-01T00:00:00"),
        changed(timestamp="2010-12-31T23:59:00Z"),
        changed(timestamp="2036-01-01T00:00:00Z"),
        changed(timestamp="yesterday"),
        changed(timestamp="2026-03-03T00:00:00Z"),
        changed(checked_at="2035-01-01T00:00:00Z"),
        changed(checked_at="0001-01-01T00:00:00+14:00"),
        changed(checked_at="9999-12-31T23:59:59-14:00"),
        changed(schema_version=2),
        changed(source="elsewhere"),
        changed(event_type="deal_update"),
        changed(product_title="a\0b"),
        changed(run_id="r" * 40_000),
        changed(image_url="https://images.example/" + "i" * 40_000),
    ],
)
def test_what_no_store_would_take_is_undecodable(message: bytes | None) -> None:
    with pytest.raises(UndecodableMessageError):
        decode_price_event(message)


@given(st.binary())
def test_any_bytes_are_an_event_or_undecodable(message: bytes) -> None:
    with pytest.raises(UndecodableMessageError):
        decode_price_event(message)


POINT = PricePoint("B000000001", "us", "NEW", datetime(2026, 3, 1, tzinfo=UTC), 1999, None, "USD")


@pytest.mark.parametrize(
    "change",
    [
        lambda p: replace(p, asin="B000000002"),
        lambda p: replace(p, domain="ca"),
        lambda p: replace(p, price_type="USED"),
        lambda p: replace(p, observed_at=p.observed_at.replace(day=2)),
        lambda p: replace(p, price_minor=1998),
        lambda p: replace(p, shipping_minor=0),
    ],
    ids=["asin", "domain", "price type", "time", "price", "shipping"],
)
def test_each_part_of_a_point_changes_its_id(change: Callable[[PricePoint], PricePoint]) -> None:
    assert event_id_of(change(POINT)) != event_id_of(POINT)
    assert event_id_of(POINT) == event_id_of(PricePoint(*_parts(POINT)))


def _parts(point: PricePoint) -> tuple[Any, ...]:
    return (
        point.asin,
        point.domain,
        point.price_type,
        point.observed_at,
        point.price_minor,
        point.shipping_minor,
        point.currency,
    )


def test_the_event_of_no_offer_has_no_prices() -> None:
    message = msgspec.json.decode(encode_price_event(price_event(None, previous=1999)))

    assert message["current_price"] is None
    assert message["price_change"] is None
    assert message["previous_price"] == 19.99
    assert locale_of(message["domain"]).currency == message["currency"]
