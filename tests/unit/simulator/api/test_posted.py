import json
from typing import Any

import pytest

from keeper.domain.locales import Locale
from keeper.simulator.api.keepa_api import UNPAID_KEY, KeepaApi
from keeper.simulator.api.posted import MOST_BODY_BYTES
from keeper.simulator.products.catalogue import Catalogue
from tests.unit.simulator.asking import ask, post

SELECTION = {"priceTypes": [1], "dateRange": 3}


def payload(reply: dict[str, Any]) -> dict[str, Any]:
    names = ("deals", "asinList", "totalResults", "products", "error")
    return {name: reply[name] for name in names if name in reply}


def test_a_posted_selection_finds_what_the_same_in_the_query_finds(api: KeepaApi) -> None:
    for endpoint, selection in (("deal", SELECTION), ("query", {"brand": "Dunnet"})):
        by_get = ask(api, endpoint, domain=1, selection=json.dumps(selection))
        for media_type in ("application/json", ""):
            by_post = post(api, endpoint, selection, media_type, domain=1)
            assert (by_post[0], payload(by_post[1])) == (200, payload(by_get[1]))
        assert by_get[1]["tokensConsumed"] > 0


def test_a_long_selection_is_taken_by_post(api: KeepaApi) -> None:
    selection = SELECTION | {"excludeCategories": list(range(1, 501))}
    assert post(api, "deal", selection, domain=1)[0] == 200
    selection["excludeCategories"] = list(range(1, 502))
    status, reply = post(api, "deal", selection, domain=1)
    assert (status, reply["error"]["details"]) == (405, "excludeCategories")


@pytest.mark.parametrize("as_list", [False, True])
def test_posted_asins_bring_the_same_products(
    api: KeepaApi, catalogue: Catalogue, us: Locale, as_list: bool
) -> None:
    asins = [sheet.asin for sheet in catalogue.products_in(us, limit=3)]
    _, by_get = ask(api, "product", domain=1, asin=",".join(asins))
    body = {"asin": asins if as_list else ",".join(asins)}
    status, by_post = post(api, "product", body, domain=1)
    assert status == 200
    assert by_post["products"] == by_get["products"]
    assert by_post["tokensConsumed"] == by_get["tokensConsumed"]


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"{", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[1]", "application/json"),
        (b"null", "application/json"),
        (b'{"priceTypes": [1]}' + b" " * MOST_BODY_BYTES, "application/json"),
        (b'{"priceTypes": [1]}', "text/plain"),
        (b'{"priceTypes": [1]}', "application/x-www-form-urlencoded"),
    ],
    ids=["cut", "no text", "list", "null", "too long", "plain text", "form"],
)
def test_a_body_that_is_no_json_object_is_refused_for_free(
    api: KeepaApi, body: bytes, media_type: str
) -> None:
    for endpoint in ("deal", "query", "product"):
        status, reply = post(api, endpoint, body, media_type, domain=1)
        assert status == 400
        assert reply["error"]["message"] == "The queryJSON is missing or invalid."
        assert (reply["tokensConsumed"], reply["tokensLeft"]) == (0, 600)


@pytest.mark.parametrize(
    ("endpoint", "body", "query", "status", "details"),
    [
        ("product", {"asin": 5}, {}, 400, "asin"),
        ("product", {"asin": ["B000000000", 5]}, {}, 400, "asin"),
        ("product", {"asins": ["B000000000"]}, {}, 400, "asins"),
        ("product", {"asin": "B000000000"}, {"asin": "B000000000"}, 400, "asin"),
        ("deal", SELECTION, {"selection": "{}"}, 400, "selection"),
        ("deal", {"priceTypes": [0, 1]}, {}, 400, "priceTypes"),
        ("token", {}, {}, 405, "token"),
        ("category", {"category": 0}, {}, 405, "category"),
    ],
)
def test_a_body_that_says_what_it_may_not_is_refused(
    api: KeepaApi,
    endpoint: str,
    body: object,
    query: dict[str, str],
    status: int,
    details: str,
) -> None:
    refused, reply = post(api, endpoint, body, domain=1, **query)
    assert (refused, reply["error"]["details"]) == (status, details)


def test_a_post_without_a_body_is_read_as_a_get(api: KeepaApi) -> None:
    assert post(api, "token", b"", "")[0] == 200
    assert post(api, "deal", b"", domain=1, selection=json.dumps(SELECTION))[0] == 200


@pytest.mark.parametrize("endpoint", ["deal", "query"])
def test_a_missing_selection_is_refused_in_keepas_words(api: KeepaApi, endpoint: str) -> None:
    status, reply = ask(api, endpoint, domain=1)
    assert (status, reply["error"]["message"]) == (400, "The queryJSON is missing or invalid.")


def test_a_key_without_a_subscription_has_to_pay(api: KeepaApi) -> None:
    for endpoint in ("token", "product", "deal"):
        status, reply = ask(api, endpoint, key=UNPAID_KEY, domain=1)
        assert (status, reply["error"]["type"]) == (402, "paymentRequired")
        assert (reply["tokensLeft"], reply["tokensConsumed"]) == (0, 0)
    api.unpaid_keys = ("ended",)
    assert ask(api, "token", key="ended")[0] == 402
    assert ask(api, "token", key=UNPAID_KEY)[0] == 400
