"""What people do with their watches in the browser: see what matters, choose, change, undo."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from keeper.domain.watches.watch import Watch
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.console_server import ANN, Console
from tests.page_visit import Visit
from tests.stored_prices import store_current_price, store_history

LONG = "A kettle of many words " * 9
ARABIC = "غلاية كهربائية"
WATCHED = 120


def asin(number: int) -> str:
    return f"B{number:09d}"


@pytest.fixture
def shelf(connection: Connection, pages_console: Console) -> Console:
    """A console of Ann's 120 watches: 1 and 2 fell, the second to its target; 3 is sold out."""
    now = pages_console.clock.now
    pages_console.user(ANN)
    watches = [Watch(asin(n), "us", "NEW", 1000) for n in range(1, WATCHED + 1)]
    save_watches(connection, ANN, watches)
    titles = {1: LONG, 2: ARABIC}
    connection.cursor().executemany(
        "INSERT INTO products (asin, domain, title, source, described_at)"
        " VALUES (%s, 'us', %s, 'simulator', now())",
        [(asin(n), titles.get(n, f"Kettle {n:03d}")) for n in range(1, WATCHED + 1)],
    )
    for number, prices in {1: [2000, 1500], 2: [2000, 990], 3: [1000, None]}.items():
        at = now - timedelta(hours=3)
        store_history(connection, asin(number), [(at - timedelta(days=40), prices[0])])
        store_history(connection, asin(number), [(at, prices[1])])
        store_current_price(connection, asin(number), at=at, price=prices[1])
    connection.execute(
        "UPDATE watched_products SET last_checked_at = now() WHERE asin <= %s", (asin(3),)
    )
    return pages_console


def states(connection: Connection) -> dict[str, str]:
    """The states of the watches that are not simply watched, by ASIN."""
    rows = connection.execute("SELECT asin, status FROM watched_products WHERE status <> 'ACTIVE'")
    return {row["asin"]: row["status"] for row in rows}


def test_home_leads_to_what_matters_and_back(shelf: Console, visit: Callable[..., Visit]) -> None:
    ann = visit(shelf, ANN)
    page = ann.open()
    page.get_by_role("link", name="One price is at its target.").wait_for()
    page.get_by_role("link", name="Some products have not been checked yet.").wait_for()
    dropped = page.get_by_role("listitem").filter(has_text="fell by")
    assert dropped.first.get_by_role("link").inner_text() == ARABIC
    ann.is_accessible()

    page.get_by_role("link", name="One watched product has no offer now.").click()
    page.get_by_role("row", name="Kettle 003").wait_for()
    assert page.get_by_role("row").count() == 2
    page.get_by_label("Price").select_option("dropped")
    page.get_by_role("button", name="Change").click()
    page.get_by_role("columnheader", name="Change").and_(
        page.locator("[aria-sort=ascending]")
    ).wait_for()
    first = page.get_by_role("row").nth(1)
    first.get_by_text("▼").wait_for()
    assert ARABIC in first.inner_text()
    ann.is_accessible()
    page.go_back()
    page.go_back()
    page.get_by_role("row", name="Kettle 003").wait_for()
    page.go_back()
    page.get_by_role("heading", name="Dropped this week").wait_for()


def test_chosen_watches_are_changed_at_once_and_given_back(
    shelf: Console, visit: Callable[..., Visit], connection: Connection
) -> None:
    ann = visit(shelf, ANN)
    page = ann.open("watches?sort=title")
    page.get_by_text("1–50").wait_for()
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("51–100").wait_for()
    page.get_by_role("row", name="Kettle 060").wait_for()
    page.get_by_role("button", name="Previous page").click()
    page.get_by_text("1–50").wait_for()

    page.get_by_label("Search title or ASIN").fill("kettle 00")
    page.get_by_role("row", name="Kettle 004").wait_for()
    page.get_by_text("1–50").wait_for(state="detached")
    for number in (4, 5):
        page.get_by_label(f"Choose Kettle {number:03d}").check()
    page.get_by_role("status").filter(has_text="2 chosen").wait_for()
    ann.is_accessible()
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Paused: 2.").wait_for()
    assert states(connection) == {asin(4): "PAUSED", asin(5): "PAUSED"}
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Undone.").wait_for()
    assert states(connection) == {}

    page.get_by_label("Tag to add").fill("Desk")
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_role("row", name="Kettle 005").get_by_text("desk").wait_for()
    page.get_by_label("Tag", exact=True).select_option("desk")
    page.get_by_role("row", name="Kettle 006").wait_for(state="detached")
    page.get_by_label("Choose all on this page").check()
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("Removed: 2.").wait_for()
    assert states(connection) == {asin(4): "INACTIVE", asin(5): "INACTIVE"}
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("row", name="Kettle 005").wait_for()
    assert states(connection) == {}
