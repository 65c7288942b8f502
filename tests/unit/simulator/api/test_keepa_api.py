import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from keeper.domain.locales import Locale, locale_of
from keeper.domain.prices.points import from_keepa_minutes
from keeper.domain.prices.types import price_type_of
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.deals.lightning import all_lightning_deals
from keeper.simulator.faults.plan import Fault, FaultKind
from keeper.simulator.products.catalogue import Catalogue
from keeper.sources.keepa.products.decode import decode_products
from tests.unit.simulator.asking import read
from tests.unit.simulator.hand_clock import HandClock

TOKEN_FIELDS = (
    "timestamp",
    "tokensLeft",
    "refillIn",
    "refillRate",
    "tokenFlowReduction",
    "tokensConsumed",
    "processingTimeInMs",
)


def ask(api: KeepaApi, endpoint: str, **query: object) -> tuple[int, dict[str, Any]]:
    given: Mapping[str, str] = {"key": "simulator"} | {k: str(v) for k, v in query.items()}
    answer = api.answer(endpoint, given)
    return answer.status, read(answer.body)


def asins_in(catalogue: Catalogue, locale: Locale, count: int) -> list[str]:
    return [sheet.asin for sheet in catalogue.products_in(locale, limit=count)]


@pytest.fixture
def asin(catalogue: Catalogue, us: Locale) -> str:
    return next(s.asin for s in catalogue.products_in(us) if s.has_history and s.ended is None)


def test_every_reply_begins_with_the_envelope_and_says_it_is_simulated(
    api: KeepaApi, asin: str, hand_clock: HandClock
) -> None:
    hand_clock.pass_seconds(15)
    for endpoint, query in (
        ("product", {"domain": 1, "asin": asin}),
        ("token", {}),
        ("nonsense", {}),
        ("product", {"key": "wrong"}),
    ):
        _, reply = ask(api, endpoint, **query)
        assert tuple(reply)[:7] == TOKEN_FIELDS
        assert reply["timestamp"] == int(hand_clock().timestamp() * 1000)
        assert reply["simulated"] is True


def test_tokens_add_up(api: KeepaApi, catalogue: Catalogue, us: Locale) -> None:
    asins = ",".join(asins_in(catalogue, us, 7))
    _, first = ask(api, "product", domain=1, asin=asins)
    assert (first["tokensLeft"], first["tokensConsumed"], first["refillRate"]) == (593, 7, 10)
    _, second = ask(api, "token")
    assert (second["tokensLeft"], second["tokensConsumed"]) == (593, 0)
    assert second["refillIn"] == 60_000


def test_a_request_may_drive_the_balance_below_zero_and_the_next_is_refused(
    api: KeepaApi, catalogue: Catalogue, us: Locale, hand_clock: HandClock
) -> None:
    api.bucket.set_left(1)
    asins = ",".join(asins_in(catalogue, us, 30))
    status, reply = ask(api, "product", domain=1, asin=asins)
    assert (status, reply["tokensLeft"], len(reply["products"])) == (200, -29, 30)
    status, reply = ask(api, "product", domain=1, asin=asins)
    assert (status, reply["tokensLeft"], reply["tokensConsumed"]) == (429, -29, 0)
    assert set(reply) == {*TOKEN_FIELDS, "simulated"}
    assert ask(api, "token")[0] == 200
    hand_clock.pass_seconds(180)
    assert ask(api, "product", domain=1, asin=asins)[0] == 200


@pytest.mark.parametrize(
    ("endpoint", "query", "cost"),
    [
        ("token", {}, 0),
        ("deal", {"domain": 1, "selection": '{"priceTypes":[1]}'}, 5),
        ("category", {"domain": 1, "category": 0}, 1),
        ("category", {"domain": 1, "category": "1001000000,1002000000,99"}, 1),
        ("bestsellers", {"domain": 1, "category": 1001000000}, 50),
        ("bestsellers", {"domain": 1, "category": 99}, 0),
        ("search", {"domain": 1, "type": "category", "term": "kettle"}, 1),
    ],
    ids=["token", "deal", "category", "categories", "bestsellers", "no list", "search"],
)
def test_endpoints_cost_what_keepas_cost(
    api: KeepaApi, endpoint: str, query: dict[str, object], cost: int
) -> None:
    status, reply = ask(api, endpoint, **query)
    assert (status, reply["tokensConsumed"]) == (200, cost)


def test_update_costs_a_token_while_the_data_is_fresh(
    api: KeepaApi, catalogue: Catalogue, us: Locale, at_minute: int
) -> None:
    sheet = next(s for s in catalogue.products_in(us) if s.has_history)
    look = int(catalogue.history(sheet, us, at_minute).looks[-1])
    stale, fresh = look + 61, look + 5
    for minute, cost in ((stale, 1), (fresh, 2)):
        api.clock.change(jump=timedelta(minutes=minute - api.clock.minute()))
        reply = ask(api, "product", domain=1, asin=sheet.asin, update=0)[1]
        assert reply["tokensConsumed"] == cost


