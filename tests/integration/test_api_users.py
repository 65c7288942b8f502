"""Operators add, change and remove users by the API, and hand on what was theirs."""

from collections.abc import Callable

import httpx
import pytest

from keeper.domain.deals.deal import DealFilter
from keeper.domain.users.access import Scope
from keeper.stores.postgres.deals.filters import save_filter
from tests.console_server import ANN, BEN, BOSS, Console
from tests.outbox import READER

USERS = "/api/v1/users"


@pytest.fixture
def boss(console: Console) -> httpx.Client:
    """An operator's program."""
    return console.program(BOSS, Scope.OPERATIONS_READ, Scope.OPERATIONS_WRITE)


def count(console: Console, query: str) -> int:
    (row,) = console.connection.execute(f"SELECT count(*)::int AS n FROM {query}").fetchall()
    return int(row["n"])


def test_a_user_is_added_promoted_and_removed(console: Console, boss: httpx.Client) -> None:
    made = boss.post(USERS, json={"email": ANN})
    assert (made.status_code, made.json()["role"]) == (201, "reader")
    url = made.headers["Location"]
    assert boss.get(url).json() == made.json()
    again = boss.post(USERS, json={"email": ANN.upper()})
    assert (again.status_code, again.json()["type"].endswith("#unclear-user")) == (400, True)
    assert boss.post(USERS, json={"email": "nonsense"}).status_code == 422

    browser = console.browser(ANN)
    assert browser.get(USERS).status_code == 403
    assert boss.patch(url, json={"role": "operator"}).json()["role"] == "operator"
    assert browser.get(USERS).status_code == 200

    assert boss.delete(url).status_code == 204
    assert browser.get("/api/v1/me").status_code == 401
    assert boss.delete(url).status_code == 404
    assert boss.get(url).status_code == 404
    rows = console.connection.execute(
        "SELECT action, email, result FROM audit_log WHERE subject = %s ORDER BY entry_id", (ANN,)
    ).fetchall()
    assert [row["action"] for row in rows if row["email"] == BOSS] == [
        "user added",
        "role changed",
        "user removed",
    ]


def test_who_the_settings_name_is_neither_removed_nor_a_reader(
    console: Console, boss: httpx.Client
) -> None:
    url = f"{USERS}/{console.user(BOSS).user_id}"
    for answer in (boss.delete(url), boss.patch(url, json={"role": "reader"})):
        assert answer.status_code == 400
        assert "KEEPER_USER_EMAIL" in answer.json()["detail"]


def test_watches_and_filters_are_handed_on_with_alerts_on_their_way(
    console: Console, boss: httpx.Client, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(3)
    reader, ben = console.user(READER), console.user(BEN)
    connection = console.connection
    (mine,) = connection.execute(
        "SELECT asin, domain, price_type FROM watched_products ORDER BY watch_id LIMIT 1"
    ).fetchall()
    # Ben watches one of them himself: his own stays as it is.
    connection.execute(
        "INSERT INTO watched_products (user_id, asin, domain, price_type, target_minor)"
        " VALUES (%s, %s, %s, %s, 7)",
        (ben.user_id, mine["asin"], mine["domain"], mine["price_type"]),
    )
    for email in (READER, BEN):
        save_filter(connection, email, DealFilter("kettles", "us", "NEW"))

    gone = boss.delete(f"{USERS}/{reader.user_id}", params={"to": ben.user_id})

    assert gone.status_code == 204
    assert count(console, "watched_products") == 3
    assert count(console, f"watched_products WHERE user_id = {ben.user_id}") == 3
    assert count(console, "watched_products WHERE target_minor = 7") == 1
    assert count(console, f"price_alerts WHERE user_id = {ben.user_id}") == 2
    assert count(console, "price_alerts") == 2
    on_their_way = (
        "outbox JOIN channels USING (channel_id)"
        f" WHERE outbox.status = 'PENDING' AND user_id = {ben.user_id}"
    )
    assert (count(console, on_their_way), count(console, "outbox")) == (2, 2)
    names = connection.execute("SELECT name, status, user_id FROM deal_filters ORDER BY name")
    assert [(row["name"].split()[0], row["status"], row["user_id"]) for row in names] == [
        ("kettles", "ACTIVE", ben.user_id)
    ] * 2
    assert count(console, "audit_log WHERE result = '2 watches and 1 filters to ben@example.org'")


def test_nothing_is_handed_to_nobody_or_to_the_same(console: Console, boss: httpx.Client) -> None:
    ann = console.user(ANN).user_id
    assert boss.delete(f"{USERS}/{ann}", params={"to": 4711}).status_code == 404
    assert boss.delete(f"{USERS}/{ann}", params={"to": ann}).status_code == 400
    assert boss.get(f"{USERS}/{ann}").status_code == 200
