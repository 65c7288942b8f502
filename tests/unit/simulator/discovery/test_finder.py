import json
from collections.abc import Mapping
from typing import Any

import pytest

from keeper.domain.locales import Locale
from keeper.domain.prices.types import price_type_of
from keeper.domain.tokens.balance import TokenRequest
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.deals.found import deal_delta
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.stats import SeriesSpans, spans_of
from keeper.sources.keepa.discovery import FinderSelectionError, find_products
from keeper.sources.keepa.replies import validate_reply
from keeper.sources.keepa.transport import Reply
from tests.unit.simulator.asking import read
from tests.unit.simulator.conftest import AT

DAY = 1440


def ask(api: KeepaApi, selection: Any, domain: int = 1) -> tuple[int, dict[str, Any]]:
    text = selection if isinstance(selection, str) else json.dumps(selection)
    answer = api.answer("query", {"key": "simulator", "domain": str(domain), "selection": text})
    return answer.status, read(answer.body)


def found(api: KeepaApi, **selection: Any) -> list[str]:
    status, reply = ask(api, {"perPage": 10_000, **selection})
    assert status == 200
    assert reply["totalResults"] == len(reply["asinList"])
    asins: list[str] = reply["asinList"]
    return asins


def series(catalogue: Catalogue, us: Locale, asin: str, name: str, at: int) -> SeriesSpans | None:
    sheet = catalogue.find(asin, us)
    assert sheet is not None
    entries = catalogue.history(sheet, us, at).entries.get(price_type_of(name).index)
    return spans_of(entries, at) if entries is not None else None


def product_of(api: KeepaApi, asin: str) -> dict[str, Any]:
    query = {"key": "simulator", "domain": "1", "asin": asin, "history": "0"}
    product: dict[str, Any] = json.loads(api.answer("product", query).body)["products"][0]
    return product


@pytest.fixture
def everything(api: KeepaApi, catalogue: Catalogue, us: Locale) -> list[str]:
    return [sheet.asin for sheet in catalogue.products_in(us)]


def test_nothing_asked_finds_every_product(api: KeepaApi, everything: list[str]) -> None:
    assert sorted(found(api)) == sorted(everything)


@pytest.mark.parametrize(
    ("name", "window", "bound"),
    [
        ("current_NEW", 0, 5_000),
        ("current_RATING", 0, 42),
        ("current_COUNT_REVIEWS", 0, 400),
        ("current_SALES", 0, 9_000),
        ("avg90_NEW", 90, 5_000),
        ("avg30_BUY_BOX_SHIPPING", 30, 5_000),
    ],
)
def test_numbers_are_those_of_the_histories(
    api: KeepaApi,
    catalogue: Catalogue,
    us: Locale,
    at_minute: int,
    everything: list[str],
    name: str,
    window: int,
    bound: int,
) -> None:
    values = {}
    for asin in everything:
        spans = series(catalogue, us, asin, name.split("_", 1)[1], at_minute)
        if spans is not None:
            value = spans.average_since(at_minute - window * DAY) if window else spans.current
            if value >= 0:
                values[asin] = value
    low = found(api, **{f"{name}_lte": bound})
    high = found(api, **{f"{name}_gte": bound + 1})
    assert set(low) == {asin for asin, value in values.items() if value <= bound}
    assert set(high) == {asin for asin, value in values.items() if value > bound}
    assert low
    assert high


def test_drops_in_percent_are_positive_as_in_deals(
    api: KeepaApi, catalogue: Catalogue, us: Locale, at_minute: int
) -> None:
    dropped = found(api, deltaPercent90_NEW_gte=8)
    assert dropped
    for asin in dropped:
        spans = series(catalogue, us, asin, "NEW", at_minute)
        assert spans is not None
        average = spans.average_since(at_minute - 90 * DAY)
        assert deal_delta(average, spans.current)[1] >= 8


