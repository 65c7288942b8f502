"""Runs the bot: made by the settings, known to Telegram and the console, until it is stopped."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import uvicorn
from telegram import Bot, BotCommand, MenuButtonWebApp, WebAppInfo
from telegram.error import InvalidToken, TelegramError
from telegram.ext import ApplicationBuilder
from telegram.request import HTTPXRequest

from keeper.bot.api.client import ApiAwayError, BotRefusedError, KeeperApi
from keeper.bot.handlers import ALLOWED_UPDATES, AnyApplication, Conversations
from keeper.bot.limits import ChatLimits
from keeper.bot.memory import DatabaseMemory, Memory, RedisMemory
from keeper.bot.polling import BAD_TOKEN, Poller
from keeper.bot.texts.speak import LANGUAGES, texts_for
from keeper.bot.updates import Updates
from keeper.bot.webhook import WEBHOOK_PATH, webhook_app, webhook_secret
from keeper.clock import Clock, utc_now
from keeper.domain.messages.buttons import Buttons
from keeper.errors import SettingsError
from keeper.metrics import Waits
from keeper.settings.bot import BotSettings
from keeper.stores.postgres.connection import PostgresConfig

_LOG: Final = logging.getLogger(__name__)
# At level INFO it logs every URL, and those of Telegram's API hold the bot's token.
logging.getLogger("httpx").setLevel(logging.WARNING)
_PAUSE_S: Final = 3.0
_BEATS_EVERY_S: Final = 1.0
_TIDIES_EVERY_S: Final = 600.0
_AT_ONCE: Final = 20
MINI_APP_PATH: Final = "/app"


@dataclass(frozen=True, slots=True, repr=False)
class BotConfig:
    """What the bot runs with.

    Attributes:
        settings: Its own settings.
        token: Its token at Telegram.
        telegram_url: Where Telegram's Bot API is.
        database: Where the lock is, and its memory without a Redis.
        redis_url: Where its memory is; None for PostgreSQL.
        public_url: Where the pages are, for the mini app; None without them.
        pause_s: How long nothing is asked after a failure.
        clock: The time.
    """

    settings: BotSettings
    token: str
    telegram_url: str
    database: PostgresConfig
    redis_url: str | None = None
    public_url: str | None = None
    pause_s: float = _PAUSE_S
    clock: Clock = utc_now


async def run_bot(config: BotConfig, *, waits: Waits, beat: Callable[[], None]) -> None:
    """Run the bot until the task is cancelled.

    Args:
        config: What it runs with.
        waits: What it waits for is recorded there.
        beat: Called once a second while it lives.

    Raises:
        SettingsError: Telegram does not know its token, or its token for the API is missing.
    """
    token = config.settings.api_token
    if token is None:
        raise SettingsError(
            "KEEPER_BOT_API_TOKEN is not set; make it: keeper api-tokens make keeper-bot --bot "
            "--days 366"
        )
    api = KeeperApi(config.settings.api_url, token.get_secret_value(), clock=config.clock)
    memory: Memory = (
        DatabaseMemory(config.database, clock=config.clock)
        if config.redis_url is None
        else RedisMemory(config.redis_url)
    )
    requests = HTTPXRequest(connection_pool_size=_AT_ONCE), HTTPXRequest(connection_pool_size=1)
    application = make_application(config, api, memory, *requests)
    try:
        await _introduce(application, api, config, waits, beat)
        updates = Updates(application, memory)
        beside = [asyncio.create_task(_tidy(memory))]
        try:
            if config.settings.webhook_url is None:
                await _poll(config, application.bot, updates, waits, beat)
            else:
                beside.append(asyncio.create_task(_beat(beat)))
                await _serve(config, application.bot, updates)
        finally:
            for task in beside:
                task.cancel()
    finally:
        await application.shutdown()
        for request in requests:
            # Of a bot that never was introduced the library closes nothing.
            await request.shutdown()
        await api.close()
        await memory.close()


def make_application(
    config: BotConfig,
    api: KeeperApi,
    memory: Memory,
    request: HTTPXRequest,
    of_updates: HTTPXRequest,
) -> AnyApplication:
    """Return the library's application with the bot's handlers; nothing is asked yet.

    Args:
        config: What it runs with.
        api: Keeper's.
        memory: Where open questions are kept.
        request: Sends what it asks of Telegram.
        of_updates: Sends the questions for updates, which last.
    """
    application: AnyApplication = (
        ApplicationBuilder()
        .token(config.token)
        .base_url(f"{config.telegram_url}/bot")
        .updater(None)
        .job_queue(None)
        .request(request)
        .get_updates_request(of_updates)
        .build()
    )
    Conversations(
        api,
        memory,
        ChatLimits(config.settings.updates_a_minute),
        Buttons(config.token),
        config.settings.session,
        config.clock,
    ).install(application)
    return application


async def _introduce(
    application: AnyApplication,
    api: KeeperApi,
    config: BotConfig,
    waits: Waits,
    beat: Callable[[], None],
) -> None:
    """Say to the console what the bot is called, and to Telegram what it can do."""
    while True:
        beat()
        try:
            await application.initialize()
            await _describe(application.bot, config)
            waits.record("telegram", None)
            await api.name_bot(application.bot.username)
            waits.record("console", None)
            return
        except InvalidToken:
            raise SettingsError(BAD_TOKEN) from None
        except TelegramError as error:
            part, why = "telegram", f"Telegram does not answer: {error}"
        except (ApiAwayError, BotRefusedError) as error:
            part, why = "console", str(error)
        if waits.record(part, why):
            _LOG.warning("%s", why)
        await asyncio.sleep(config.pause_s)


async def _describe(bot: Bot, config: BotConfig) -> None:
    for texts in LANGUAGES:
        commands = [BotCommand(name, says) for name, says in texts.commands.items()]
        is_default = texts is texts_for(None)
        await bot.set_my_commands(commands, language_code=None if is_default else texts.language)
    if config.public_url is not None and config.public_url.startswith("https://"):
        texts, app = texts_for(None), WebAppInfo(f"{config.public_url}{MINI_APP_PATH}")
        await bot.set_chat_menu_button(menu_button=MenuButtonWebApp(texts.open_console, app))


async def _poll(
    config: BotConfig, bot: Bot, updates: Updates, waits: Waits, beat: Callable[[], None]
) -> None:
    poller = Poller(bot, updates, config.database, waits=waits, beat=beat, pause_s=config.pause_s)
    await poller.run()


async def _serve(config: BotConfig, bot: Bot, updates: Updates) -> None:
    secret = webhook_secret(config.token)
    host, port = config.settings.host_and_port
    await bot.set_webhook(
        f"{config.settings.webhook_url}{WEBHOOK_PATH}",
        secret_token=secret,
        allowed_updates=ALLOWED_UPDATES,
        max_connections=_AT_ONCE,
    )
    server = _Server(
        uvicorn.Config(
            webhook_app(updates, secret),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )
    )
    serving = asyncio.ensure_future(server.serve())
    try:
        await asyncio.shield(serving)
    finally:
        # Cancelled in the middle it would leave its socket open.
        server.should_exit = True
        await serving
        await updates.finish()


class _Server(uvicorn.Server):
    """Ends when its task is cancelled; signals are the command's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


async def _beat(beat: Callable[[], None]) -> None:
    while True:
        beat()
        await asyncio.sleep(_BEATS_EVERY_S)


async def _tidy(memory: Memory) -> None:
    while True:
        await memory.tidy()
        await asyncio.sleep(_TIDIES_EVERY_S)
