"""Keepa's own time of looking, and hidden prices, in messages of `price-updates`."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from keeper.streams.codec import UndecodableMessageError, decode_price_event, encode_price_event
from tests.price_events import START, price_event


def message(**fields: Any) -> bytes:
    return json.dumps(json.loads(encode_price_event(price_event(None))) | fields).encode()


def test_both_come_through() -> None:
    event = price_event(None, seen_at=START, is_price_hidden=True)
    assert decode_price_event(encode_price_event(event)) == event


def test_a_message_of_before_has_neither() -> None:
    older = json.loads(encode_price_event(price_event(1999)))
    del older["seen_at"], older["is_price_hidden"]
    event = decode_price_event(json.dumps(older).encode())
    assert (event.seen_at, event.is_price_hidden) == (None, False)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"price_minor": 1999, "is_price_hidden": True}, "hidden"),
        ({"seen_at": "2026-03-01T00:00:00"}, "seen_at has no offset"),
        ({"seen_at": "2009-03-01T00:00:00Z"}, "seen_at 2009"),
        ({"seen_at": "2100-03-01T00:00:00Z"}, "seen_at 2100"),
        ({"seen_at": 5}, "seen_at"),
        ({"is_price_hidden": None}, "is_price_hidden"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UndecodableMessageError, match=words):
        decode_price_event(message(**fields))


def test_a_look_may_be_long_ago() -> None:
    seen_at = datetime(2026, 1, 1, tzinfo=UTC)
    assert decode_price_event(message(seen_at=seen_at.isoformat())).seen_at == seen_at