def test_sold_out_products_are_found_by_a_bound_below_zero_only(
    api: KeepaApi, catalogue: Catalogue, us: Locale, at_minute: int, everything: list[str]
) -> None:
    sold_out = found(api, current_NEW_lte=-1)
    offered = found(api, current_NEW_gte=0)
    assert sold_out
    assert sorted(sold_out + offered) == sorted(everything)
    assert not set(found(api, current_NEW_lte=10**9)) & set(sold_out)


def test_categories_titles_and_brands_narrow(api: KeepaApi, catalogue: Catalogue) -> None:
    sheet = catalogue.sheet(0)
    product = json.loads(
        api.answer(
            "product",
            {"key": "simulator", "domain": str(sheet.home.keepa_id), "asin": sheet.asin},
        ).body
    )["products"][0]
    domain = sheet.home.keepa_id
    (shelf,) = product["categories"]

    def asins(**selection: Any) -> set[str]:
        return set(ask(api, {"perPage": 1000, **selection}, domain)[1]["asinList"])

    everything = asins()
    in_root, on_shelf = asins(rootCategory=product["rootCategory"]), asins(categories_include=shelf)
    assert sheet.asin in on_shelf <= in_root < everything
    assert asins(rootCategory=[str(product["rootCategory"])]) == in_root
    assert asins(categories_exclude=[shelf]) == everything - on_shelf
    assert sheet.asin in asins(title=" ".join(product["title"].split()[:2])) < everything
    assert sheet.asin in asins(brand=[product["brand"].upper()]) < everything
    assert asins(title="zebra") == set()
    types = {s.asin: s.product_type for s in catalogue.listed(sheet.home)}
    for wanted in ([0, 1], [5], [2, 4], [3]):
        of_type = {asin for asin in everything if types[asin] in wanted}
        assert asins(productType=wanted, singleVariation=True) == of_type


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_products_are_sorted_those_without_a_value_last(
    api: KeepaApi, catalogue: Catalogue, us: Locale, at_minute: int, direction: str
) -> None:
    values = []
    for asin in found(api, sort=[["avg90_USED", direction]]):
        spans = series(catalogue, us, asin, "USED", at_minute)
        average = spans.average_since(at_minute - 90 * DAY) if spans else -1
        values.append(average)
    offered = [value for value in values if value >= 0]
    assert values[: len(offered)] == sorted(offered, reverse=direction == "desc")
    assert len(values) > len(offered) > 20


def test_pages_hold_every_product_once_and_cost_by_what_they_list(api: KeepaApi) -> None:
    whole = found(api)
    walked: list[str] = []
    for page in range(9):
        _, reply = ask(api, {"perPage": 50, "page": page})
        expected = 10 + (1 if reply["asinList"] else 0)
        assert (reply["tokensConsumed"], reply["totalResults"]) == (expected, len(whole))
        walked += reply["asinList"]
    assert walked == whole
    assert ask(api, {"perPage": 150})[1]["tokensConsumed"] == 12
    assert len(ask(api, {})[1]["asinList"]) == 50


def test_an_author_is_found_in_the_books_of_the_catalogue(
    api: KeepaApi, catalogue: Catalogue, us: Locale
) -> None:
    books = [sheet for sheet in catalogue.products_in(us) if sheet.authors]
    author = books[0].authors[0]
    own = {sheet.asin for sheet in books if author in sheet.authors}
    assert set(found(api, author=author.upper())) == own
    assert set(found(api, author=[author, "nobody"])) == own
    (root,) = {product_of(api, asin)["rootCategory"] for asin in own}
    assert set(found(api, categories_include=[str(root)])) == {sheet.asin for sheet in books}
    assert not set(found(api, author=author, categories_exclude=[str(root)]))
    shelf = product_of(api, books[0].asin)["categories"]
    narrowed = set(found(api, author=author, categories_exclude=shelf))
    assert books[0].asin in own - narrowed
    assert narrowed


