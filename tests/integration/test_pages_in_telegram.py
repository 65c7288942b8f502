"""The mini app: the pages as Telegram shows them."""

from collections.abc import Callable
from urllib.parse import quote

from tests.chat_server import TOKEN
from tests.console_server import ANN, Console
from tests.page_visit import PHONE, Visit
from tests.telegram_links import init_data, link_telegram


def test_telegram_shows_the_pages_to_whom_it_has_signed_for_and_to_nobody_else(
    pages_console: Console, visit: Callable[..., Visit]
) -> None:
    console = pages_console
    link_telegram(console, ANN, 7)
    phone = visit(console, None, viewport=PHONE)
    signed = quote(init_data(7, console.clock.now))
    page = phone.open(f"telegram#tgWebAppData={signed}&tgWebAppVersion=9.1")
    page.get_by_role("heading", name="Home", exact=True).wait_for()
    assert page.context.cookies() == []
    assert TOKEN not in page.content()
    phone.is_accessible()

    stranger = visit(console, None, viewport=PHONE)
    stranger.expected = ("403",)
    signed = quote(init_data(8, console.clock.now))
    page = stranger.open(f"telegram#tgWebAppData={signed}")
    page.get_by_text("link it in the console's settings").wait_for()

    framed = console.nobody()
    policies = {
        path: framed.get(f"/app/{path}").headers["Content-Security-Policy"].split("; ")[-1]
        for path in ("telegram", "watches", "")
    }
    assert policies.pop("telegram") == "frame-ancestors https://web.telegram.org"
    assert set(policies.values()) == {"frame-ancestors 'none'"}
