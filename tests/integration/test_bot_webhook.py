"""The bot with a webhook: Telegram sends it updates, and nobody else can."""

import threading
from collections.abc import Callable

import httpx
import pytest

from tests.console_server import ANN, Console
from tests.running_bot import RunningBot
from tests.services import free_port
from tests.telegram_links import link_telegram
from tests.telegram_server import TelegramServer
from tests.waiting import wait_until

PUBLIC = "https://keeper.example.org"


@pytest.fixture
def bot(telegram: TelegramServer, start_bot: Callable[..., RunningBot]) -> RunningBot:
    port = free_port()
    telegram.delivers_to = f"http://127.0.0.1:{port}"
    settings = {
        "KEEPER_BOT_WEBHOOK_URL": PUBLIC,
        "KEEPER_BOT_LISTEN": f"127.0.0.1:{port}",
    }
    bot = start_bot(settings=settings, public_url=PUBLIC)

    def listens() -> bool:
        try:
            health = httpx.get(f"{telegram.delivers_to}/health", trust_env=False)
        except httpx.HTTPError:
            return False
        return health.is_success and telegram.webhook is not None

    wait_until(listens, "the bot listens")
    return bot


def test_each_update_is_answered_once_and_only_telegrams(
    console: Console, telegram: TelegramServer, bot: RunningBot
) -> None:
    link_telegram(console, ANN, 7)
    update = telegram.writes(7, "/list")
    wait_until(lambda: len(telegram.sent) == 1, "the answer")
    # Telegram sends again what it believes to be lost.
    assert [telegram.deliver(update) for _ in range(3)] == [200] * 3
    forged = {**update, "update_id": 9_999}
    assert telegram.deliver(forged, secret="guessed") == 404
    assert telegram.deliver(forged, secret="") == 404
    assert telegram.webhook is not None
    shown = {"X-Telegram-Bot-Api-Secret-Token": telegram.webhook["secret_token"]}
    address = f"{telegram.delivers_to}/telegram/webhook"
    for body in (b"{", b"[]", b'{"update_id": "1"}'):
        answer = httpx.post(address, content=body, headers=shown, trust_env=False)
        assert answer.status_code == 400
    large = httpx.post(address, content=b" " * 1_000_001, headers=shown, trust_env=False)
    assert large.status_code == 413

    assert "You watch nothing yet" in telegram.asks(7, "/list").text
    assert len(telegram.sent) == 2
    assert telegram.menu is not None
    assert telegram.menu["web_app"]["url"] == f"{PUBLIC}/app/telegram"


def test_telegram_is_answered_before_the_work_is_done(
    console: Console, telegram: TelegramServer, bot: RunningBot
) -> None:
    link_telegram(console, ANN, 7)
    telegram.asks(7, "/list")
    with console.connection.transaction():
        # Whoever lists watches waits for this lock.
        console.connection.execute("LOCK TABLE watched_products IN ACCESS EXCLUSIVE MODE")
        done = threading.Event()
        taken = telegram.writes(7, "/list")
        done.set()
        assert taken["update_id"]
        assert len(telegram.sent) == 1
    wait_until(lambda: len(telegram.sent) == 2, "the answer")
