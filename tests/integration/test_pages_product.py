"""The page of a product in a browser: its chart, its figures, and the alert edited there."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from keeper.stores.postgres.connection import Connection
from tests.console_server import ANN, Console
from tests.page_visit import DESK, PHONE, Visit
from tests.stored_prices import store_current_price, store_history

ASIN = "B00EXAMPL0"
TITLE = "לוח מקשים מכני — a mechanical keyboard with " + 12 * "very "


@pytest.fixture
def product(connection: Connection, pages_console: Console) -> Console:
    """A console that knows a product: nine months of prices, a gap, jumps, another site."""
    now = pages_console.clock.now
    points = [
        (now - timedelta(days=270 - day), None if 240 < day < 247 else 9000 - 700 * (day % 7))
        for day in range(0, 270, 5)
    ]
    store_history(connection, ASIN, points)
    store_history(connection, ASIN, points[::4], price_type="AMAZON")
    store_history(connection, ASIN, points[::3], domain="de")
    connection.execute(
        "UPDATE price_points SET implausible = (price_minor IS NOT DISTINCT FROM 4800)"
    )
    connection.execute("UPDATE price_series SET currency = 'EUR' WHERE domain = 'de'")
    store_current_price(connection, ASIN, at=now - timedelta(hours=1), price=7039)
    connection.execute(
        "UPDATE price_series SET price_minor = 6800, observed_at = %(at)s, newest_at = %(at)s,"
        " last_checked_at = %(at)s, origin_id = (SELECT max(origin_id) FROM price_origins)"
        " WHERE price_minor IS NULL",
        {"at": now - timedelta(days=5)},
    )
    connection.execute(
        "INSERT INTO products (asin, domain, title, source, described_at)"
        " VALUES (%s, 'us', %s, 'simulator', now())",
        (ASIN, TITLE),
    )
    return pages_console


def looks_at_another_price(page: Page) -> None:
    """Choose another price in the form and come back; what was typed stays."""
    page.get_by_label("Which price").select_option("AMAZON")
    page.get_by_role("heading", name="Watch this price").wait_for()
    page.wait_for_url("**type=AMAZON**")
    assert page.get_by_label("Alert at or below").input_value() == "60"
    page.get_by_text("More", exact=True).click()
    assert page.get_by_label("Tags").input_value() == "desk, Gifts"
    page.get_by_label("Which price").select_option("NEW")
    page.wait_for_url("**type=NEW**")


def test_an_alert_is_edited_beside_the_chart_that_tries_it(
    product: Console, visit: Callable[..., Visit], connection: Connection
) -> None:
    ann = visit(product, ANN, viewport=PHONE, color_scheme="dark")
    page = ann.open(f"products/us/{ASIN}?type=NEW")
    page.get_by_role("button", name="Watch", exact=True).click()
    page.get_by_role("heading", name="Watch this price").wait_for()
    page.get_by_label("Alert at or below").fill("60")
    page.get_by_role("button", name="Add a reason").click()
    page.get_by_label("Condition").select_option("lowest")
    page.get_by_label("Days", exact=True).fill("3")
    page.get_by_text("A figure is missing or out of its bounds.").wait_for()
    page.get_by_label("Days", exact=True).fill("60")
    page.get_by_text("Alerts when the price is the lowest in 60 days.").last.wait_for()
    page.get_by_text("Would have alerted").first.wait_for()
    page.get_by_role("listitem").filter(has_text="would have alerted").wait_for()
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Tags").fill("desk, Gifts")
    looks_at_another_price(page)
    page.get_by_text("Would have alerted").first.wait_for()
    ann.is_accessible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Save").click()

    page.get_by_text("Watched.").wait_for()
    row = connection.execute("SELECT target_minor, tags FROM watched_products").fetchone()
    assert row == {"target_minor": 6000, "tags": ["desk", "gifts"]}
    handle = page.get_by_role("slider", name="Target")
    before = handle.get_attribute("aria-valuetext")
    assert before == "$60.00"
    handle.press("ArrowUp")
    handle.press("ArrowUp")
    page.get_by_role("heading", name="Edit alert").wait_for()
    moved = page.get_by_label("Alert at or below").input_value()
    assert 60 < float(moved) < 70
    ann.expected = ("400",)
    prices = f"**/api/v1/prices/{ASIN}?*"
    page.route(prices, lambda route: route.fulfill(status=400, json={"title": "No"}))
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    page.get_by_role("alert").wait_for()
    assert handle.is_visible()
    page.unroute(prices)
    page.get_by_role("alert").get_by_role("button").click()
    page.get_by_role("alert").wait_for(state="detached")
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Undone.").wait_for()
    row = connection.execute("SELECT target_minor FROM watched_products").fetchone()
    assert row == {"target_minor": 6000}

    page.get_by_role("button", name="Edit alert").click()
    page.get_by_role("button", name="Stop watching").click()
    page.get_by_text("No longer watched.").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Undone.").wait_for()
    row = connection.execute(
        "SELECT target_minor, tags, status FROM watched_products ORDER BY watch_id DESC"
    ).fetchone()
    assert row == {"target_minor": 6000, "tags": ["desk", "gifts"], "status": "ACTIVE"}


def test_a_chart_is_zoomed_read_by_keys_and_downloaded(
    product: Console, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    ann = visit(product, ANN, viewport=DESK)
    page = ann.open(f"products/us/{ASIN}?type=NEW")
    page.get_by_text("Cheaper than on").wait_for()
    page.get_by_role("button", name="Year").click()
    chart = page.get_by_role("img", name="Price history")
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Show the whole range").click()
    page.get_by_role("button", name="Show the whole range").wait_for(state="detached")
    chart.press("+")
    chart.press("Escape")
    page.get_by_role("button", name="Show the whole range").wait_for(state="detached")
    chart.press("ArrowLeft")
    page.locator("figcaption").get_by_text("before that").wait_for()
    page.get_by_text("a jump that nothing has confirmed").wait_for()
    page.get_by_text("no offer", exact=True).first.wait_for()

    page.get_by_role("button", name="amazon.com · Amazon").click()
    page.get_by_role("button", name="amazon.de · New").click()
    page.get_by_role("button", name="Average").click()
    page.locator("figcaption").get_by_text("amazon.de · New").wait_for()
    ann.is_accessible()
    page.get_by_role("button", name="Next page").click()
    page.get_by_role("button", name="First page").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    download.value.save_as(tmp_path / "history.csv")
    lines = (tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("observed_at,price,shipping,currency")
    assert len(lines) == 1 + 54
    page.get_by_role("button", name="Other sites").click()
    page.get_by_role("link", name="amazon.de").wait_for()
    page.get_by_role("button", name="Details").click()
    page.get_by_text("Simulated: invented, not from Amazon").wait_for()
    page.get_by_text("All figures").click()
    page.get_by_role("cell", name="$90.00").first.wait_for()
    ann.is_accessible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