def test_an_unknown_key_is_refused_with_empty_token_fields(api: KeepaApi, asin: str) -> None:
    status, reply = ask(api, "product", key="wrong", domain=1, asin=asin)
    assert status == 400
    assert reply["error"]["message"] == "You used an invalid parameter for this API call."
    assert [reply[name] for name in ("tokensLeft", "refillIn", "refillRate")] == [0, 0, 0]
    assert ask(api, "token")[1]["tokensLeft"] == 600


def test_any_key_can_be_the_one(api: KeepaApi) -> None:
    api.keys = frozenset({"other"})
    assert ask(api, "token", key="other")[0] == 200
    assert ask(api, "token")[0] == 400


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ({"domain": 7, "asin": "B000000000"}, "domain"),
        ({"domain": "us", "asin": "B000000000"}, "domain"),
        ({"asin": "B000000000"}, "domain"),
        ({"domain": 1}, "asin"),
        ({"domain": 1, "asin": "B000000000", "stats": "x"}, "stats"),
        ({"domain": 1, "asin": "B000000000", "stats": "2026-02-30,2026-03-01"}, "stats"),
        ({"domain": 1, "asin": "B000000000", "stats": "2026-02-01,2026-01-01"}, "stats"),
        ({"domain": 1, "asin": "B000000000", "days": 0}, "days"),
        ({"domain": 1, "asin": "B000000000", "update": -2}, "update"),
    ],
    ids=[
        *("reserved", "text", "no domain", "no asin", "stats", "no date", "back to front", "days"),
        "update",
    ],
)
def test_bad_parameters_are_refused_for_free(
    api: KeepaApi, query: dict[str, object], details: str
) -> None:
    status, reply = ask(api, "product", **query)
    assert status == 400
    assert reply["error"]["details"] == details
    assert (reply["tokensConsumed"], reply["tokensLeft"]) == (0, 600)


@pytest.mark.parametrize(("count", "offers", "limit"), [(101, None, 100), (21, 20, 20)])
def test_more_products_than_a_reply_carries_are_refused(
    api: KeepaApi, count: int, offers: int | None, limit: int
) -> None:
    query = {"domain": 1, "asin": ",".join(["B000000000"] * count), "offers": offers or ""}
    status, reply = ask(api, "product", **query)
    assert status == 400
    expected = f"Maximum allowed batch size for this request is {limit}."
    assert reply["error"]["message"] == expected


def test_unknown_products_are_silently_missing(api: KeepaApi, asin: str) -> None:
    _, reply = ask(api, "product", domain=1, asin=f"B000000000,{asin},B000000001")
    assert [product["asin"] for product in reply["products"]] == [asin]


def test_without_any_known_product_the_key_is_missing(api: KeepaApi) -> None:
    status, reply = ask(api, "product", domain=1, asin="B000000000,1593694512")
    assert status == 200
    assert "products" not in reply


def test_products_come_in_the_order_asked_for_each_once(
    api: KeepaApi, catalogue: Catalogue, us: Locale
) -> None:
    asins = sorted(asins_in(catalogue, us, 5), reverse=True)
    _, reply = ask(api, "product", domain=1, asin=",".join([*asins, asins[0]]))
    assert [product["asin"] for product in reply["products"]] == asins


def test_csv_holds_plain_whole_numbers(api: KeepaApi, catalogue: Catalogue, us: Locale) -> None:
    asins = [s.asin for s in catalogue.products_in(us, limit=60) if s.product_type == 0]
    _, reply = ask(api, "product", domain=1, asin=",".join(asins), stats=30)
    for product in reply["products"]:
        assert len(product["csv"]) in {34, 36}
        for flat in product["csv"]:
            assert flat is None or (flat and all(type(number) is int for number in flat))
        assert len(product["stats"]["current"]) == len(product["csv"])
        assert all(type(number) is int for number in product["stats"]["avg30"])


def test_stats_come_only_on_request(api: KeepaApi, asin: str) -> None:
    plain = ask(api, "product", domain=1, asin=asin)[1]["products"][0]
    asked = ask(api, "product", domain=1, asin=asin, stats=90)[1]["products"][0]
    assert "stats" not in plain
    assert asked["stats"]["current"][1] == asked["csv"][1][-1]
    assert asked["stats"]["avg"] == asked["stats"]["avg90"]


def test_history_can_be_left_out_or_cut(api: KeepaApi, asin: str, at_minute: int) -> None:
    without = ask(api, "product", domain=1, asin=asin, history=0, stats=30)[1]["products"][0]
    assert without["csv"] is None
    assert without["stats"]["current"][3] > 0
    cut = ask(api, "product", domain=1, asin=asin, days=10, stats=90)[1]["products"][0]
    whole = ask(api, "product", domain=1, asin=asin, stats=90)[1]["products"][0]
    assert min(flat[0] for flat in cut["csv"] if flat) >= at_minute - 10 * 1440
    assert whole["csv"][3][-len(cut["csv"][3]) :] == cut["csv"][3]
    assert cut["stats"] == whole["stats"]


