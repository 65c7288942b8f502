"""Prices by the API: now, change by change, and as columns for a chart."""

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from keeper.domain.users.access import Scope
from keeper.stores.postgres.connection import Connection
from tests.console_server import ANN, STARTED, Console
from tests.stored_prices import store_current_price, store_history

ASIN = "B00EXAMPL0"
PATH = f"/api/v1/prices/{ASIN}"
Points = list[tuple[datetime, int | None]]
BEFORE = datetime(2026, 5, 1, 12, tzinfo=UTC)
"""Where the tests' database has room for points."""


@pytest.fixture
def ann(console: Console) -> httpx.Client:
    return console.program(ANN, Scope.PRICES_READ)


def history(count: int, *, seed: int = 7) -> Points:
    """Return changes of ten years: some apart by minutes, one in twenty without an offer."""
    chance = random.Random(seed)
    times = sorted(chance.sample(range(10 * 365 * 24 * 60), count))
    start = datetime(2016, 1, 3, tzinfo=UTC)
    return [
        (
            start + timedelta(minutes=minutes),
            None if chance.random() < 0.05 else chance.randrange(1000, 5000),
        )
        for minutes in times
    ]


def rows_of(columns: dict[str, Any]) -> Points:
    return [
        (datetime.fromtimestamp(at, UTC), amount)
        for at, amount in zip(columns["times"], columns["amounts"], strict=True)
    ]


def test_what_a_product_costs_comes_with_its_age_and_its_source(
    console: Console, ann: httpx.Client, connection: Connection
) -> None:
    at = STARTED - timedelta(hours=13)
    store_current_price(connection, ASIN, at=at, price=2499)
    connection.execute(
        "INSERT INTO products (asin, domain, title, source, described_at)"
        " VALUES (%s, 'us', 'Kettle', 'simulator', now())",
        (ASIN,),
    )

    answer = ann.get(PATH).json()

    (price,) = answer.pop("prices")
    assert answer == {
        "asin": ASIN,
        "domain": "us",
        "currency": "USD",
        "title": "Kettle",
        "url": f"https://www.amazon.com/dp/{ASIN}",
        "image_url": None,
        "kind": None,
    }
    assert price["amount"] == {"minor": 2499, "currency": "USD", "text": "$24.99"}
    assert (price["price_type"], price["state"], price["source"]) == ("NEW", "known", "simulator")
    assert price["checked_at"] == at.isoformat().replace("+00:00", "Z")
    assert price["is_stale"]


def test_who_has_a_price_already_is_not_sent_it_again(
    ann: httpx.Client, connection: Connection
) -> None:
    store_current_price(connection, ASIN, at=STARTED, price=2499)
    store_history(connection, ASIN, [(BEFORE, 2499)])
    tags = {path: ann.get(path).headers["ETag"] for path in (PATH, f"{PATH}/history/columns")}
    for path, tag in tags.items():
        again = ann.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")

    store_current_price(connection, ASIN, at=STARTED, price=1999)
    assert ann.get(PATH, headers={"If-None-Match": tags[PATH]}).json()["prices"][0]["amount"] == {
        "minor": 1999,
        "currency": "USD",
        "text": "$19.99",
    }


@pytest.mark.parametrize("path", ["", "/history", "/history/columns"])
def test_what_nobody_has_fetched_is_not_there(
    ann: httpx.Client, connection: Connection, path: str
) -> None:
    store_current_price(connection, ASIN, at=STARTED, price=2499)

    answer = ann.get(f"{PATH}{path}", params={"domain": "de"})

    assert (answer.status_code, answer.json()["type"]) == (404, "/api/v1/problems#not-found")
    assert "watch it first" in answer.json()["detail"]
    assert ann.get(f"/api/v1/prices/{ASIN.lower()}{path}").status_code == 422


@pytest.mark.parametrize("sort", ["observed_at", "-observed_at"])
def test_pages_hold_each_change_once_in_either_order(
    ann: httpx.Client, connection: Connection, sort: str
) -> None:
    points = history(25)
    store_history(connection, ASIN, points)
    seen: Points = []
    cursor: dict[str, str] = {}
    while True:
        asked: dict[str, str | int] = {"limit": 7, "sort": sort, **cursor}
        page = ann.get(f"{PATH}/history", params=asked).json()
        seen += [
            (datetime.fromisoformat(one["observed_at"]), one["amount"] and one["amount"]["minor"])
            for one in page["items"]
        ]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == (points if sort == "observed_at" else points[::-1])
    assert page["series"]["comparable_since"] == "2026-02-23T00:00:00Z"


def test_a_page_of_a_span_has_what_changed_within_it(
    ann: httpx.Client, connection: Connection
) -> None:
    points = history(25)
    store_history(connection, ASIN, points)
    span = {"since": points[3][0].isoformat(), "until": points[9][0].isoformat()}

    items = ann.get(f"{PATH}/history", params=span).json()["items"]

    assert len(items) == 6


