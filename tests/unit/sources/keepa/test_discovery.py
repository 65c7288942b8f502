"""Best sellers, the product finder and categories: what is asked, and how replies are read."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from keeper.domain.locales import locale_of
from keeper.domain.tokens.balance import TokenRequest
from keeper.errors import TerminalError
from keeper.sources.keepa.discovery import (
    CategoryUnknownError,
    FinderSelectionError,
    ShortTermError,
    best_sellers,
    find_products,
    read_selection,
    search_categories,
)
from keeper.sources.keepa.errors import KeepaDecodeError, KeepaRequestRejectedError
from keeper.sources.keepa.tokens import Envelope
from keeper.sources.keepa.transport import Reply

US, DE = locale_of("us"), locale_of("de")
AT = datetime(2026, 3, 1, tzinfo=UTC)


class Keepa:
    """Answers with prepared documents, one a request."""

    def __init__(self, *documents: object, cost: int = 11) -> None:
        self.documents = list(documents)
        self.cost = cost
        self.asked: list[tuple[TokenRequest, dict[str, Any]]] = []

    def ask(self, request: TokenRequest, parameters: Mapping[str, object]) -> Reply:
        self.asked.append((request, dict(parameters)))
        document = self.documents.pop(0)
        if isinstance(document, Exception):
            raise document
        return Reply(json.dumps(document).encode(), Envelope(AT, 100, 0, 20, self.cost, 1), AT)


def asin(number: int) -> str:
    return f"B{number:09d}"


def page(first: int, count: int, total: int) -> dict[str, object]:
    return {"asinList": [asin(first + n) for n in range(count)], "totalResults": total}


def test_best_sellers_are_asked_for_and_read_in_keepas_order() -> None:
    listed = {"asinList": [asin(2), asin(1), asin(2)], "lastUpdate": 60, "categoryId": 7}
    keepa = Keepa({"bestSellersList": listed}, cost=50)

    found = best_sellers(keepa, DE, 7, range_days=30)

    assert keepa.asked == [
        (TokenRequest("bestsellers", 50, "de"), {"domain": 3, "category": 7, "range": 30})
    ]
    assert found.asins == (asin(2), asin(1))
    assert found.updated_at == datetime(2011, 1, 1, 1, tzinfo=UTC)
    assert found.tokens == 50


def test_entries_that_are_no_asins_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    keepa = Keepa({"bestSellersList": {"asinList": [None, "x", 5, asin(1)]}})

    assert best_sellers(keepa, US, 7).asins == (asin(1),)
    assert "3 of 4 entries" in caplog.text


@pytest.mark.parametrize(
    "document",
    [{}, {"bestSellersList": None}, {"bestSellersList": {"asinList": None}}],
    ids=["no list", "null", "no products"],
)
def test_a_category_without_best_sellers_names_the_remedy(document: object) -> None:
    with pytest.raises(CategoryUnknownError, match="keeper discover categories --domain us"):
        best_sellers(Keepa(document), US, 7)


@pytest.mark.parametrize(
    "document",
    [{"bestSellersList": {"asinList": "B000000001"}}, []],
    ids=["no list of products", "no object"],
)
def test_another_shape_is_final(document: object) -> None:
    with pytest.raises(KeepaDecodeError):
        best_sellers(Keepa(document), US, 7)


def test_a_range_keepa_lacks_is_refused_before_tokens_are_spent() -> None:
    keepa = Keepa()

    with pytest.raises(ValueError, match="not 7"):
        best_sellers(keepa, US, 7, range_days=7)
    assert keepa.asked == []


def test_finder_pages_are_asked_for_only_when_wanted() -> None:
    keepa = Keepa(page(0, 100, 250), page(100, 100, 250), page(200, 50, 250))
    pages = find_products(keepa, US, {"current_SALES_lte": 9}, 1000)

    assert next(pages).asins == tuple(asin(n) for n in range(100))
    ((request, parameters),) = keepa.asked
    assert request == TokenRequest("query", 11, "us")
    assert json.loads(parameters["selection"]) == {
        "current_SALES_lte": 9,
        "page": 0,
        "perPage": 100,
    }
    assert [len(found.asins) for found in pages] == [100, 50]
    assert [json.loads(p["selection"])["page"] for _, p in keepa.asked] == [0, 1, 2]


def test_a_finder_ends_with_as_many_products_as_wanted() -> None:
    keepa = Keepa(page(0, 100, 900), page(100, 100, 900))

    found = list(find_products(keepa, US, {}, 130))

    assert [len(one.asins) for one in found] == [100, 30]
    assert found[0].total == 900


def test_a_page_is_never_smaller_than_keepa_allows() -> None:
    keepa = Keepa(page(0, 3, 3))

    assert len(next(find_products(keepa, US, {}, 5, page_size=5)).asins) == 3
    assert json.loads(keepa.asked[0][1]["selection"])["perPage"] == 50


def test_nothing_found_is_an_empty_page() -> None:
    assert [p.asins for p in find_products(Keepa({"totalResults": 0}), US, {}, 5)] == [()]


def test_a_rejected_selection_names_its_field() -> None:
    refusal = KeepaRequestRejectedError(
        "no", message="The queryJSON is of invalid format.", details="current_SALES_lte"
    )

    with pytest.raises(FinderSelectionError, match="`current_SALES_lte`") as caught:
        next(find_products(Keepa(refusal), US, {}, 5))
    assert caught.value.field == "current_SALES_lte"
    assert isinstance(caught.value, TerminalError)


def test_categories_come_largest_first() -> None:
    nodes = {
        "5": {"catId": 5, "name": "Keyboards", "parent": 1, "productCount": 10},
        "6": {"catId": 6, "name": "Electronics", "parent": 0, "productCount": 99},
        "7": {"catId": "no number", "name": "Broken"},
    }
    keepa = Keepa({"categories": nodes}, cost=1)

    found = search_categories(keepa, US, "key")

    assert [(c.category, c.name, c.parent, c.products) for c in found] == [
        (6, "Electronics", 0, 99),
        (5, "Keyboards", 1, 10),
    ]
    assert keepa.asked == [
        (TokenRequest("search", 1, "us"), {"domain": 1, "type": "category", "term": "key"})
    ]


def test_words_by_which_keepa_finds_nothing_cost_nothing() -> None:
    keepa = Keepa({"categories": None})

    with pytest.raises(ShortTermError, match=r"by 'tv', 'hd': each word must have at least 3"):
        search_categories(keepa, US, "tv sets hd")
    assert keepa.asked == []


def test_no_category_of_that_name_is_no_error() -> None:
    assert search_categories(Keepa({"categories": None}), US, "nonsense") == []


def test_a_selection_is_read_as_keepas_web_page_exports_it() -> None:
    text = '{"current_SALES_gte": 1, "page": 3, "perPage": 50, "title": null, "rootCategory": 5}'

    assert read_selection(text) == {"current_SALES_gte": 1, "rootCategory": 5}


@pytest.mark.parametrize(
    ("text", "field", "said"),
    [
        ("{", "", "not JSON"),
        ("[1]", "", "not an object"),
        ("{}", "", "selects nothing"),
        ('{"current_SALE_lte": 5}', "current_SALE_lte", "did you mean `current_SALES_lte`"),
        ('{"current SALES": 5}', "current SALES", "no field"),
        ('{"current_SALES_lte": "many"}', "current_SALES_lte", "valid integer"),
        ('{"isLowest_NEW": "often"}', "isLowest_NEW", "valid boolean"),
    ],
    ids=[
        "no JSON",
        "a list",
        "empty",
        "a misspelt field",
        "no name",
        "a word for a number",
        "no flag",
    ],
)
def test_a_wrong_selection_is_refused_with_its_field(text: str, field: str, said: str) -> None:
    with pytest.raises(FinderSelectionError, match=said) as caught:
        read_selection(text)

    assert caught.value.field == field


@pytest.mark.parametrize("field", ["monthlySoldPeak_gte", "current_COUNT_NEW_FBA_gte", "newThing"])
def test_fields_newer_than_the_package_pass_with_a_warning(
    field: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert read_selection(f'{{"{field}": 5}}') == {field: 5}
    assert f"does not know `{field}`" in caplog.text
