"""What sort of product it is, what it is called elsewhere, and what is off its price."""

import json
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

import pytest

from keeper.domain.locales import LOCALES, Locale, locale_of
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.sheets import (
    CATALOGUE_ORIGIN,
    E_BOOK,
    PARENT,
    STANDARD,
    WITHDRAWN,
    ProductSheet,
    children_of,
)
from keeper.sources.keepa.products.decode import decode_products
from tests.unit.simulator import asking

LARGE = Catalogue(seed=7, size=2_000)


def ask(api: KeepaApi, locale: Locale, **query: str) -> dict[str, Any]:
    given = {"key": "simulator", "domain": str(locale.keepa_id), "stats": "90", **query}
    answer = api.answer("product", given)
    assert answer.status == 200, answer.body
    reply: dict[str, Any] = asking.read(answer.body)
    return reply


def product(api: KeepaApi, sheet: ProductSheet, **query: str) -> dict[str, Any]:
    (found,) = ask(api, sheet.home, asin=sheet.asin, **query)["products"]
    assert isinstance(found, dict)
    return found


def of_type(product_type: int) -> Iterator[ProductSheet]:
    return (s for s in map(LARGE.sheet, range(LARGE.size)) if s.product_type == product_type)


@pytest.fixture
def api(api: KeepaApi) -> KeepaApi:
    api.catalogue = LARGE
    api.bucket.set_left(100_000)
    return api


@pytest.mark.parametrize("product_type", [E_BOOK, WITHDRAWN, PARENT])
def test_few_products_are_no_standard_ones_and_none_of_the_first(product_type: int) -> None:
    numbers = [sheet.number for sheet in of_type(product_type)]
    assert 10 <= len(numbers) <= 40
    assert min(numbers) >= 60


@pytest.mark.parametrize("product_type", [E_BOOK, WITHDRAWN, PARENT])
@pytest.mark.parametrize("query", [{}, {"buybox": "1", "rating": "1"}, {"offers": "20"}])
def test_what_is_no_standard_product_has_no_series(
    api: KeepaApi, product_type: int, query: dict[str, str]
) -> None:
    sheet = next(of_type(product_type))
    reply = ask(api, sheet.home, asin=sheet.asin, **query)
    (found,) = reply["products"]
    assert (found["productType"], found["csv"]) == (product_type, None)
    assert not found["offers"]
    assert set(found["stats"]["current"]) == {-1}
    assert reply["tokensConsumed"] == (5 if "offers" in query else 3 if query else 1)
    (decoded,) = decode_products(json.dumps(reply).encode()).products
    assert decoded.asin == sheet.asin
    assert (found["title"] is None) is (product_type == WITHDRAWN)


def test_a_parent_names_its_variations_and_they_name_it(api: KeepaApi) -> None:
    parent, child = next(
        (sheet, child)
        for sheet in of_type(PARENT)
        for child in map(LARGE.sheet, children_of(sheet.number))
        if sheet.home in child.locales
    )
    found = product(api, parent)
    named = {variation["asin"]: variation for variation in found["variations"]}
    assert child.asin in named
    assert all(LARGE.find(asin, parent.home) for asin in named)
    (attribute,) = named[child.asin]["attributes"]
    assert attribute["dimension"] == "color"
    (own,) = ask(api, parent.home, asin=child.asin)["products"]
    assert (own["parentAsin"], own["productType"]) == (parent.asin, STANDARD)
    assert own["brand"] == found["brand"]
    assert own["variations"] is None


def test_historical_variations_cost_a_token_for_what_has_a_parent(api: KeepaApi) -> None:
    parent = next(of_type(PARENT))
    child = LARGE.sheet(parent.number + 1)
    for sheet, tokens in ((child, 2), (parent, 1), (LARGE.sheet(3), 1)):
        reply = ask(api, sheet.home, asin=sheet.asin, **{"historical-variations": "1"})
        assert reply["tokensConsumed"] == tokens


def test_a_hidden_price_is_no_want_of_offers(api: KeepaApi) -> None:
    hidden = [s for s in map(LARGE.sheet, range(LARGE.size)) if s.hides_price and s.has_history]
    assert 15 <= len(hidden) <= 20
    shown = [product(api, sheet, offers="20") for sheet in hidden]
    maps = [found for found in shown if found["newPriceIsMAP"]]
    assert len(maps) >= len(hidden) - 5
    for found in maps:
        stats = found["stats"]
        assert (stats["current"][1], stats["current"][18]) == (-1, -1)
        assert stats["current"][11] > 0
        assert stats["buyBoxIsMAP"] is True
        assert max(found["csv"][1][1::2]) > 0  # it was shown once
        assert found["liveOffersOrder"]
    # Where nobody offers it, no price is hidden.
    for found in shown:
        assert found["newPriceIsMAP"] is (found["stats"]["current"][11] > 0)
    api.clock.change(at=CATALOGUE_ORIGIN - timedelta(days=30))
    for sheet in hidden:
        assert product(api, sheet)["newPriceIsMAP"] is False


