"""What people do with their watches in the browser: see what matters, choose, change, undo."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keeper.domain.discovery import Proposal
from keeper.domain.watches.watch import Watch
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.discovery.proposals import add_proposals
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.console_server import ANN, BOSS, Console
from tests.found_deals import Found
from tests.page_visit import PHONE, Visit
from tests.stored_prices import store_current_price, store_history

if TYPE_CHECKING:
    from playwright.sync_api import Route

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
    priced: dict[int, tuple[int, int | None]] = {1: (2000, 1500), 2: (2000, 990), 3: (1000, None)}
    for number, (before, price) in priced.items():
        at = now - timedelta(hours=3)
        store_history(connection, asin(number), [(at - timedelta(days=40), before)])
        store_history(connection, asin(number), [(at, price)])
        store_current_price(connection, asin(number), at=at, price=price)
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
    page.get_by_text("1–50 of 120").wait_for()
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("51–100 of 120").wait_for()
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


def fits(visit: Visit) -> bool:
    """Whether the page is no wider than its window."""
    return bool(visit.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))


def test_pasted_lines_and_a_file_are_seen_before_they_are_saved(
    pages_console: Console, visit: Callable[..., Visit], connection: Connection, tmp_path: Path
) -> None:
    ann = visit(pages_console, ANN, viewport=PHONE)
    page = ann.open("add")
    pasted = [f"https://www.amazon.de/dp/{asin(1)}?tag=x", "https://amzn.to/3x", asin(2)]
    page.get_by_label("Address at Amazon, or ASIN").fill("\n".join(pasted))
    page.get_by_text(f"{asin(1)} on amazon.de").wait_for()
    page.get_by_text("is a short link").wait_for()
    assert page.get_by_role("button", name="Watch 3 products").is_disabled()
    ann.is_accessible()
    assert fits(ann)

    page.get_by_label("Address at Amazon, or ASIN").fill("\n".join([pasted[0], pasted[2]]))
    page.get_by_label(f"Own target of {asin(2)}").fill("12.50")
    page.get_by_label("Tell me at or below").fill("20")
    # Nobody has fetched the product yet, which its page asks for.
    ann.expected = ("503", "404")
    page.route("**/api/v1/watches", _refuse_the_second)
    page.get_by_role("button", name="Watch 2 products").click()
    page.get_by_text("Watched: 1.").wait_for()
    page.get_by_text("The database is away.").wait_for()
    page.unroute("**/api/v1/watches")
    assert page.get_by_label("Address at Amazon, or ASIN").input_value() == asin(2)
    page.get_by_role("button", name="Watch it").click()
    page.get_by_role("heading", name=asin(2)).wait_for()
    targets = "SELECT asin, domain, target_minor FROM watched_products ORDER BY asin"
    saved = [tuple(row.values()) for row in connection.execute(targets)]
    assert saved == [(asin(1), "de", 2000), (asin(2), "us", 1250)]
    page = ann.open("watches")
    page.get_by_role("row", name="Title not known yet").first.wait_for()
    ann.is_accessible()
    assert fits(ann)

    file = tmp_path / "list.csv"
    file.write_text(f"asin,target_price\n{asin(2)},9.99\nnonsense,1\n{asin(3)},\n")
    page.get_by_role("link", name="Add a product").click()
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_text("3 rows: 1 new, 1 changed, 0 as before, 1 bad.").wait_for()
    page.get_by_text("Row 3:").wait_for()
    ann.is_accessible()
    assert len(list(connection.execute(targets))) == 2
    page.get_by_role("button", name="Save 2").click()
    page.get_by_text("Saved: 1 new, 1 changed.").wait_for()
    assert len(list(connection.execute(targets))) == 3


def _refuse_the_second(route: "Route") -> None:
    if asin(2) not in (route.request.post_data or ""):
        route.continue_()
        return
    problem = {"title": "Unavailable", "status": 503, "detail": "The database is away."}
    route.fulfill(status=503, json=problem, content_type="application/problem+json")


def test_deals_are_searched_for_seen_and_watched(
    pages_console: Console, visit: Callable[..., Visit], connection: Connection, found: Found
) -> None:
    now = pages_console.clock.now
    pages_console.user(ANN)
    for number, score in ((1, 91), (2, 55)):
        found(
            asin(number),
            user=ANN,
            at=now - timedelta(hours=2),
            title=f"Kettle {number}",
            score=score,
        )
    store_history(connection, asin(1), [(now - timedelta(days=90), 3000), (now, 2000)])
    ann = visit(pages_console, ANN, viewport=PHONE)
    page = ann.open("deals")
    page.get_by_text("33% below $30.00, its average of 90 days").first.wait_for()
    page.get_by_text("The last year").first.wait_for()
    ann.is_accessible()
    assert fits(ann)
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Score").select_option("75")
    page.get_by_role("heading", name="Kettle 2").wait_for(state="detached")

    page.get_by_role("button", name="Save a search").click()
    page.get_by_label("What you call it").fill("keyboards")
    page.get_by_label("Price up to").fill("79.90")
    ann.is_accessible()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="keyboards").wait_for()
    page.get_by_role("button", name="Remove keyboards").click()
    page.get_by_text("keyboards is removed.").wait_for()
    page.get_by_role("link", name="keyboards").wait_for(state="detached")
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="keyboards").wait_for()
    query = "SELECT selection->'currentRange' AS range FROM deal_filters WHERE name = 'keyboards'"
    assert [row["range"] for row in connection.execute(query)] == [[0, 7990]]

    page.get_by_role("link", name="Watch", exact=True).click()
    page.get_by_role("heading", name="Watch this price").wait_for()
    assert f"/products/us/{asin(1)}?type=" in page.url


def test_operators_decide_on_proposals(
    pages_console: Console, visit: Callable[..., Visit], connection: Connection
) -> None:
    boss = visit(pages_console, BOSS)
    page = boss.open("deals/discovery")
    page.get_by_role("button", name="Save a search").click()
    page.get_by_label("Category").fill("541966")
    boss.is_accessible()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="best sellers of 541966").wait_for()
    number = connection.execute("SELECT discovery_id FROM discoveries").fetchall()[0][
        "discovery_id"
    ]
    numbers = (1, 2, 3)
    add_proposals(connection, [_proposal(asin(one), number) for one in numbers])
    page.reload()
    page.get_by_label(f"Choose Kettle {asin(1)}").check()
    page.get_by_label(f"Choose Kettle {asin(2)}").check()
    boss.is_accessible()
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Watched from now on: 2.").wait_for()
    page.get_by_label(f"Choose Kettle {asin(3)}").check()
    page.get_by_role("button", name="Reject").click()
    page.get_by_text("Never proposed again: 1.").wait_for()
    watched = connection.execute("SELECT asin, target_minor FROM watched_products ORDER BY asin")
    assert [tuple(row.values()) for row in watched] == [(asin(1), 2400), (asin(2), 2400)]


def _proposal(of: str, discovery_id: int) -> Proposal:
    return Proposal(
        asin=of,
        domain="us",
        discovery_id=discovery_id,
        title=f"Kettle {of}",
        price_type="NEW",
        price_minor=2400,
        currency="USD",
        average_90_days_minor=3000,
        target_minor=2400,
        rating=4.5,
        review_count=7,
        sales_rank=3,
        source="simulator",
        run_id="run-1",
    )
