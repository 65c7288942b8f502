"""What a list of watches shows of prices: the change, which ones are remarkable, small charts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from keeper.domain.users.access import Scope
from keeper.domain.watches.watch import Watch
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.console_server import ANN, BEN, Console
from tests.stored_prices import store_current_price, store_history

PATH = "/api/v1/watches"
SPARKLINES = f"{PATH}/sparklines"
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
PICTURE = "https://m.media-amazon.com/images/I/kettle.jpg"


@pytest.fixture
def ann(console: Console) -> httpx.Client:
    console.clock.now = NOW
    return console.program(ANN, Scope.WATCHES_READ, Scope.WATCHES_WRITE)


def asin(number: int) -> str:
    return f"B{number:09d}"


def watched(
    connection: Connection, number: int, prices: Sequence[tuple[float, int | None]], **watch: Any
) -> None:
    """Watch a product as Ann, with its prices: for how many days each has held by now."""
    points = [(NOW - timedelta(days=days), price) for days, price in prices]
    if points:
        store_history(connection, asin(number), points)
        at, price = points[-1]
        store_current_price(connection, asin(number), at=at, price=price)
    save_watches(connection, ANN, [Watch(asin(number), "us", "NEW", watch.get("target"))])
    if points:
        connection.execute(
            "UPDATE watched_products SET last_checked_at = %s WHERE asin = %s",
            (NOW - timedelta(hours=watch.get("checked_h", 1)), asin(number)),
        )


@pytest.fixture
def shelf(ann: httpx.Client, connection: Connection) -> None:
    """Watches by number: 1 fell, 2 rose, 3 fell long ago, 4 is sold out, 5 new, 6 old, 7 a gap."""
    watched(connection, 1, [(200, 900), (60, 2000), (1, 1500)], target=1000)
    watched(connection, 2, [(80, 1000), (1, 1100)], target=1095)
    watched(connection, 3, [(80, 3000), (20, 1000)])
    watched(connection, 4, [(80, 3000), (2, None)])
    watched(connection, 5, [])
    watched(connection, 6, [(250, 1000)], checked_h=13)
    watched(connection, 7, [(250, 800), (50, None), (2, 700)], target=700)


def numbers(client: httpx.Client, **asked: Any) -> list[int]:
    answer = client.get(PATH, params=asked)
    assert answer.status_code == 200, answer.text
    return [int(one["asin"][1:]) for one in answer.json()["items"]]


@pytest.mark.usefixtures("shelf")
def test_a_change_stands_beside_the_price(ann: httpx.Client, connection: Connection) -> None:
    connection.execute(
        "INSERT INTO products (asin, domain, title, image_url, source, described_at)"
        " VALUES (%s, 'us', 'Kettle', %s, 'simulator', now())",
        (asin(1), PICTURE),
    )

    found = {int(one["asin"][1:]): one for one in ann.get(PATH).json()["items"]}

    assert found[1]["image_url"] == PICTURE
    assert found[1]["change"]["before"]["text"] == "$20.00"
    changes = {number: (one["change"] or {}).get("percent") for number, one in found.items()}
    # Of 7, what it cost before it was sold out.
    assert changes == {1: -25.0, 2: 10.0, 3: -66.7, 4: None, 5: None, 6: None, 7: -12.5}


@pytest.mark.usefixtures("shelf")
def test_remarkable_prices_are_listed_alone(ann: httpx.Client) -> None:
    found = {
        one: sorted(numbers(ann, price_is=one))
        for one in ("at_target", "dropped", "lowest", "without_offer", "stale", "not_checked")
    }

    assert found == {
        "at_target": [2, 7],
        "dropped": [1, 7],
        # 1 still cost less when the 90 days began, 6 never cost anything else.
        "lowest": [3, 7],
        "without_offer": [4],
        "stale": [6],
        "not_checked": [5],
    }


@pytest.mark.usefixtures("shelf")
def test_the_best_come_first_and_pages_join(ann: httpx.Client) -> None:
    begins = {
        "change": [3, 1, 7, 2],
        "-change": [2, 7, 1, 3],
        "distance": [7, 2, 1],
        "-distance": [1, 2, 7],
        "checked_at": [5, 6],
    }
    for sort, begin in begins.items():
        whole = numbers(ann, sort=sort)
        assert whole[: len(begin)] == begin, sort
        pages: list[int] = []
        cursor: str | None = None
        while not pages or cursor:
            asked = {"sort": sort, "limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = ann.get(PATH, params=asked).json()
            pages += [int(one["asin"][1:]) for one in page["items"]]
            cursor = page["next_cursor"]
        assert pages == whole, sort
    assert set(numbers(ann, sort="-priced_at", limit=2)) == {1, 2}


@pytest.mark.usefixtures("shelf")
def test_small_charts_come_at_once_and_keep_lows_and_gaps(
    console: Console, ann: httpx.Client, connection: Connection
) -> None:
    start = NOW - timedelta(days=85)
    busy: list[tuple[datetime, int | None]] = [
        (start + timedelta(hours=4 * n), 1000 + n % 7) for n in range(500)
    ]
    busy[123] = (busy[123][0], 400)
    busy[321] = (busy[321][0], None)
    store_history(connection, asin(5), busy)
    ids = {int(one["asin"][1:]): one["id"] for one in ann.get(PATH).json()["items"]}

    asked = [("id", ids[number]) for number in (7, 1, 5)] + [("id", 999_999_999)]
    answer = ann.get(SPARKLINES, params=asked)

    lines = {one["id"]: one for one in answer.json()["items"]}
    assert list(lines) == [ids[7], ids[1], ids[5]]
    # Led by what held when the 90 days began.
    assert lines[ids[7]]["amounts"] == [800, None, 700]
    assert lines[ids[1]]["amounts"] == [900, 2000, 1500]
    assert lines[ids[1]]["times"][-1] == int((NOW - timedelta(days=1)).timestamp())
    thinned = lines[ids[5]]
    assert len(thinned["times"]) == len(thinned["amounts"]) <= 60
    assert thinned["times"] == sorted(set(thinned["times"]))
    steps = dict(zip(thinned["times"], thinned["amounts"], strict=True))
    for at, price in (busy[123], busy[321], busy[-1]):
        assert steps[int(at.timestamp())] == price

    ben = console.program(BEN, Scope.WATCHES_READ)
    assert ben.get(SPARKLINES, params=asked).json()["items"] == []
    assert ann.get(SPARKLINES, params=[("id", n) for n in range(1, 102)]).status_code == 422
    assert ann.get(SPARKLINES).status_code == 422
