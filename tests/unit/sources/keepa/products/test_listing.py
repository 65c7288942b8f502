"""What a product object says beside the prices: its sort, its times, hidden prices, coupons."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from keeper.domain.prices.detail import Detail
from keeper.domain.prices.listing import Coupon, Labels
from keeper.domain.prices.points import from_keepa_minutes as at
from keeper.domain.prices.types import price_type_of
from keeper.domain.product_kinds import ProductKind
from keeper.sources.keepa.products.decode import DecodedProduct, decode_products

NEW = price_type_of("NEW")
BUY_BOX = price_type_of("BUY_BOX_SHIPPING")


def product_of(**fields: Any) -> DecodedProduct:
    raw = {"asin": "B00EXAMPLE", "domainId": 1, "csv": None, **fields}
    reply = decode_products(json.dumps(raw).encode())
    assert reply.problems == []
    (product,) = reply.products
    return product


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (0, ProductKind.STANDARD),
        (1, ProductKind.DOWNLOADABLE),
        (2, ProductKind.EBOOK),
        (3, ProductKind.INACCESSIBLE),
        (4, ProductKind.WITHDRAWN),
        (5, ProductKind.PARENT),
        (None, ProductKind.STANDARD),
    ],
)
def test_the_sort_of_a_product(number: int | None, kind: ProductKind) -> None:
    assert product_of(productType=number).kind is kind
    assert product_of().kind is ProductKind.STANDARD


@pytest.mark.parametrize("value", [6, -1, 2**70, "0", 0.0, False, [0]], ids=repr)
def test_a_sort_that_is_not_known_is_kept_and_named(value: Any) -> None:
    raw = {"asin": "B00EXAMPLE", "domainId": 1, "csv": [[10, 5]], "productType": value}
    reply = decode_products(json.dumps(raw).encode())
    assert [(p.kind, len(p.series)) for p in reply.products] == [(ProductKind.UNKNOWN, 1)]
    (problem,) = reply.problems
    assert (problem.kind, problem.asin) == ("unknown_product_type", "B00EXAMPLE")
    assert "productType" in str(problem)


def test_a_parent_names_its_variations_with_what_sets_them_apart() -> None:
    product = product_of(
        productType=5,
        variations=[
            {
                "asin": "B00000000A",
                "attributes": [
                    {"dimension": "Color", "value": "Black &amp; Red"},
                    {"dimension": "Size", "value": "M"},
                ],
                "image": "x.jpg",
            },
            {"asin": "B00000000B", "attributes": [{"value": "L"}, {"dimension": "Size"}, "odd"]},
            {"asin": "B00000000A"},
            {"asin": "B00000000C", "attributes": None},
            {"asin": "short"},
            "odd",
        ],
    )
    assert [(v.asin, v.attributes) for v in product.variations] == [
        ("B00000000A", "Color: Black & Red, Size: M"),
        ("B00000000B", "L"),
        ("B00000000C", ""),
    ]


def test_variations_of_older_replies_and_no_more_than_fifty() -> None:
    older = product_of(productType=5, variationCSV="B00000000A, B00000000B,,x")
    assert [v.asin for v in older.variations] == ["B00000000A", "B00000000B"]
    many = [{"asin": f"B0000000{n}"} for n in range(10, 99)]
    assert len(product_of(productType=5, variations=many).variations) == 50
    assert product_of(variations=many).variations == ()


@pytest.mark.parametrize("value", [None, 5, "x", {}, [5]], ids=repr)
def test_odd_variations_are_none(value: Any) -> None:
    assert product_of(productType=5, variations=value).variations == ()


@pytest.mark.parametrize(
    ("value", "parent"), [("B00000000P", "B00000000P"), (None, None), ("x", None), (5, None)]
)
def test_the_parent(value: Any, parent: str | None) -> None:
    assert product_of(parentAsin=value).parent_asin == parent


def test_each_detail_has_its_own_time_of_looking() -> None:
    product = product_of(
        lastUpdate=100,
        lastRatingUpdate=90,
        stats={"lastBuyBoxUpdate": 80, "lastOffersUpdate": 70},
    )
    assert product.last_rating_update == at(90)
    assert [product.seen_at(detail) for detail in Detail] == [at(100), at(80), at(70)]


@pytest.mark.parametrize(
    ("stats", "collected", "seen"),
    [
        ({"lastOffersUpdate": 70}, [10, 20, 60, 20], at(70)),
        ({"lastOffersUpdate": 0}, [10, 20, 60, -20], at(60)),
        ({}, [10, 20], at(10)),
        (None, [10, 20], at(10)),
        ({}, None, None),
        (None, None, None),
    ],
)
def test_the_offers_were_collected_when_the_statistics_or_the_history_say_so(
    stats: dict[str, Any] | None, collected: list[int] | None, seen: datetime | None
) -> None:
    csv: list[Any] = [None] * 36
    csv[price_type_of("EXTRA_INFO_UPDATES").index] = collected
    product = product_of(csv=csv, stats=stats, lastUpdate=100)
    assert product.seen_at(Detail.OFFERS) == product.last_offers_update == seen


def test_what_was_not_asked_for_was_seen_at_no_known_time() -> None:
    product = product_of(lastUpdate=100, stats={})
    assert product.seen_at(Detail.BUY_BOX) is None
    assert product.offers_successful is None


@pytest.mark.parametrize(
    ("value", "known"), [(True, True), (False, False), (None, None), (1, None), ("true", None)]
)
def test_whether_the_offers_could_be_collected(value: Any, known: bool | None) -> None:
    assert product_of(offersSuccessful=value).offers_successful is known


@pytest.mark.parametrize(
    ("price", "flag", "hidden"),
    [
        pytest.param(-1, True, True, id="hidden"),
        pytest.param(-1, False, False, id="no offer"),
        pytest.param(-1, None, False, id="not said"),
        pytest.param(-1, "true", False, id="not a flag"),
        pytest.param(1999, True, False, id="shown all the same"),
    ],
)
def test_a_price_that_its_maker_hides(price: int, flag: Any, hidden: bool) -> None:
    csv: list[Any] = [None] * 36
    csv[NEW.index], csv[BUY_BOX.index] = [10, price], [10, price, -1]
    product = product_of(csv=csv, newPriceIsMAP=flag, stats={"buyBoxIsMAP": flag})
    assert product.is_price_hidden(NEW) is hidden
    assert product.is_price_hidden(BUY_BOX) is hidden
    assert not product.is_price_hidden(price_type_of("AMAZON"))
    assert product_of(csv=csv, newPriceIsMAP=flag).is_price_hidden(BUY_BOX) is False


@pytest.mark.parametrize(
    ("value", "coupon"),
    [
        ([500, -10], Coupon(minor=500, subscribe_percent=10)),
        ([0, -5], Coupon(subscribe_percent=5)),
        ([-100, 250], Coupon(percent=100, subscribe_minor=250)),
        ([-101, 0], None),
        ([0, 0], None),
        ([500], None),
        ([500, None], None),
        ([True, 0], None),
        ([2**70, 0], None),
        (None, None),
        (500, None),
    ],
    ids=repr,
)
def test_coupons(value: Any, coupon: Coupon | None) -> None:
    assert product_of(coupon=value).coupon == coupon


@pytest.mark.parametrize(
    ("value", "availability"),
    [
        (-1, None),
        (0, "in stock"),
        (1, "pre-order"),
        (2, None),
        (3, "back-order"),
        (4, "delayed"),
        (9, None),
        ("0", None),
        (None, None),
    ],
)
def test_whether_amazon_has_it(value: Any, availability: str | None) -> None:
    assert product_of(availabilityAmazon=value).availability == availability


@pytest.mark.recordings
def test_recorded_products_say_when_keepa_looked(recording: Path) -> None:
    raw = json.loads(recording.read_bytes())
    (product,) = decode_products(recording.read_bytes()).products
    assert product.kind is ProductKind.STANDARD
    assert product.offers_successful is True
    assert product.seen_at(Detail.BASIC) == at(raw["lastUpdate"])
    assert product.seen_at(Detail.BUY_BOX) == at(raw["stats"]["lastBuyBoxUpdate"])
    assert product.seen_at(Detail.OFFERS) == at(raw["stats"]["lastOffersUpdate"])
    # csv 15 says the same, which stands in where the statistics do not.
    del raw["stats"]
    (bare,) = decode_products(json.dumps(raw).encode()).products
    assert bare.seen_at(Detail.OFFERS) == product.seen_at(Detail.OFFERS)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"rootCategory": 284507, "brand": "Acme"}, Labels(284507, "Acme")),
        ({"rootCategory": 0, "brand": " Élan &amp;\n Söhne "}, Labels(None, "Élan & Söhne")),
        ({"rootCategory": 2**63 - 1, "brand": ""}, Labels(None, None)),
        ({"rootCategory": "284507", "brand": ["Acme"]}, Labels(None, None)),
        ({"rootCategory": True, "brand": "x" * 99 + "  y"}, Labels(None, "x" * 99)),
        ({}, Labels(None, None)),
    ],
)
def test_labels_are_what_keepa_says_for_certain(fields: dict[str, Any], expected: Labels) -> None:
    assert product_of(**fields).labels == expected
