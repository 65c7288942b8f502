import json
from pathlib import Path
from typing import Any

import pytest

from keeper.domain.locales import Locale
from keeper.errors import SettingsError
from keeper.simulator.api.control import add_fault, state_of
from keeper.simulator.api.keepa_api import Answer, KeepaApi
from keeper.simulator.faults.plan import (
    FaultKind,
    FaultPlan,
    InvalidFaultError,
    parse_fault,
    read_scenario,
)
from keeper.simulator.products.catalogue import Catalogue
from tests.unit.simulator.hand_clock import HandClock

ENVELOPE = {
    *("timestamp", "tokensLeft", "refillIn", "refillRate", "tokenFlowReduction"),
    *("tokensConsumed", "processingTimeInMs", "simulated"),
}


@pytest.fixture
def asins(catalogue: Catalogue, us: Locale) -> list[str]:
    return [sheet.asin for sheet in catalogue.products_in(us, limit=3)]


def ask(api: KeepaApi, asins: list[str]) -> Answer:
    return api.answer("product", {"key": "simulator", "domain": "1", "asin": ",".join(asins)})


def read(answer: Answer) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(answer.body)
    return document


@pytest.mark.parametrize(
    ("order", "status", "cost"),
    [
        ({"kind": "status", "status": 500}, 500, 0),
        ({"kind": "status", "status": 500, "charged": True}, 500, 3),
        ({"kind": "status", "status": 429}, 429, 0),
        ({"kind": "status", "status": 200}, 200, 0),
        ({"kind": "cut"}, 200, 3),
        ({"kind": "cut", "charged": False}, 200, 0),
        ({"kind": "not_json"}, 200, 3),
        ({"kind": "wrong_shape"}, 200, 3),
        ({"kind": "drop"}, 200, 3),
        ({"kind": "duplicate"}, 200, 3),
        ({"kind": "slow", "delay_s": 4}, 200, 3),
        ({"kind": "trickle", "seconds": 4}, 200, 3),
        ({"kind": "clock_skew", "hours": 5}, 200, 3),
        ({"kind": "revoke_key"}, 400, 0),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(value),
)
def test_each_kind_is_charged_as_promised(
    api: KeepaApi, asins: list[str], order: dict[str, Any], status: int, cost: int
) -> None:
    add_fault(api, order)
    answer = ask(api, asins)
    assert (answer.status, answer.cost) == (status, cost)
    assert api.bucket.balance().left == 600 - cost


def test_too_many_requests_come_as_a_bare_envelope(api: KeepaApi, asins: list[str]) -> None:
    add_fault(api, {"kind": "status", "status": 429})
    assert set(read(ask(api, asins))) == ENVELOPE


def test_a_charged_5xx_carries_no_products(api: KeepaApi, asins: list[str]) -> None:
    add_fault(api, {"kind": "status", "status": 503, "charged": True})
    reply = read(ask(api, asins))
    assert set(reply) == {*ENVELOPE, "error"}
    assert reply["tokensConsumed"] == 3


def test_wrong_shapes_exchange_lists_and_objects(api: KeepaApi, asins: list[str]) -> None:
    add_fault(api, {"kind": "wrong_shape", "count": 3})
    reply = read(ask(api, asins))
    assert list(reply["products"]) == ["0", "1", "2"]
    assert reply["tokensLeft"] == 597
    query = {"key": "simulator", "domain": "1", "selection": '{"priceTypes":[1]}'}
    assert isinstance(read(api.answer("deal", query))["deals"], list)
    assert isinstance(json.loads(api.answer("token", query).body), list)


def test_duplicates_come_twice(api: KeepaApi, asins: list[str]) -> None:
    add_fault(api, {"kind": "duplicate", "count": 3})
    assert [product["asin"] for product in read(ask(api, asins))["products"]] == asins * 2
    query = {"key": "simulator", "domain": "1", "selection": '{"priceTypes":[1],"dateRange":3}'}
    listed = [deal["asin"] for deal in read(api.answer("deal", query))["deals"]["dr"]]
    assert listed[: len(listed) // 2] == listed[len(listed) // 2 :]
    assert len(set(listed)) * 2 == len(listed) > 0
    best = {"key": "simulator", "domain": "1", "category": "1001000000"}
    sellers = read(api.answer("bestsellers", best))["bestSellersList"]["asinList"]
    assert len(set(sellers)) * 2 == len(sellers) > 0


def test_slow_replies_say_how_long_they_take(api: KeepaApi, asins: list[str]) -> None:
    add_fault(api, {"kind": "trickle", "seconds": 20, "delay_s": 2})
    answer = ask(api, asins)
    assert (answer.trickle_s, answer.delay_s) == (20, 2)
    assert len(read(answer)["products"]) == 3
    assert (ask(api, asins).trickle_s, ask(api, asins).delay_s) == (0, 0)


@pytest.mark.parametrize("hours", [-3, 0.5])
def test_a_skewed_clock_moves_the_timestamp_and_nothing_else_until_cleared(
    api: KeepaApi, asins: list[str], hand_clock: HandClock, hours: float
) -> None:
    right = read(ask(api, asins))
    add_fault(api, {"kind": "clock_skew", "hours": hours})
    api.bucket.set_left(600)
    for _ in range(2):
        ask(api, asins)
    skewed = read(ask(api, asins))
    assert skewed["timestamp"] - right["timestamp"] == hours * 3_600_000
    assert skewed["products"] == right["products"]
    assert skewed["refillIn"] == right["refillIn"]
    api.faults.clear()
    assert read(ask(api, asins))["timestamp"] == right["timestamp"]


def test_a_skewed_clock_comes_beside_other_faults(api: KeepaApi, asins: list[str]) -> None:
    add_fault(api, {"kind": "clock_skew", "hours": 1})
    add_fault(api, {"kind": "status", "status": 500})
    assert ask(api, asins).status == 500
    assert ask(api, asins).status == 200


def test_a_revoked_key_stays_unknown_until_cleared(api: KeepaApi, asins: list[str]) -> None:
    add_fault(api, {"kind": "revoke_key", "after": 2})
    assert [ask(api, asins).status for _ in range(5)] == [200, 200, 400, 400, 400]
    refused = read(api.answer("token", {"key": "simulator"}))
    assert refused["error"]["message"] == "You used an invalid parameter for this API call."
    assert (refused["tokensLeft"], refused["refillRate"]) == (0, 0)
    api.faults.clear()
    assert ask(api, asins).status == 200


def test_after_lets_requests_of_its_endpoint_pass() -> None:
    plan = FaultPlan()
    plan.add(parse_fault({"kind": "cut", "endpoint": "product", "after": 2, "count": 2}))
    plan.take("token")
    assert [len(plan.take("product")) for _ in range(6)] == [0, 0, 1, 1, 0, 0]


def course(seed: int, requests: int, *orders: dict[str, Any]) -> list[str]:
    plan = FaultPlan(seed)
    for order in orders:
        plan.add(parse_fault(order))
    return ["+".join(fault.kind for fault in plan.take("product")) for _ in range(requests)]


def test_shares_meet_so_many_requests_each_one_fault() -> None:
    met = course(
        1, 20_000, {"kind": "status", "share": 0.01}, {"kind": "cut", "share": 0.005, "delay_s": 1}
    )
    assert set(met) == {"", "status", "cut"}
    assert met.count("status") == pytest.approx(200, abs=45)
    assert met.count("cut") == pytest.approx(100, abs=32)


def test_one_seed_meets_the_same_requests_again() -> None:
    order = {"kind": "cut", "share": 0.2}
    assert course(5, 200, order) == course(5, 200, order)
    assert course(5, 200, order) != course(6, 200, order)


def test_clearing_begins_chance_anew_and_other_endpoints_do_not_move_it() -> None:
    plan = FaultPlan(3)
    courses = []
    for others in (0, 4):
        plan.clear()
        plan.add(parse_fault({"kind": "cut", "share": 0.3}))
        met = []
        for _ in range(100):
            for _ in range(others):
                plan.take("token")
            met.append(len(plan.take("product")))
        courses.append(met)
    assert courses[0] == courses[1]


def test_a_whole_share_meets_every_request_until_cleared() -> None:
    assert course(1, 50, {"kind": "slow", "delay_s": 1, "share": 1}) == ["slow"] * 50


def test_the_state_lists_faults_and_counts_those_met(api: KeepaApi, asins: list[str]) -> None:
    add_fault(api, {"kind": "status", "status": 500, "share": 1})
    ask(api, asins)
    state = state_of(api)
    assert state["faults"] == [
        {
            "kind": "status",
            "count": None,
            "status": 500,
            "asins": (),
            "endpoint": None,
            "share": 1,
            "after": 0,
            "charged": None,
            "delay_s": 0,
            "seconds": 0,
            "hours": 0,
        }
    ]
    assert state["faultsMet"] == {"status": 1}


WRONG = [
    ({}, "kind"),
    ({"kind": "explode"}, "kind"),
    ({"kind": "cut", "count": 0}, "count"),
    ({"kind": "cut", "count": True}, "count"),
    ({"kind": "cut", "share": 0}, "share"),
    ({"kind": "cut", "share": 1.5}, "share"),
    ({"kind": "cut", "share": 0.5, "count": 2}, "share"),
    ({"kind": "cut", "after": -1}, "after"),
    ({"kind": "cut", "charged": "no"}, "charged"),
    ({"kind": "drop", "charged": True}, "charged"),
    ({"kind": "slow"}, "delay_s"),
    ({"kind": "slow", "delay_s": -1}, "delay_s"),
    ({"kind": "trickle"}, "seconds"),
    ({"kind": "cut", "seconds": 3}, "seconds"),
    ({"kind": "clock_skew"}, "hours"),
    ({"kind": "cut", "hours": 3}, "hours"),
    ({"kind": "drop", "asin": ["B0"]}, "asin"),
]


@pytest.mark.parametrize(("order", "field"), WRONG, ids=str)
def test_a_wrong_order_names_the_field(order: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidFaultError, match=f"^`{field}`: "):
        parse_fault(order)


def test_a_scenario_is_a_list_of_orders(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text('[{"kind": "cut", "share": 0.005}, {"kind": "revoke_key", "after": 3}]')
    faults = read_scenario(path)
    assert [(f.kind, f.share, f.after) for f in faults] == [
        (FaultKind.CUT, 0.005, 0),
        (FaultKind.REVOKE_KEY, None, 3),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "--scenario"),
        ("[", "is not JSON"),
        ('{"kind": "cut"}', "a list of orders"),
        ('[{"kind": "cut"}, 5]', "entry 2: must be an object"),
        ('[{"kind": "cut"}, {"kind": "cut"}, {"kind": "slow"}]', "entry 3, `delay_s`"),
    ],
    ids=["missing", "cut", "no list", "no object", "wrong field"],
)
def test_a_wrong_scenario_names_entry_and_field(
    tmp_path: Path, text: str | None, message: str
) -> None:
    path = tmp_path / "faults.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError, match=message) as caught:
        read_scenario(path)
    assert str(path) in str(caught.value)