@pytest.mark.parametrize("cursor", ["bm9uc2Vuc2U", "WyItb2JzZXJ2ZWRfYXQiLCIyMDI2LTAxLTAxIiwwXQ"])
def test_a_forged_cursor_is_refused(ann: httpx.Client, connection: Connection, cursor: str) -> None:
    store_history(connection, ASIN, history(3))

    answer = ann.get(f"{PATH}/history", params={"cursor": cursor})

    assert (answer.status_code, answer.json()["type"]) == (400, "/api/v1/problems#bad-cursor")


def test_columns_hold_every_change_where_there_is_room(
    ann: httpx.Client, connection: Connection
) -> None:
    points = history(200)
    store_history(connection, ASIN, points)

    columns = ann.get(f"{PATH}/history/columns", params={"points": 200}).json()

    assert rows_of(columns) == points
    assert columns["known_points"] == 200


@pytest.mark.parametrize("most", [20, 101, 700])
def test_a_thinned_history_keeps_every_low_and_every_gap_in_its_place(
    ann: httpx.Client, connection: Connection, most: int
) -> None:
    points = history(3000, seed=most)
    store_history(connection, ASIN, points)

    columns = ann.get(f"{PATH}/history/columns", params={"points": most}).json()

    found = rows_of(columns)
    assert most / 3 < len(found) <= most
    assert columns["known_points"] == 3000
    assert set(found) <= set(points)
    assert all(before < after for (before, _), (after, _) in pairwise(found))
    # As wide as a stretch is at most; wherever one looks, none of that width has lost its low.
    stretches = (most - 1) // 4 - 2
    width = (points[-1][0] - points[0][0]) / max(stretches, 1)
    for at, amount in points:
        near = [kept for when, kept in found if abs(when - at) <= width]
        if amount is None:
            assert None in near
        else:
            assert min(kept for kept in near if kept is not None) <= amount
            assert max(kept for kept in near if kept is not None) >= amount
    lowest = min((amount, at) for at, amount in points if amount is not None)
    assert lowest[::-1] in found
    assert found[-1] == points[-1]


def test_columns_of_a_span_begin_with_the_price_that_held_then(
    ann: httpx.Client, connection: Connection
) -> None:
    points = history(25)
    store_history(connection, ASIN, points)
    since = points[10][0] + (points[11][0] - points[10][0]) / 2

    columns = ann.get(
        f"{PATH}/history/columns",
        params={"since": since.isoformat(), "until": points[20][0].isoformat()},
    ).json()

    assert rows_of(columns) == points[10:20]


def test_columns_leave_out_jumps_and_add_shipping(
    ann: httpx.Client, connection: Connection
) -> None:
    points: Points = [(BEFORE - timedelta(days=day), 1000 + day) for day in (3, 2, 1)]
    store_history(connection, ASIN, points)
    connection.execute("UPDATE price_points SET shipping_minor = 399 WHERE price_minor = 1003")
    connection.execute("UPDATE price_points SET implausible = true WHERE price_minor = 1002")

    def amounts(with_shipping: bool) -> list[int]:
        asked = {"with_shipping": with_shipping}
        found: list[int] = ann.get(f"{PATH}/history/columns", params=asked).json()["amounts"]
        return found

    assert amounts(True) == [1402, 1001]
    assert amounts(False) == [1003, 1001]
    items = ann.get(f"{PATH}/history", params={"sort": "observed_at"}).json()["items"]
    assert [one["is_implausible"] for one in items] == [False, True, False]
    assert items[0]["shipping"]["minor"] == 399


def test_jumps_that_nothing_confirmed_stand_beside_the_columns(
    ann: httpx.Client, connection: Connection
) -> None:
    points = [(BEFORE + timedelta(hours=n), 1000 + n % 50) for n in range(400)]
    store_history(connection, ASIN, points)
    connection.execute("UPDATE price_points SET implausible = true WHERE price_minor = 1049")

    columns = ann.get(f"{PATH}/history/columns", params={"points": 100}).json()

    jumps = [(at, price) for at, price in points if price == 1049]
    assert columns["implausible_times"] == [int(at.timestamp()) for at, _ in jumps]
    assert columns["implausible_amounts"] == [1049] * len(jumps)
    assert 1049 not in columns["amounts"]
    assert columns["known_points"] == len(points) - len(jumps)


def test_a_history_is_a_file_of_amounts_in_the_main_unit(
    ann: httpx.Client, connection: Connection
) -> None:
    store_history(connection, ASIN, [(BEFORE, 1999), (BEFORE + timedelta(days=1), None)])

    answer = ann.get(f"{PATH}/history/csv", params={"since": BEFORE.isoformat()})

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f'filename="{ASIN}-us-NEW.csv"' in answer.headers["content-disposition"]
    first, second = csv.DictReader(io.StringIO(answer.text))
    assert list(first)[:3] == ["observed_at", "price", "shipping"]
    assert (first["observed_at"], first["price"]) == (BEFORE.isoformat(), "19.99")
    assert (second["price"], second["is_implausible"], second["currency"]) == ("", "false", "USD")
    assert ann.get(f"{PATH}/history/csv", params={"domain": "de"}).status_code == 404
