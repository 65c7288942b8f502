"""Deals, saved searches and daily reports through the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from keeper.domain.users.access import Scope
from keeper.pipeline.deals.report import write_report
from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.lake.storage import lake_at
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.deals.filters import record_problem
from keeper.stores.postgres.deals.reports import reader_of
from tests.console_server import ANN, BEN, BOSS, STARTED, Console
from tests.found_deals import Found
from tests.stored_prices import store_history

API = "/api/v1"
READ, WRITE = Scope.DEALS_READ, Scope.DEALS_WRITE
LATELY = STARTED - timedelta(hours=2)


@pytest.fixture
def ann(console: Console) -> httpx.Client:
    return console.program(ANN, READ, WRITE)


@pytest.fixture
def ben(console: Console) -> httpx.Client:
    return console.program(BEN, READ, WRITE)


@pytest.fixture
def boss(console: Console) -> httpx.Client:
    return console.program(BOSS, READ, WRITE)


def items(client: httpx.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = client.get(f"{API}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def detail(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["detail"])


def test_a_deal_has_its_price_its_score_and_its_search(ann: httpx.Client, found: Found) -> None:
    found("B000000001", user=ANN, at=LATELY)

    (deal,) = items(ann, "deals")

    assert (deal["price"]["text"], deal["usual"]["text"]) == ("$20.00", "$30.00")
    assert (deal["score"], deal["discount_percent"], deal["reasons"]) == (63, 33, ["It is cheap."])
    assert (deal["filter"]["name"], deal["filter"]["owner"]) == ("kettles", ANN)
    assert deal["url"] == "https://www.amazon.com/dp/B000000001"
    one = ann.get(f"{API}/deals/{deal['id']}")
    assert one.json() == deal
    known = {"If-None-Match": one.headers["ETag"]}
    assert ann.get(f"{API}/deals/{deal['id']}", headers=known).status_code == 304
    assert ann.get(f"{API}/deals/1").status_code == 422
    assert ann.get(f"{API}/deals/{'0' * 32}").status_code == 404


def test_small_charts_of_deals_are_ones_own(
    ann: httpx.Client,
    ben: httpx.Client,
    boss: httpx.Client,
    found: Found,
    connection: Connection,
    console: Console,
) -> None:
    # Months of now have a place for points.
    console.clock.now = now = datetime.now(UTC).replace(microsecond=0)
    found("B000000001", "B000000002", user=ANN, at=now - timedelta(hours=1))
    points = [(now - timedelta(days=day), price) for day, price in ((40, 3000), (9, None))]
    store_history(connection, "B000000001", points)
    ids = {deal["asin"]: deal["id"] for deal in items(ann, "deals")}
    asked = {"id": list(ids.values()), "days": 30}

    lines = items(ann, "deals/sparklines", **asked)
    assert [line["id"] for line in lines] == asked["id"]
    drawn = {line["id"]: (line["times"], line["amounts"]) for line in lines}
    times = [int(at.timestamp()) for at, _ in points]
    assert drawn[ids["B000000001"]] == (times, [3000, None])
    # Of a product that nobody watched the deal's own price is all there is.
    assert drawn[ids["B000000002"]][1] == [2000]
    assert items(boss, "deals/sparklines", **asked) == lines
    assert items(ben, "deals/sparklines", **asked) == []
    assert ann.get(f"{API}/deals/sparklines", params={"id": "1"}).status_code == 422


def test_deals_are_chosen_and_counted_alike(ann: httpx.Client, found: Found) -> None:
    found("B000000001", user=ANN, at=LATELY, title="An iron kettle", score=91)
    found("B000000002", user=ANN, at=LATELY, title="100% cotton_towel", name="towels", score=55)
    found("B000000003", user=ANN, at=LATELY, price_minor=500, title=None)
    found("B000000004", user=ANN, at=STARTED - timedelta(days=9), name="old")

    def asins(**params: Any) -> list[str]:
        chosen = [deal["asin"] for deal in items(ann, "deals", **params)]
        counted = ann.get(f"{API}/deals/aggregations", params=params).json()
        assert counted["deals"] == len(chosen)
        assert sum(group["deals"] for group in counted["by_filter"]) == len(chosen)
        return chosen

    assert asins() == ["B000000001", "B000000003", "B000000002"]
    assert asins(q="KETTLE") == ["B000000001"]
    assert asins(q="0% cotton_") == ["B000000002"]
    assert asins(q="b000000003") == asins(below="5,01") == ["B000000003"]
    assert asins(below="5.00") == asins(domain="de") == asins(price_type="AMAZON") == []
    assert asins(min_score=90) == ["B000000001"]
    assert asins(min_discount=34) == []
    assert len(asins(since="2029-12-01T00:00:00Z")) == 4
    kettles = next(one["id"] for one in items(ann, "deal-filters") if one["name"] == "kettles")
    assert len(asins(filter_id=kettles)) == 2
    assert "not an amount" in detail(ann.get(f"{API}/deals", params={"below": "cheap"}), 400)

    groups = ann.get(f"{API}/deals/aggregations").json()
    assert groups["by_score"] == [
        {"key": "50", "name": None, "deals": 1},
        {"key": "60", "name": None, "deals": 1},
        {"key": "90", "name": None, "deals": 1},
    ]
    assert groups["by_domain"] == [{"key": "us", "name": None, "deals": 3}]
    assert [one["name"] for one in groups["by_filter"]] == ["kettles", "towels"]
    empty = ann.get(f"{API}/deals/aggregations", params={"domain": "jp"}).json()
    assert (empty["deals"], empty["by_domain"]) == (0, [])


@pytest.mark.parametrize(
    "sort", ["-score", "-discount_percent", "-last_seen_at", "-first_seen_at", "price"]
)
def test_pages_lead_through_every_order_once(ann: httpx.Client, found: Found, sort: str) -> None:
    for number in range(5):
        found(f"B00000000{number}", user=ANN, at=LATELY, score=60 + number // 2)
    order = {"sort": sort, "domain": "us"}
    whole = [deal["id"] for deal in items(ann, "deals", **order)]
    assert len(whole) == 5

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params: dict[str, Any] = {"limit": 2, "cursor": cursor, **order}
        page = ann.get(f"{API}/deals", params=params).json()
        seen += [deal["id"] for deal in page["items"]]
        cursor = page["next_cursor"]
        if cursor is not None:
            former = "price" if sort != "price" else "-score"
            other = {"cursor": cursor, "domain": "us", "sort": former}
            assert ann.get(f"{API}/deals", params=other).status_code == 400
    assert seen == whole


def test_amounts_of_several_currencies_have_no_order(ann: httpx.Client) -> None:
    refused = ann.get(f"{API}/deals", params={"sort": "price"})
    assert (refused.status_code, refused.json()["detail"]) == (
        400,
        "sort=price needs domain: amounts in several currencies have no order",
    )


def test_nobody_crowds_out_others_by_deal_filters(console: Console) -> None:
    ann = console.program(ANN, Scope.DEALS_READ, Scope.DEALS_WRITE)
    answers = [ann.post(f"{API}/deal-filters", json={"name": f"f{n}"}) for n in range(21)]
    assert [answer.status_code for answer in answers] == [201] * 20 + [429]
    assert (answers[-1].json()["limit"], "20 deal filters" in answers[-1].json()["detail"]) == (
        "deal_filters",
        True,
    )
    again = ann.post(f"{API}/deal-filters", json={"name": "f3", "min_score": 60})
    assert again.status_code == 200, "one of the same name is changed"
    assert ann.delete(f"{API}/deal-filters/{again.json()['filter']['id']}").status_code == 204
    assert ann.post(f"{API}/deal-filters", json={"name": "f20"}).status_code == 201


def test_what_another_has_searched_for_is_not_there(
    ann: httpx.Client, ben: httpx.Client, boss: httpx.Client, found: Found
) -> None:
    found("B000000001", user=ANN, at=LATELY)
    (deal,) = items(ann, "deals")
    (kept,) = items(ann, "deal-filters")

    assert items(ben, "deals") == items(ben, "deal-filters") == []
    assert items(ben, "deals", filter_id=kept["id"]) == []
    assert items(ben, "deals", owner_id=kept["owner_id"]) == []
    assert ben.get(f"{API}/deals/aggregations").json()["deals"] == 0
    for path in (f"deals/{deal['id']}", f"deal-filters/{kept['id']}"):
        assert ben.get(f"{API}/{path}").status_code == 404
        assert boss.get(f"{API}/{path}").status_code == 200
    path = f"{API}/deal-filters/{kept['id']}"
    assert ben.patch(path, json={"status": "PAUSED"}).status_code == 404
    assert ben.delete(path).status_code == 404
    assert items(ann, "deal-filters") == [kept]
    assert boss.patch(path, json={"status": "PAUSED"}).json()["status"] == "PAUSED"


def test_a_search_is_saved_in_words_or_in_keepas_fields(ann: httpx.Client) -> None:
    body = {
        "name": " keyboards ",
        "domain": "de",
        "price_type": "AMAZON",
        "drop_percent": 20,
        "over": "90-days",
        "price_max": "79,90 €",
        "title": "keyboard",
        "min_rating": 4.5,
        "categories": [12],
        "min_score": 60,
        "selection": {"isLowest": True, "page": 3},
    }
    added = ann.post(f"{API}/deal-filters", json=body)

    assert (added.status_code, added.json()["outcome"]) == (201, "added")
    kept = added.json()["filter"]
    assert (kept["name"], kept["price_max"]["text"], kept["price_min"]) == (
        "keyboards",
        "€79.90",
        None,
    )
    assert kept["selection"] == {
        "dateRange": 3,
        "deltaPercentRange": [20, 100],
        "currentRange": [0, 7990],
        "includeCategories": [12],
        "titleSearch": "keyboard",
        "minRating": 45,
        "isLowest": True,
    }
    assert ann.get(added.headers["Location"]).json() == kept
    again = ann.post(f"{API}/deal-filters", json=body)
    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")


def test_a_change_leaves_the_rest_of_a_search(ann: httpx.Client, connection: Connection) -> None:
    body = {"name": "kettles", "drop_percent": 20, "price_min": "5", "price_max": "50"}
    kept = ann.post(f"{API}/deal-filters", json=body).json()["filter"]
    record_problem(connection, kept["id"], "Keepa refuses `brand`")
    path = f"{API}/deal-filters/{kept['id']}"
    assert ann.get(path).json()["problem"] == "Keepa refuses `brand`"

    changed = ann.patch(path, json={"price_max": "40", "name": "Kettles"}).json()
    assert changed["selection"] == kept["selection"] | {"currentRange": [500, 4000]}
    assert (changed["name"], changed["problem"]) == ("Kettles", None)
    assert (
        "currentRange"
        not in (ann.patch(path, json={"price_min": None, "price_max": None}).json()["selection"])
    )
    only = ann.patch(path, json={"selection": {"isLowest": True}}).json()["selection"]
    assert only == {"dateRange": 1, "isLowest": True}
    assert ann.patch(path, json={"status": "PAUSED"}).json()["status"] == "PAUSED"
    assert ann.post(f"{API}/deal-filters", json={"name": "KETTLES"}).json()["outcome"] == "changed"
    assert ann.get(path).json()["status"] == "ACTIVE"
    assert ann.delete(path).status_code == 204
    assert ann.get(path).status_code == 404
    assert items(ann, "deal-filters") == []


def test_a_search_keepa_would_refuse_is_not_saved(ann: httpx.Client) -> None:
    for body, said in (
        ({"selection": {"isLowst": True}}, "isLowest"),
        ({"price_min": "9", "price_max": "8"}, "the lowest first"),
        ({"price_max": "9.999"}, "can mean"),
        ({"domain": "br"}, "no deals on"),
        ({"name": "\u200b"}, "needs a name"),
    ):
        answer = ann.post(f"{API}/deal-filters", json={"name": "x", **body})
        assert said in detail(answer, 400)
    wrong: tuple[dict[str, Any], ...] = ({"drop_percent": 9}, {"name": ""}, {"over": "year"})
    for body in wrong:
        answer = ann.post(f"{API}/deal-filters", json={"name": "x", **body})
        assert answer.status_code == 422
    assert items(ann, "deal-filters") == []


def test_a_name_is_taken_once_and_amounts_keep_their_currency(ann: httpx.Client) -> None:
    ann.post(f"{API}/deal-filters", json={"name": "kettles"})
    kept = ann.post(f"{API}/deal-filters", json={"name": "irons", "price_max": "50"}).json()
    path = f"{API}/deal-filters/{kept['filter']['id']}"

    assert "another filter" in detail(ann.patch(path, json={"name": "KETTLES"}), 400)
    assert "amounts are in USD" in detail(ann.patch(path, json={"domain": "jp"}), 400)
    moved = ann.patch(path, json={"domain": "jp", "price_min": None, "price_max": "8000"}).json()
    assert moved["price_max"] == {"minor": 8000, "currency": "JPY", "text": "¥8,000"}


def test_a_report_is_read_again_and_the_next_one_beforehand(
    ann: httpx.Client,
    ben: httpx.Client,
    boss: httpx.Client,
    found: Found,
    connection: Connection,
    console: Console,
    tmp_path: Any,
) -> None:
    assert "no search" in detail(ann.get(f"{API}/reports/next"), 404)
    at = datetime.now(UTC)
    console.clock.now = at
    found("B000000001", user=ANN, at=at - timedelta(hours=1))
    coming = ann.get(f"{API}/reports/next").json()
    assert [deal["asin"] for deal in coming["deals"]] == ["B000000001"]
    assert items(ann, "reports") == []

    reader = reader_of(connection, ANN)
    assert reader is not None
    archive = ReplyArchive(lake_at(str(tmp_path)))
    write_report(connection, archive, reader, run_id="run-1", at=at)

    (report,) = items(ann, "reports")
    assert (report["deals"], report["owner"]) == (1, ANN)
    assert [one["channel"]["address"] for one in report["messages"]] == [ANN]
    whole = ann.get(f"{API}/reports/{report['id']}").json()
    assert whole["report"] == report
    assert whole["deals"][0] == coming["deals"][0]
    assert ann.get(f"{API}/reports/next").json()["deals"] == []
    assert items(ben, "reports") == []
    assert ben.get(f"{API}/reports/{report['id']}").status_code == 404
    assert boss.get(f"{API}/reports/{report['id']}").status_code == 200
    assert items(ann, "reports", since="2100-01-01T00:00:00Z") == []