def least_of(api: KeepaApi, asins: list[str]) -> list[dict[str, Any]]:
    """Return products with what a reply has at the least: neither histories nor figures."""
    _, reply = asking.ask(api, "product", domain=1, asin=",".join(asins), history=0)
    products: list[dict[str, Any]] = reply["products"]
    return products


def test_some_products_have_a_coupon(api: KeepaApi) -> None:
    us = locale_of("us")
    asins = [s.asin for s in LARGE.products_in(us, limit=200)]
    found = [
        p["coupon"]
        for first in range(0, 200, 100)
        for p in least_of(api, asins[first : first + 100])
        if p["coupon"] is not None
    ]
    assert 5 <= len(found) <= 23
    assert all(len(coupon) == 2 and coupon[1] == 0 for coupon in found)
    assert any(coupon[0] > 0 for coupon in found)
    assert {coupon[0] for coupon in found if coupon[0] < 0} <= {-5, -10, -15, -20, -25, -30}


def test_pictures_are_listed_once_the_main_one_first(api: KeepaApi) -> None:
    sheet = next(s for s in map(LARGE.sheet, range(60)) if len(s.images) > 2)
    found = product(api, sheet)
    assert not found.keys() & {"imagesCSV", "variationCSV"}
    assert [image["l"] for image in found["images"]] == list(sheet.images)
    assert [image["variant"] for image in found["images"]][:3] == ["MAIN", "PT01", "PT02"]


def is_ean(code: str) -> bool:
    weights = [3 if place % 2 else 1 for place in range(13)]
    return sum(w * int(d) for w, d in zip(weights, code, strict=True)) % 10 == 0


def codes_of(api: KeepaApi, sheets: Collection[ProductSheet]) -> list[str]:
    return [code for sheet in sheets for code in product(api, sheet)["eanList"]]


def test_products_are_found_by_their_codes(api: KeepaApi) -> None:
    book = next(s for s in map(LARGE.sheet, range(60)) if s.authors)
    thing = next(s for s in map(LARGE.sheet, range(60)) if not s.authors)
    for sheet, prefix in ((book, "979"), (thing, "29")):
        (code,) = codes_of(api, [sheet])
        assert code.startswith(prefix)
        assert is_ean(code)
        reply = ask(api, sheet.home, code=code)
        assert [p["asin"] for p in reply["products"]] == [sheet.asin]
        assert reply["tokensConsumed"] == 1


def test_a_code_may_be_that_of_several_products(api: KeepaApi) -> None:
    first, second = next(
        (LARGE.sheet(number - 1), LARGE.sheet(number))
        for number in range(66, LARGE.size, 100)
        if LARGE.sheet(number - 1).locales & LARGE.sheet(number).locales
    )
    locale = next(loc for loc in LOCALES if loc in first.locales & second.locales)
    (code,) = {LARGE.code_of(first), LARGE.code_of(second)}
    found = ask(api, locale, code=code)
    assert [p["asin"] for p in found["products"]] == [first.asin, second.asin]
    assert found["tokensConsumed"] == 2
    limited = ask(api, locale, code=code, **{"code-limit": "1"})
    assert [p["asin"] for p in limited["products"]] == [first.asin]


def test_unknown_codes_cost_the_look_for_them(api: KeepaApi) -> None:
    reply = ask(api, locale_of("us"), code="4006381333931,036000291452")
    assert reply["tokensConsumed"] == 2
    assert "products" not in reply


@pytest.mark.parametrize(
    "query",
    [{"code": "12x"}, {"code": "4006381333931", "asin": "B000000000"}, {"code-limit": "0"}],
    ids=["no digits", "both", "no limit"],
)
def test_codes_that_cannot_be_meant_are_refused(api: KeepaApi, query: dict[str, str]) -> None:
    given = {"key": "simulator", "domain": "1", "code": "4006381333931", **query}
    answer = api.answer("product", given)
    assert (answer.status, answer.cost) == (400, 0)


def test_no_more_codes_than_asins_are_taken(api: KeepaApi) -> None:
    query = {"key": "simulator", "domain": "1", "code": ",".join(["4006381333931"] * 21)}
    assert api.answer("product", query).status == 200
    assert api.answer("product", query | {"offers": "20"}).status == 400
