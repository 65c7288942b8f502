"""The commands of the bot: its token for the API, the mini app's key, and itself as a process."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.clock import utc_now
from keeper.domain.users.telegram import app_key_of
from keeper.errors import SettingsError
from keeper.settings import load_settings
from keeper.stores.postgres.connection import PostgresConfig
from tests.console_server import ANN, BOSS, Console
from tests.telegram_links import bot_token, link_telegram
from tests.telegram_server import TOKEN, TelegramServer
from tests.waiting import wait_until


@pytest.fixture
def keeper(database: PostgresConfig, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command on the test's database, without a bot."""
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("KEEPER_USER_EMAIL", BOSS)
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN", raising=False)
    load_settings.cache_clear()

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, words)

    return run


@pytest.fixture(autouse=True)
def _fresh_settings() -> None:
    load_settings.cache_clear()


def test_an_operator_makes_the_bots_token_and_nobody_else(
    console: Console, keeper: Callable[..., Result]
) -> None:
    made = keeper("api-tokens", "make", "keeper-bot", "--bot")
    token = made.stdout.strip()
    console.clock.now = utc_now()
    bot = console.nobody({"Authorization": f"Bearer {token}"})
    assert bot.put("/api/v1/telegram/bot", json={"username": "keeper_bot"}).status_code == 204
    assert bot.get("/api/v1/me").status_code == 401
    listed = keeper("api-tokens", "list", "--json").stdout
    assert '"is_of_bot": true' in listed

    console.user(ANN)
    refused = keeper("api-tokens", "make", "mine", "--bot", "--user", ANN)
    assert refused.exit_code == 2
    assert "for operators only" in refused.output
    both = keeper("api-tokens", "make", "both", "--bot", "--scope", "watches:read")
    neither = keeper("api-tokens", "make", "neither")
    assert (both.exit_code, neither.exit_code) == (2, 2)


def test_the_mini_apps_key_is_printed_and_says_what_is_missing(
    keeper: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (("bot", "app-key"), ("bot",)):
        missing = keeper(*words)
        assert isinstance(missing.exception, SettingsError)
        assert "TELEGRAM_BOT_TOKEN" in str(missing.exception)
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
    load_settings.cache_clear()
    assert keeper("bot", "app-key").stdout.strip() == app_key_of(TOKEN).hex()
    missing = keeper("bot")
    assert isinstance(missing.exception, SettingsError)
    assert "keeper api-tokens make" in str(missing.exception)


def test_as_a_process_it_answers_gives_heartbeats_and_ends_when_it_is_asked_to(
    console: Console, telegram: TelegramServer, database: PostgresConfig, tmp_path: Path
) -> None:
    link_telegram(console, ANN, 7)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KEEPER_")},
        "DATABASE_URL": database.url,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "KEEPER_TELEGRAM_URL": telegram.url,
        "KEEPER_BOT_API_URL": console.url,
        "KEEPER_BOT_API_TOKEN": bot_token(console),
        "KEEPER_RUN_DIR": str(tmp_path),
    }
    # Its clock is not the test's: a token that is good then is good now.
    process = subprocess.Popen(
        [sys.executable, "-c", "from keeper.cli import main; main()", "bot"],
        env=environment,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert "You watch nothing yet" in telegram.asks(7, "/list").text
        wait_until((tmp_path / "bot.alive").exists, "a heartbeat")
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate()
    assert process.returncode == 0, said
    assert said.splitlines()[-1] == "stopped"
    assert TOKEN not in said
