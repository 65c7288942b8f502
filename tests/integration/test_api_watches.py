"""Watches through the API: what a program sees, adds, changes and removes."""

from contextlib import closing
from typing import Any

import httpx
import pytest

from keeper.console.paging import write_cursor
from keeper.domain.users.access import Scope
from keeper.domain.watches.watch import Watch
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.console_server import ANN, BEN, BOSS, Console
from tests.price_events import price_event

READ, WRITE = Scope.WATCHES_READ, Scope.WATCHES_WRITE
PATH = "/api/v1/watches"
ASIN = "B00EXAMPL0"


@pytest.fixture
def ann(console: Console) -> httpx.Client:
    return console.program(ANN, READ, WRITE)


@pytest.fixture
def ben(console: Console) -> httpx.Client:
    return console.program(BEN, READ, WRITE)


@pytest.fixture
def boss(console: Console) -> httpx.Client:
    return console.program(BOSS, READ, WRITE)


def added(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post(PATH, json={"product": ASIN, **body})
    assert answer.status_code == 201, answer.text
    watch: dict[str, Any] = answer.json()["watch"]
    return watch


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    return answer.status_code, body["type"].partition("#")[2]


def test_a_product_is_watched_by_its_address(ann: httpx.Client) -> None:
    body = {
        "product": f"https://www.amazon.de/dp/{ASIN}",
        "target": "24,99",
        "rules": ["any change"],
    }
    answer = ann.post(PATH, json=body)

    assert answer.status_code == 201
    watch = answer.json()["watch"]
    assert answer.headers["Location"] == f"{PATH}/{watch['id']}"
    assert (watch["asin"], watch["domain"], watch["owner"]) == (ASIN, "de", ANN)
    assert watch["target"] == {"minor": 2499, "currency": "EUR", "text": "€24.99"}
    assert watch["url"] == f"https://www.amazon.de/dp/{ASIN}"
    assert watch["alerts_when"][0] == "Alerts when the price is at or below €24.99."
    assert [rule["text"] for rule in watch["rules"]] == ["any change"]
    assert [one["kind"] for one in watch["rules"][0]["conditions"]] == ["any_change"]
    assert watch["price"]["state"] == "not_checked"
    assert ann.get(answer.headers["Location"]).json() == watch


def test_adding_it_again_changes_only_what_is_given(ann: httpx.Client) -> None:
    added(ann, target="24.99", priority="HIGH")

    again = ann.post(PATH, json={"product": ASIN, "target": "19.99"})

    assert (again.status_code, again.json()["outcome"]) == (200, "changed")
    assert again.json()["changes"] == ["target: $24.99 → $19.99"]
    assert again.json()["watch"]["priority"] == "HIGH"
    same = ann.post(PATH, json={"product": ASIN})
    assert (same.status_code, same.json()["outcome"]) == (200, "unchanged")


def test_a_current_price_stands_beside_its_age_and_source(
    console: Console, ann: httpx.Client, database: PostgresConfig
) -> None:
    watch = added(ann, target="10")
    event = price_event(1250, asin=ASIN)
    with closing(PriceWriter(database)) as writer:
        writer.store([event])
    console.clock.now = event.checked_at

    price = ann.get(f"{PATH}/{watch['id']}").json()["price"]

    assert price["amount"] == {"minor": 1250, "currency": "USD", "text": "$12.50"}
    assert (price["state"], price["is_stale"]) == ("known", False)
    assert price["checked_at"] == event.checked_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    console.clock.move(hours=13)
    assert ann.get(f"{PATH}/{watch['id']}").json()["price"]["is_stale"]


def test_a_change_leaves_the_rest_and_null_takes_the_target_away(ann: httpx.Client) -> None:
    watch = added(ann, target="24.99", rules=["lowest ever"])
    place = f"{PATH}/{watch['id']}"

    paused = ann.patch(place, json={"status": "PAUSED"}).json()["watch"]
    assert (paused["status"], paused["target"]["minor"]) == ("PAUSED", 2499)
    without = ann.patch(place, json={"target": None}).json()["watch"]
    assert (without["target"], len(without["rules"])) == (None, 1)
    bare = ann.patch(place, json={"rules": []}).json()["watch"]
    assert (bare["rules"], bare["status"]) == ([], "PAUSED")


def test_a_removed_watch_leaves_the_list_and_comes_back_when_it_is_added(
    ann: httpx.Client,
) -> None:
    watch = added(ann, target="24.99")
    place = f"{PATH}/{watch['id']}"

    assert ann.delete(place).status_code == 204
    assert ann.delete(place).status_code == 204
    assert ann.get(PATH).json()["items"] == []
    assert [w["status"] for w in ann.get(PATH, params={"status": "INACTIVE"}).json()["items"]] == [
        "INACTIVE"
    ]
    assert ann.patch(place, json={"priority": "LOW"}).json()["watch"]["status"] == "INACTIVE"
    back = ann.post(PATH, json={"product": ASIN}).json()["watch"]
    assert (back["id"], back["status"], back["target"]["minor"]) == (watch["id"], "ACTIVE", 2499)


def test_a_removal_is_undone_in_one_call_with_all_that_the_watch_had(ann: httpx.Client) -> None:
    first = added(ann, target="24.99", rules=["any change"], tags=["kitchen"], priority="HIGH")
    second = added(ann, product="B00EXAMPL1", target="5")
    ids = [first["id"], second["id"]]
    for status in ("INACTIVE", "ACTIVE"):
        answer = ann.patch(PATH, json={"ids": ids, "changes": {"status": status}})
        assert [one["outcome"] for one in answer.json()["results"]] == ["changed"] * 2
        items = ann.get(PATH).json()["items"]
        assert len(items) == (0 if status == "INACTIVE" else 2)
    place = f"{PATH}/{first['id']}"
    assert ann.delete(place).status_code == 204
    back = ann.patch(place, json={"status": "ACTIVE"}).json()["watch"]
    moments = {"created_at", "changed_at"}
    assert {k: v for k, v in back.items() if k not in moments} == {
        k: v for k, v in first.items() if k not in moments
    }


def test_nobody_sees_or_changes_what_is_anothers_but_an_operator(
    ann: httpx.Client, ben: httpx.Client, boss: httpx.Client
) -> None:
    watch = added(ann, target="24.99")
    place = f"{PATH}/{watch['id']}"
    added(ben, target="9.99")

    assert [w["owner"] for w in ben.get(PATH).json()["items"]] == [BEN]
    assert ben.get(PATH, params={"owner_id": watch["owner_id"]}).json()["items"] == []
    refusals = [ben.get(place), ben.patch(place, json={"target": "1"}), ben.delete(place)]
    unknown = ben.get(f"{PATH}/999999999")
    assert [problem(answer) for answer in refusals] == [(404, "not-found")] * 3
    assert refusals[0].json()["detail"].replace(str(watch["id"]), "N") == unknown.json()[
        "detail"
    ].replace("999999999", "N")
    many = ben.patch(PATH, json={"ids": [watch["id"]], "changes": {"target": "1"}})
    assert many.json()["results"][0]["outcome"] is None
    assert ann.get(place).json() == watch

    assert {w["owner"] for w in boss.get(PATH).json()["items"]} == {ANN, BEN}
    changed = boss.patch(place, json={"target": "20"}).json()["watch"]
    assert (changed["owner"], changed["target"]["minor"]) == (ANN, 2000)


def test_several_are_changed_at_once_and_each_says_what_became_of_it(ann: httpx.Client) -> None:
    first = added(ann, target="24.99")["id"]
    second = added(ann, product="B00EXAMPL1", domain="jp", target="1980")["id"]
    body = {"ids": [first, 77, second], "changes": {"target": "19.99"}}

    results = ann.patch(PATH, json=body).json()["results"]

    assert [one["outcome"] for one in results] == ["changed", None, None]
    assert "there is no watch 77" in results[1]["problem"]
    assert "JPY" in results[2]["problem"]
    assert ann.get(f"{PATH}/{first}").json()["target"]["minor"] == 1999


@pytest.mark.parametrize(
    "body",
    [
        {"product": "nonsense"},
        {"product": f"https://www.amazon.de/dp/{ASIN}", "domain": "us"},
        {"product": ASIN, "target": "1,999"},
        {"product": ASIN, "rules": ["sometimes"]},
        {"product": ASIN, "price_type": "RENT"},
        {"product": "https://amzn.to/3xyz"},
    ],
)
def test_what_is_no_watch_is_refused_with_a_sentence(
    ann: httpx.Client, body: dict[str, Any]
) -> None:
    answer = ann.post(PATH, json=body)

    assert problem(answer) == (400, "unclear-watch")
    assert answer.json()["detail"]
    assert ann.get(PATH).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/product"),
        ({"product": ASIN, "target": 24.99}, "#/target"),
        ({"product": ASIN, "wrong": 1}, "#/wrong"),
        ({"product": ASIN, "rules": ["a;b"]}, "#/rules/0"),
        ({"product": "a\0b"}, "#/product"),
        ({"product": ASIN, "domain": "mars"}, "#/domain"),
    ],
)
def test_what_does_not_fit_the_schema_names_the_place_and_not_what_was_given(
    ann: httpx.Client, body: dict[str, Any], pointer: str
) -> None:
    answer = ann.post(PATH, json=body)

    assert problem(answer) == (422, "invalid-request")
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert "24.99" not in answer.text
    assert "mars" not in answer.text