def test_one_product_has_each_locales_own_prices(api: KeepaApi, catalogue: Catalogue) -> None:
    jp, us = locale_of("jp"), locale_of("us")
    sheet = next(s for s in catalogue.products_in(us) if jp in s.locales and s.has_history)
    american = ask(api, "product", domain=1, asin=sheet.asin)[1]["products"][0]
    japanese = ask(api, "product", domain=5, asin=sheet.asin)[1]["products"][0]
    assert american["title"] == japanese["title"]
    assert (american["domainId"], japanese["domainId"]) == (1, 5)
    assert american["csv"][1] != japanese["csv"][1]
    assert american["rootCategory"] != japanese["rootCategory"]


def test_categories_lead_to_best_sellers_and_back(api: KeepaApi, catalogue: Catalogue) -> None:
    roots = ask(api, "category", domain=3, category=0)[1]["categories"]
    assert {node["parent"] for node in roots.values()} == {0}
    root = next(iter(roots.values()))
    shelf = root["children"][0]
    reply = ask(api, "category", domain=3, category=shelf, parents=1)[1]
    assert reply["categories"][str(shelf)]["parent"] == root["catId"]
    assert list(reply["categoryParents"]) == [str(root["catId"])]
    listed = ask(api, "bestsellers", domain=3, category=shelf)[1]["bestSellersList"]
    assert len(listed["asinList"]) == reply["categories"][str(shelf)]["productCount"] > 0
    product = ask(api, "product", domain=3, asin=listed["asinList"][0])[1]["products"][0]
    assert product["categories"] == [shelf]
    assert product["rootCategory"] == root["catId"]


def test_what_is_not_there_is_empty_not_wrong(api: KeepaApi) -> None:
    assert ask(api, "category", domain=1, category=99)[1]["categories"] == {}
    assert "bestSellersList" not in ask(api, "bestsellers", domain=1, category=99)[1]
    assert ask(api, "search", domain=1, type="category", term="zebra")[1]["categories"] == {}
    assert ask(api, "tracking", domain=1)[0] == 404


def test_of_brazil_keepa_has_products_and_no_lists(api: KeepaApi, catalogue: Catalogue) -> None:
    selection = '{"priceTypes":[1]}'
    brazil = next(catalogue.products_in(locale_of("br")))

    assert ask(api, "deal", domain=12, selection=selection)[0] == 405
    assert ask(api, "bestsellers", domain=12, category=1001000000)[0] == 405
    assert ask(api, "product", domain=12, asin=brazil.asin)[1]["products"]


def test_a_word_of_two_letters_finds_no_category(api: KeepaApi) -> None:
    named = ask(api, "search", domain=1, type="category", term="kettles")[1]
    short = ask(api, "search", domain=1, type="category", term="kettles tv")[1]

    assert named["categories"]
    assert (short["categories"], short["tokensConsumed"]) == ({}, 1)


def test_a_running_lightning_deal_announces_its_end(
    api: KeepaApi, catalogue: Catalogue, us: Locale
) -> None:
    deals = all_lightning_deals(catalogue, us, api.clock.minute())
    running = next(deal for deal in deals if deal["dealState"] == "AVAILABLE")

    reply = ask(api, "product", domain=1, asin=running["asin"], stats=90)[1]

    (product,) = reply["products"]
    announced = [running["endTime"], -1]
    assert product["csv"][8][-4:] == [product["csv"][8][-4], running["dealPrice"], *announced]
    assert product["stats"]["lightningDealInfo"] == [running["startTime"], running["endTime"]]
    (decoded,) = decode_products(json.dumps(reply).encode()).products
    assert decoded.current(price_type_of("LIGHTNING_DEAL")) == running["dealPrice"]
    deal = decoded.lightning_deal
    assert deal is not None
    assert deal.ends_at == from_keepa_minutes(running["endTime"])


def test_a_status_fault_meets_its_endpoint_as_often_as_ordered(api: KeepaApi) -> None:
    api.faults.add(Fault(FaultKind.STATUS, count=2, status=500, endpoint="category"))
    assert ask(api, "token")[0] == 200
    for _ in range(2):
        status, reply = ask(api, "category", domain=1, category=0)
        assert (status, reply["tokensConsumed"]) == (500, 0)
        assert reply["error"]["type"] == "simulatedFault"
    assert ask(api, "category", domain=1, category=0)[0] == 200


@pytest.mark.parametrize("kind", [FaultKind.CUT, FaultKind.NOT_JSON])
def test_spoiled_bodies_are_paid_for(api: KeepaApi, asin: str, kind: FaultKind) -> None:
    api.faults.add(Fault(kind))
    answer = api.answer("product", {"key": "simulator", "domain": "1", "asin": asin})
    assert (answer.status, answer.cost, answer.fault) == (200, 1, kind)
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.body)
    assert ask(api, "token")[1]["tokensLeft"] == 599


def test_dropped_products_are_missing_once(api: KeepaApi, asin: str) -> None:
    api.faults.add(Fault(FaultKind.DROP, asins=(asin,)))
    assert "products" not in ask(api, "product", domain=1, asin=asin)[1]
    assert "products" in ask(api, "product", domain=1, asin=asin)[1]
