"""What is shown of a reply as Keepa sent it."""

import json
from pathlib import Path
from typing import Any

import pytest

from keeper.domain.prices.points import from_keepa_minutes
from keeper.sources.keepa.products.delivered import DeliveredProduct, delivered_product

ASIN = "B00EXAMPLE"


def delivered(**fields: Any) -> DeliveredProduct:
    body = json.dumps({"products": [{"asin": "B00ANOTHER"}, {"asin": ASIN, **fields}]}).encode()
    product = delivered_product(body, ASIN)
    assert product is not None
    return product


def test_each_series_is_named_with_its_points_or_its_statistics() -> None:
    csv: list[Any] = [None, [10, 1, 20, 2], *[None] * 16, [10, 1, 0], *[None] * 17, [1, 2, 3, 4]]
    product = delivered(csv=csv, stats={"current": [-1, 2, None, -2]})
    shown = [(s.index, s.name, s.points, s.current) for s in product.series]
    assert shown[:5] == [
        (0, "AMAZON", None, "-1"),
        (1, "NEW", 2, "2"),
        (2, "USED", None, "None"),
        (3, "SALES", None, "-2"),
        (4, "LISTPRICE", None, "absent"),
    ]
    assert shown[18] == (18, "BUY_BOX_SHIPPING", 1, "absent")
    assert shown[36] == (36, "", 2, "absent")
    assert len(shown) == 37


def test_times_flags_and_counts_are_there_or_not() -> None:
    product = delivered(
        lastUpdate=10,
        lastRatingUpdate=20,
        stats={"lastBuyBoxUpdate": 30, "lastOffersUpdate": 40},
        offersSuccessful=False,
        offers=[{}, {}],
        productType=5,
    )
    assert (
        product.last_update,
        product.last_rating_update,
        product.last_buy_box_update,
        product.last_offers_update,
    ) == tuple(map(from_keepa_minutes, (10, 20, 30, 40)))
    assert (product.offers_successful, product.offers, product.product_type) == (False, 2, 5)
    bare = delivered()
    assert (bare.last_update, bare.last_offers_update, bare.offers) == (None, None, None)
    assert (bare.offers_successful, bare.product_type) == (None, None)
    assert [series.points for series in bare.series] == [None] * 36


@pytest.mark.parametrize("body", [b'{"tokensLeft":1}', b'{"products":[null]}', b"[]"])
def test_a_reply_without_the_product_has_nothing_of_it(body: bytes) -> None:
    assert delivered_product(body, ASIN) is None


@pytest.mark.recordings
def test_recordings_have_the_offers_they_were_asked_for(recording: Path) -> None:
    body = b'{"products":[' + recording.read_bytes() + b"]}"
    product = delivered_product(body, recording.stem.split("_")[1])
    assert product is not None
    assert product.series[15].points
    assert product.last_offers_update is not None
