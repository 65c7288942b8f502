"""The bot against the strict Telegram, a real console and a real PostgreSQL: polling."""

from collections.abc import Callable

import pytest

from tests.console_server import ANN, Console
from tests.running_bot import RunningBot
from tests.telegram_server import TelegramServer
from tests.waiting import wait_until

WATCHES = "/api/v1/watches"
ADDRESS = "https://www.amazon.de/-/en/Kettle/dp/B00EXAMPL0?th=1"


@pytest.fixture
def bot(start_bot: Callable[..., RunningBot]) -> RunningBot:
    return start_bot()


def test_from_the_code_to_a_saved_watch(
    console: Console, telegram: TelegramServer, bot: RunningBot
) -> None:
    browser = console.browser(ANN)
    wait_until(lambda: browser.get("/api/v1/me/telegram").json()["bot"], "the bot has a name")
    code = browser.post("/api/v1/me/telegram").json()
    assert code["link"].startswith("https://t.me/keeper_bot?start=")

    greeting = telegram.asks(7, f"/start {code['code']}")
    assert f"You are linked to {ANN}" in greeting.text
    shown = telegram.asks(7, f"look at this {ADDRESS}")
    assert "does not know this product yet" in shown.text
    asked = telegram.touches(shown, "Watch at my own price")
    assert "24.99" in asked.text
    saved = telegram.asks(7, "€ 59,90")

    assert saved.text.startswith("Done: I watch it.")
    (watch,) = browser.get(WATCHES).json()["items"]
    assert (watch["asin"], watch["domain"], watch["target"]["text"]) == (
        "B00EXAMPL0",
        "de",
        "€59.90",
    )
    assert telegram.unanswered == set()