@pytest.fixture
def many(console: Console, ann: httpx.Client, connection: Connection) -> list[str]:
    asins = [f"B{number:09d}" for number in range(25)]
    save_watches(connection, ANN, [Watch(asin, "us", "NEW", 1000) for asin in asins])
    save_watches(connection, BEN, [Watch("B999999999", "us", "NEW", 1000)])
    for asin in asins[::2]:
        connection.execute(
            "INSERT INTO products (asin, domain, title, source, described_at)"
            " VALUES (%s, 'us', %s, 'keepa', now())",
            (asin, f"Kettle {asin[-2:]}" if asin[-1] in "02" else "Łamp 100%_"),
        )
    return asins


@pytest.mark.parametrize("sort", ["asin", "title", "changed_at", "created_at"])
@pytest.mark.parametrize("back", ["", "-"])
def test_pages_hold_each_watch_once_in_either_order(
    ann: httpx.Client, many: list[str], sort: str, back: str
) -> None:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = ann.get(PATH, params={"limit": 7, "sort": f"{back}{sort}", **cursor}).json()
        seen += [watch["asin"] for watch in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert sorted(seen) == many
    if sort == "asin":
        assert seen == sorted(many, reverse=bool(back))


def test_a_list_says_how_many_there_are_and_finds_those_whose_alerts_are_held(
    ann: httpx.Client, ben: httpx.Client, connection: Connection
) -> None:
    first = added(ann)
    over = added(ann, product="B00EXAMPL1")
    added(ben)
    for watch, until in ((first, "2030-01-02Z"), (over, "2029-12-31Z")):
        connection.execute(
            "UPDATE watched_products SET snoozed_until = %s WHERE watch_id = %s",
            (until, watch["id"]),
        )

    whole = ann.get(PATH, params={"total": True, "limit": 1}).json()
    assert (whole["total"], len(whole["items"])) == (2, 1)
    assert ann.get(PATH).json()["total"] is None
    held = ann.get(PATH, params={"is_held": True, "total": True}).json()
    assert (held["total"], [one["id"] for one in held["items"]]) == (1, [first["id"]])
    assert ben.get(PATH, params={"is_held": True, "total": True}).json()["total"] == 0


def test_a_search_finds_titles_and_asins_and_its_signs_mean_themselves(
    ann: httpx.Client, many: list[str]
) -> None:
    def found(text: str) -> int:
        return len(ann.get(PATH, params={"q": text}).json()["items"])

    assert found("kettle") == 6
    assert found("łAMP") == 7
    assert found("100%_") == 7
    assert found("%") == 7
    assert found("b000000003") == 1
    assert found("B999999999") == 0


def test_a_cursor_of_another_order_or_of_nobody_is_refused(
    ann: httpx.Client, many: list[str]
) -> None:
    first = ann.get(PATH, params={"limit": 1, "sort": "asin"}).json()["next_cursor"]

    for cursor, sort in ((first, "title"), ("bm9uc2Vuc2U", "asin"), ("AAAA", "asin")):
        answer = ann.get(PATH, params={"cursor": cursor, "sort": sort})
        assert problem(answer) == (400, "bad-cursor")


@pytest.mark.parametrize("moment", ["2024-W01-1", "20240101T10", "0001-01-01T00:00:00+23:59"])
def test_a_forged_moment_is_no_cursor(ann: httpx.Client, moment: str) -> None:
    cursor = write_cursor("changed_at", moment, 1)

    answer = ann.get(PATH, params={"cursor": cursor, "sort": "changed_at"})

    assert answer.status_code in (200, 400), answer.text
    assert answer.status_code == 200 or problem(answer) == (400, "bad-cursor")


def test_a_long_title_does_not_end_the_pages(
    ann: httpx.Client, many: list[str], connection: Connection
) -> None:
    connection.execute("UPDATE products SET title = repeat('電', 500) || asin")
    first = ann.get(PATH, params={"limit": 1, "sort": "title"}).json()

    answer = ann.get(PATH, params={"limit": 1, "sort": "title", "cursor": first["next_cursor"]})

    assert answer.status_code == 200
    assert answer.json()["items"] != first["items"]


def test_who_has_a_watch_already_is_not_sent_it_again(ann: httpx.Client) -> None:
    place = f"{PATH}/{added(ann)['id']}"
    tag = ann.get(place).headers["ETag"]

    again = ann.get(place, headers={"If-None-Match": f'W/{tag}, "other"'})
    assert (again.status_code, again.content) == (304, b"")
    ann.patch(place, json={"target": "5"})
    assert ann.get(place, headers={"If-None-Match": tag}).status_code == 200


def test_a_body_that_is_too_large_or_unreadable_is_refused(ann: httpx.Client) -> None:
    def pieces() -> Any:
        yield from [b"x" * 100_000] * 30

    assert problem(ann.post(PATH, content=b"x" * 2_000_001)) == (413, "too-large")
    headers = {"content-type": "application/json"}
    assert problem(ann.post(PATH, content=pieces(), headers=headers)) == (413, "too-large")
    assert problem(ann.post(PATH, content=b"{", headers=headers)) == (422, "invalid-request")
    assert problem(ann.post(PATH, content=b'"\xff"', headers=headers))[0] in (400, 422)
    assert problem(ann.put(PATH)) == (405, "method-not-allowed")
    assert problem(ann.get("/api/v1/nothing")) == (404, "not-found")


def test_pasted_addresses_are_read_without_watching_them(
    ann: httpx.Client, connection: Connection
) -> None:
    lines = [f"Look: https://www.amazon.de/dp/{ASIN}?tag=x", "b00exampl1", "https://amzn.to/3x"]
    answer = ann.post(f"{PATH}:check", json={"products": lines})

    assert answer.status_code == 200, answer.text
    first, second, third = answer.json()["results"]
    assert (first["asin"], first["domain"], first["is_locale_assumed"]) == (ASIN, "de", False)
    assert (second["url"], second["is_locale_assumed"]) == (
        "https://www.amazon.com/dp/B00EXAMPL1",
        True,
    )
    assert third["asin"] is None
    assert third["problem"].endswith("open it and copy the page's address")
    assert connection.execute("SELECT FROM watched_products").fetchall() == []
    assert ann.post(f"{PATH}:check", json={"products": ["x"] * 101}).status_code == 422
