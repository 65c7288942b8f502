"""The pages in a browser: from a link to sign in to a saved watch, and what any page must keep."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from keeper.stores.postgres.connection import Connection
from tests.console_server import ANN, Console
from tests.page_visit import DESK, PHONE, Visit, offline
from tests.stored_prices import store_current_price, store_history

ASIN = "B00EXAMPL0"
MOST_SCRIPT_BYTES = 130_000


@pytest.fixture
def known_product(connection: Connection, pages_console: Console) -> Console:
    """A console that knows a product: its title, three months of prices, a gap among them."""
    now = pages_console.clock.now
    points = [
        (now - timedelta(days=90 - day), None if 40 < day < 45 else 8000 - 13 * day)
        for day in range(0, 90, 3)
    ]
    store_history(connection, ASIN, points)
    store_current_price(connection, ASIN, at=now - timedelta(hours=1), price=7039)
    connection.execute(
        "INSERT INTO products (asin, domain, title, source, described_at)"
        " VALUES (%s, 'us', 'A mechanical keyboard', 'simulator', now())",
        (ASIN,),
    )
    return pages_console


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["375", "1280"])
def test_somebody_signs_in_and_watches_a_product(
    known_product: Console,
    visit: Callable[..., Visit],
    connection: Connection,
    viewport: dict[str, int],
    scheme: str,
) -> None:
    ann = visit(known_product, ANN, viewport=viewport, color_scheme=scheme)
    page = ann.page
    page.get_by_role("link", name="Go on to Keeper").click()
    page.get_by_role("heading", name="You watch nothing yet.").wait_for()
    ann.is_accessible()

    page.get_by_label("Address of a product at Amazon").fill(f"https://www.amazon.com/dp/{ASIN}")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Tell me at or below").fill("65")
    ann.is_accessible()
    page.get_by_role("button", name="Watch it").click()

    page.get_by_role("heading", name="A mechanical keyboard").wait_for()
    page.get_by_role("img", name="Price history").wait_for()
    page.get_by_text("$70.39").first.wait_for()
    ann.is_accessible()
    row = connection.execute("SELECT asin, target_minor FROM watched_products").fetchone()
    assert row == {"asin": ASIN, "target_minor": 6500}

    page.get_by_role("link", name="Watches", exact=True).click()
    page.get_by_role("link", name="A mechanical keyboard").wait_for()
    page.get_by_text("8.3% above").wait_for()
    ann.is_accessible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_who_has_not_signed_in_is_asked_to(
    pages_console: Console, visit: Callable[..., Visit]
) -> None:
    stranger = visit(pages_console, None)
    stranger.expected = ("401",)
    page = stranger.open("watches")
    page.get_by_label("Your mail address").fill(ANN)
    page.get_by_role("button", name="Mail me a link").click()
    page.get_by_text("a link is on its way").wait_for()
    stranger.is_accessible()


def test_the_pages_speak_german(pages_console: Console, visit: Callable[..., Visit]) -> None:
    ann = visit(pages_console, ANN, locale="de-DE")
    page = ann.open()
    page.get_by_role("heading", name="Du beobachtest noch nichts.").wait_for()
    assert page.evaluate("() => document.documentElement.lang") == "de"


def test_a_page_loads_few_scripts(
    known_product: Console, visit: Callable[..., Visit], pages_dir: Path
) -> None:
    import gzip

    ann = visit(known_product, ANN)
    loaded: set[str] = set()
    ann.page.on("response", lambda answer: loaded.add(answer.url.split("/app/")[-1]))
    ann.open(f"products/us/{ASIN}")
    ann.page.get_by_role("img", name="Price history").wait_for()
    scripts = [name for name in loaded if name.endswith(".js")]
    assert scripts
    size = sum(len(gzip.compress((pages_dir / name).read_bytes())) for name in scripts)
    assert size <= MOST_SCRIPT_BYTES, sorted(scripts)


def test_the_pages_say_that_the_network_is_away_and_go_on_when_it_is_back(
    known_product: Console, visit: Callable[..., Visit], connection: Connection
) -> None:
    ann = visit(known_product, ANN)
    ann.expected = ("ERR_INTERNET_DISCONNECTED",)
    page = ann.open(f"products/us/{ASIN}")
    page.get_by_text("$70.39").first.wait_for()
    page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    page.reload()
    page.get_by_role("img", name="Price history").wait_for()

    with offline(ann):
        page.get_by_text("Offline. What you see is what was read last.").wait_for()
        page.get_by_text("$70.39").first.wait_for()
        # The pages themselves open without a network.
        page.reload()
        page.get_by_text("Keeper does not answer.").wait_for()

    page.get_by_role("button", name="Try again").click()
    page.get_by_text("$70.39").first.wait_for()
