"""The pages while the API is slow, and in many windows at once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keeper.console.pages.web_app import web_app_routes
from keeper.domain.watches.watch import Watch
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.watches.watch_list import save_watches
from keeper.streams.config import KafkaConfig
from tests.console_server import ANN, BOSS, Clock, Console
from tests.found_deals import Found
from tests.page_visit import DESK, PHONE, Visit
from tests.relaying import caching_console, quick, relaying, trusted
from tests.stored_prices import store_current_price, store_history

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Route

TABS = 6
"""As many connections as a browser holds to a host without HTTP/2."""
MOST_SHIFT = 0.005
"""Web Vitals call 0.1 of cumulative layout shift good."""
KEEP_SHIFTS = """
window.shifts = [];
new PerformanceObserver((seen) => {
  for (const shift of seen.getEntries()) {
    const moved = shift.sources.map(({ node, previousRect, currentRect }) =>
      [(node?.outerHTML ?? "").slice(0, 80), previousRect.top, currentRect.top]);
    if (!shift.hadRecentInput) window.shifts.push([shift.value, moved]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
KEEP_FIRST_USE = """
new MutationObserver((_, observer) => {
  if (!document.querySelector("h1") || document.querySelector("[data-loading]")) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.usefulAt = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
PAUSE_MS = 50
PRODUCT = "products/us/B000000001?type=NEW"
MOST_USED = ("", "watches", PRODUCT, "deals", "operations/tokens")
OTHERS = (
    "deals/discovery",
    "messages",
    "messages/sent",
    "messages/channels",
    "messages/rules",
    "messages/reports",
    "operations",
    "operations/runs",
    "operations/topics",
    "operations/search",
    "operations/storage",
    "operations/users",
    "settings",
)


def asin(number: int) -> str:
    return f"B{number:09d}"


@pytest.fixture
def shelf(
    connection: Connection,
    pages_console: Console,
    found: Found,
    raise_alerts: Callable[..., None],
) -> Console:
    """A console of an operator's twelve watches: prices of three months, deals, alerts."""
    now = pages_console.clock.now
    pages_console.user(BOSS)
    raise_alerts(2, hour=1, user=BOSS)
    save_watches(connection, BOSS, [Watch(asin(n), "us", "NEW", 1000) for n in range(1, 13)])
    points = [(now - timedelta(days=90 - day), 2000 - 7 * day) for day in range(0, 90, 9)]
    for number in range(1, 13):
        connection.execute(
            "INSERT INTO products (asin, domain, title, source, described_at)"
            " VALUES (%s, 'us', %s, 'simulator', now())",
            (asin(number), f"Kettle {number:02d}"),
        )
        store_history(connection, asin(number), points)
        store_current_price(connection, asin(number), at=now - timedelta(hours=2), price=1200)
    for number in range(1, 5):
        at = now - timedelta(hours=2)
        found(asin(number), user=BOSS, at=at, title=f"Kettle {number}", score=90 - number)
    return pages_console


class SlowApi:
    """Holds what a window asks of the API, and answers one at a time."""

    def __init__(self, page: "Page") -> None:
        """Hold all from now on, but the live events."""
        self._page = page
        self._held: list[Route] = []
        page.route("**/api/v1/**", self._hold)

    def _hold(self, route: "Route") -> None:
        if route.request.url.endswith("/events"):
            route.fulfill(status=204)
        else:
            self._held.append(route)

    def answer_all(self) -> None:
        """Answer all, and what is asked for then, each once the page shows the one before."""
        loading = self._page.get_by_text("Loading", exact=True)
        while self._held or loading.count() > 0 or self._asks_more():
            if self._held:
                route = self._held.pop(0)
                route.continue_()
                route.request.response()
            self._page.evaluate(TWO_FRAMES)

    def _asks_more(self) -> bool:
        # What came last is drawn, and asks for what it needs, at once.
        self._page.wait_for_timeout(PAUSE_MS)
        return bool(self._held)


@pytest.mark.parametrize(
    ("viewport", "paths"),
    [
        pytest.param(PHONE, MOST_USED, id="375"),
        pytest.param(DESK, ("deals", PRODUCT), id="1280"),
        pytest.param(PHONE, OTHERS, id="375-others", marks=pytest.mark.nightly),
        pytest.param(DESK, (*MOST_USED, *OTHERS), id="1280-all", marks=pytest.mark.nightly),
    ],
)
def test_nothing_jumps_while_a_slow_api_answers(
    shelf: Console,
    visit: Callable[..., Visit],
    viewport: dict[str, int],
    paths: tuple[str, ...],
) -> None:
    boss = visit(shelf, BOSS, viewport=viewport)
    page = boss.page
    page.add_init_script(KEEP_SHIFTS)
    api = SlowApi(page)
    for path in paths:
        boss.open(path)
        # Before anything is answered there is a frame, and what stands for the page in it.
        page.get_by_text("Loading", exact=True).wait_for(state="attached")
        page.get_by_role("navigation", name="Main menu").wait_for(state="attached")
        api.answer_all()
        page.get_by_role("heading", level=1).wait_for()
        shifts = page.evaluate("() => window.shifts")
        assert sum(shift for shift, _ in shifts) <= MOST_SHIFT, (path, shifts)
    page.unroute("**/api/v1/**")


def test_a_page_is_of_use_soon_without_anything_kept(
    shelf: Console,
    visit: Callable[..., Visit],
    record_property: Callable[[str, object], None],
) -> None:
    for path in ("", "watches", PRODUCT):
        boss = visit(shelf, BOSS)
        boss.page.add_init_script(KEEP_FIRST_USE)
        page = boss.open(path)
        page.wait_for_function("() => window.usefulAt !== undefined")
        useful, painted = page.evaluate(
            "() => [usefulAt, performance.getEntriesByName('first-contentful-paint')[0].startTime]"
        )
        # How quick it is depends on what else the machine does; that it was painted does not.
        record_property(f"/{path}", f"painted after {painted:.0f}, of use after {useful:.0f} ms")
        assert 0 < painted <= useful
        page.get_by_role("heading", level=1).wait_for()


@pytest.fixture
def live_console(
    database: PostgresConfig,
    connection: Connection,
    kafka: KafkaConfig,
    topic: str,
    pages_dir: Path,
) -> Iterator[Console]:
    """A console with its pages to which a relay brings what changes."""
    with ExitStack() as running:
        running.enter_context(relaying(quick(database, kafka, topic)))
        console, cache = running.enter_context(
            caching_console(
                database,
                connection,
                kafka,
                topic,
                clock=Clock(datetime.now(UTC)),
                pages=web_app_routes(pages_dir),
            )
        )
        trusted(cache)
        yield console


def test_six_windows_see_changes_by_one_stream(
    live_console: Console, visit: Callable[..., Visit], connection: Connection
) -> None:
    now = live_console.clock.now

    def costs(price: int) -> None:
        store_current_price(connection, asin(1), at=now - timedelta(hours=1), price=price)

    store_history(connection, asin(1), [(now - timedelta(hours=2), 2000)])
    costs(2000)
    live_console.user(ANN)
    save_watches(connection, ANN, [Watch(asin(1), "us", "NEW", 1000)])
    ann = visit(live_console, ANN)
    context = ann.page.context
    streams: list[Page] = []

    def keep(request: "Request") -> None:
        if request.url.endswith("/api/v1/events"):
            streams.append(request.frame.page)

    context.on("request", keep)
    tabs = [ann.page, *(context.new_page() for _ in range(TABS - 1))]
    for tab in tabs:
        tab.goto(f"{ann.url}{PRODUCT}")
        tab.get_by_text("$20.00").first.wait_for()
    assert len(streams) == 1
    costs(1900)
    show(tabs, "$19.00")

    # Another leads when the one that listened is closed; what came between is not missed.
    def fall_meanwhile(route: "Route") -> None:
        costs(1800)
        route.continue_()

    context.route("**/api/v1/events", fall_meanwhile)
    leader = streams[0]
    tabs.remove(leader)
    leader.close()
    show(tabs, "$18.00")
    costs(1700)
    show(tabs, "$17.00")
    assert len(streams) == 2


def show(tabs: list["Page"], price: str) -> None:
    """Wait until each shows a price; one that nobody sees reads it when it is looked at."""
    for tab in tabs:
        tab.bring_to_front()
        tab.get_by_text(price).first.wait_for()