def test_names_after_the_sign_of_exclusion_are_left_out(
    api: KeepaApi, catalogue: Catalogue, us: Locale, everything: list[str]
) -> None:
    sheet = next(sheet for sheet in catalogue.products_in(us) if sheet.authors)
    author, brand = sheet.authors[0], sheet.brand
    for field, name in (("author", author), ("brand", brand)):
        kept, dropped = found(api, **{field: f"✜{name}"}), found(api, **{field: name})
        assert sorted(kept + dropped) == sorted(everything)
        assert sheet.asin in dropped


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("author", ["x"] * 51),
        ("categories_include", list(range(51))),
        ("sort", [["current_SALES", "asc"]] * 4),
    ],
)
def test_more_entries_than_keepa_takes_are_refused(
    api: KeepaApi, field: str, value: list[Any]
) -> None:
    status, reply = ask(api, {field: value})
    assert (status, reply["error"]["details"]) == (405, field)
    assert ask(api, {field: value[:3]})[0] == 200


@pytest.mark.parametrize(
    ("selection", "field"),
    [
        ({"perPage": 49}, "perPage"),
        ({"perPage": 10_001}, "perPage"),
        ({"page": -1}, "page"),
        ({"perPage": 5_000, "page": 2}, "page"),
        ({"current_NEW_lte": "5"}, "current_NEW_lte"),
        ({"current_NEW_lte": True}, "current_NEW_lte"),
        ({"current_NEW": 5}, "current_NEW"),
        ({"current_NOVEL_lte": 5}, "current_NOVEL_lte"),
        ({"avg_NEW_lte": 5}, "avg_NEW_lte"),
        ({"avg45_NEW_lte": 5}, "avg45_NEW_lte"),
        ({"current90_NEW_lte": 5}, "current90_NEW_lte"),
        ({"delta180_NEW_lte": 5}, "delta180_NEW_lte"),
        ({"title": 5}, "title"),
        ({"brand": [5]}, "brand"),
        ({"rootCategory": "x"}, "rootCategory"),
        ({"categories_include": [1.5]}, "categories_include"),
        ({"singleVariation": 1}, "singleVariation"),
        ({"sort": ["current_SALES", "asc"]}, "sort"),
        ({"sort": [["current_SALES", "up"]]}, "sort"),
        ({"sort": [["current_SALES_gte", "asc"]]}, "sort"),
        ({"sort": "current_SALES"}, "sort"),
        ({"colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_bad_selections_are_refused_by_field_for_free(
    api: KeepaApi, selection: Any, field: str
) -> None:
    status, reply = ask(api, selection)
    assert (status, reply["tokensConsumed"]) == (400, 0)
    assert reply["error"] == {
        "type": "invalidParameter",
        "message": "The queryJSON is of invalid format.",
        "details": field,
    }


def test_null_fields_count_as_absent(api: KeepaApi) -> None:
    assert found(api, current_NEW_lte=None, colour=None) == found(api)


class Source:
    """Keeper's own way to ask, without the network."""

    def __init__(self, api: KeepaApi) -> None:
        self._api = api

    def ask(self, request: TokenRequest, parameters: Mapping[str, object]) -> Reply:
        given = {"key": "simulator"} | {name: str(value) for name, value in parameters.items()}
        answer = self._api.answer(request.endpoint, given)
        envelope = validate_reply(answer.status, answer.body, str)
        return Reply(answer.body, envelope, AT)


def test_keepers_own_finder_walks_the_pages(api: KeepaApi, us: Locale) -> None:
    selection = {"current_SALES_lte": 100_000, "sort": [["current_SALES", "asc"]]}
    pages = list(find_products(Source(api), us, selection, 10_000, page_size=50))
    asins = [asin for page in pages for asin in page.asins]
    assert asins == found(api, **selection)
    assert len(pages) == -(-len(asins) // 50) > 1
    assert {page.total for page in pages} == {len(asins)}
    assert {page.tokens for page in pages} == {11}


def test_keepers_own_finder_learns_which_field_is_wrong(api: KeepaApi, us: Locale) -> None:
    with pytest.raises(FinderSelectionError) as caught:
        next(find_products(Source(api), us, {"current_SALES_lte": "low"}, 50))
    assert caught.value.field == "current_SALES_lte"
