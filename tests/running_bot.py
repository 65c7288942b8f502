"""Bots that run in threads against a real console and the strict Telegram."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from keeper.bot.running import BotConfig, run_bot
from keeper.metrics import Waits
from keeper.settings.bot import BotSettings
from keeper.stores.postgres.connection import PostgresConfig
from tests.console_server import Console
from tests.telegram_links import bot_token
from tests.telegram_server import TOKEN, TelegramServer


class RunningBot:
    """A bot in a thread of its own.

    Attributes:
        waits: What it waits for.
        turns: How many heartbeats it has given.
        error: What has ended it; None while it runs, or when it was stopped.
    """

    def __init__(self, config: BotConfig) -> None:
        self.waits = Waits()
        self.turns = 0
        self.error: Exception | None = None
        self._config = config
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """End it, and wait until it has."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            coroutine = run_bot(self._config, waits=self.waits, beat=self._beat)
            self._task = self._loop.create_task(coroutine)
            self._ready.set()
            try:
                self._loop.run_until_complete(self._task)
            except asyncio.CancelledError:
                pass
            except Exception as error:  # noqa: BLE001 - a test looks at it
                self.error = error

    def _beat(self) -> None:
        self.turns += 1


@contextmanager
def running(config: BotConfig) -> Iterator[RunningBot]:
    """Run a bot for the block."""
    bot = RunningBot(config)
    try:
        yield bot
    finally:
        bot.stop()


@pytest.fixture
def start_bot(
    console: Console, telegram: TelegramServer, database: PostgresConfig
) -> Iterator[Callable[..., RunningBot]]:
    """Starts bots that use the test's console and Telegram."""
    with ExitStack() as bots:

        def start(**given: Any) -> RunningBot:
            settings = BotSettings(
                KEEPER_BOT_API_URL=console.url,
                KEEPER_BOT_API_TOKEN=SecretStr(bot_token(console, days=366)),
                **given.pop("settings", {}),
            )
            config = BotConfig(
                settings=settings,
                token=TOKEN,
                telegram_url=telegram.url,
                database=database,
                pause_s=0.05,
                clock=console.clock,
                **given,
            )
            return bots.enter_context(running(config))

        yield start
