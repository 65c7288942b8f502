"""Root category, brand and ratio in messages of `price-updates`: all three optional."""

import json
from typing import Any

import pytest

from keeper.domain.prices.events import PriceEvent
from keeper.domain.prices.listing import Labels
from keeper.domain.prices.points import PricePoint
from keeper.streams.codec import UndecodableMessageError, decode_price_event, encode_price_event
from tests.price_events import START, price_event

FIELDS = ("root_category", "brand", "log_ratio_e9")


def labelled(**changes: Any) -> bytes:
    point = PricePoint("B000000001", "us", "NEW", START, 900, None, "USD")
    event = PriceEvent.of_point(
        point,
        previous=None,
        target_minor=None,
        title=None,
        image_url=None,
        implausible=changes.pop("implausible", False),
        checked_at=START,
        source="simulator",
        run_id="run-1",
        labels=Labels(284507, "Élan & Söhne"),
        last_offer=PricePoint("B000000001", "us", "NEW", START, 1000, None, "USD"),
    )
    return json.dumps(json.loads(encode_price_event(event)) | changes).encode()


def test_labels_and_ratio_survive_the_way() -> None:
    event = decode_price_event(labelled())

    assert (event.root_category, event.brand) == (284507, "Élan & Söhne")
    assert event.log_ratio_e9 == -105360516


def test_a_message_of_before_they_were_there_is_read() -> None:
    older = json.loads(encode_price_event(price_event(1999)))
    for name in FIELDS:
        del older[name]

    event = decode_price_event(json.dumps(older).encode())

    assert [getattr(event, name) for name in FIELDS] == [None] * 3


def test_an_implausible_price_has_no_ratio() -> None:
    assert decode_price_event(labelled(implausible=True)).log_ratio_e9 is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"root_category": 0}, "root_category is 0"),
        ({"root_category": 2**63}, "root_category|Integer"),
        ({"root_category": "284507"}, "root_category"),
        ({"brand": "a\0b"}, "NUL"),
        ({"brand": "x" * 4001}, "brand or filter is longer"),
        ({"log_ratio_e9": 10**11}, "log_ratio_e9 is 100000000000"),
        ({"log_ratio_e9": 0.5}, "log_ratio_e9"),
    ],
)
def test_what_no_engine_could_count_is_undecodable(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UndecodableMessageError, match=words):
        decode_price_event(labelled(**changes))
