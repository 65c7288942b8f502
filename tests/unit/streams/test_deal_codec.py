"""Messages of `deal-updates`: what no store would take is no deal."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from keeper.streams.codec import (
    LatestCheck,
    UndecodableMessageError,
    decode_deal_event,
    encode_deal_event,
)
from tests.deals import CHECKED_AT, a_deal_event

later = LatestCheck(lambda: CHECKED_AT + timedelta(hours=1))


def test_a_deal_is_read_back_as_it_was() -> None:
    event = a_deal_event()

    assert decode_deal_event(encode_deal_event(event), later) == event


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("filter_id", 2**70),
        ("filter_id", 0),
        ("root_category", 2**63),
        ("event_id", ""),
        ("event_id", "x" * 513),
        ("score", 101),
        ("price_minor", 0),
        ("original_minor", -1),
        ("list_price_minor", 10**13),
        ("review_count", 2**31),
        ("rating", 5.5),
        ("domain", "de"),
        ("price_type", "COUNT_NEW"),
        ("asin", "B00000000"),
        ("reasons", ["nul\0"]),
        ("product_title", "nul\0"),
        ("schema_version", 2),
        ("checked_at", "2036-01-01T00:00:00Z"),
        ("timestamp", "2026-03-01T12:00:00"),
    ],
)
def test_what_no_store_would_take_is_refused(field: str, value: Any) -> None:
    message = msgspec.json.decode(encode_deal_event(a_deal_event()))
    message[field] = value

    with pytest.raises(UndecodableMessageError):
        decode_deal_event(msgspec.json.encode(message), later)


@pytest.mark.parametrize("message", [None, b"", b"{", b"[]", b"\xff", b'{"asin": "B000000001"}'])
def test_what_is_no_deal_is_refused(message: bytes | None) -> None:
    with pytest.raises(UndecodableMessageError):
        decode_deal_event(message, later)
