"""The commands of the Telegram bot."""

import asyncio
import signal
from typing import TYPE_CHECKING

import typer

from keeper.cli.streams.heartbeats import HeartbeatWriter
from keeper.metrics import Waits

if TYPE_CHECKING:
    from keeper.bot.running import BotConfig
    from keeper.settings import Settings

app = typer.Typer(invoke_without_command=True)


@app.callback()
def bot(context: typer.Context) -> None:
    """Answer people on Telegram who have linked their account; docs/TELEGRAM.md.

    Needs TELEGRAM_BOT_TOKEN, and KEEPER_BOT_API_TOKEN, which `keeper api-tokens make keeper-bot
    --bot` prints. It asks Telegram for updates; with KEEPER_BOT_WEBHOOK_URL Telegram sends them.
    Example: keeper bot
    """
    if context.invoked_subcommand is not None:
        return
    from keeper.settings import load_settings

    asyncio.run(_until_stopped(_config(load_settings())))


@app.command("app-key")
def app_key() -> None:
    """Print KEEPER_MINI_APP_KEY, by which the console sees who opens the mini app.

    It is made of TELEGRAM_BOT_TOKEN, which does not follow from it. Example: keeper bot app-key
    """
    from keeper.domain.users.telegram import app_key_of
    from keeper.settings import load_settings

    typer.echo(app_key_of(_token(load_settings())).hex())


async def _until_stopped(config: "BotConfig") -> None:
    from keeper.bot.running import run_bot

    waits = Waits()
    writer = HeartbeatWriter("bot", waits)
    task = asyncio.ensure_future(run_bot(config, waits=waits, beat=writer.beat))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        typer.echo("stopped", err=True)


def _config(settings: "Settings") -> "BotConfig":
    from keeper.bot.running import BotConfig
    from keeper.pipeline.services.configuration import postgres_config

    redis_url = settings.console.redis_url
    return BotConfig(
        settings=settings.bot,
        token=_token(settings),
        telegram_url=settings.chat.telegram_url,
        database=postgres_config(settings),
        redis_url=None if redis_url is None else redis_url.get_secret_value(),
        public_url=settings.links.public_url,
    )


def _token(settings: "Settings") -> str:
    from keeper.errors import SettingsError

    token = settings.chat.telegram_bot_token
    if token is None:
        raise SettingsError("TELEGRAM_BOT_TOKEN is not set; @BotFather at Telegram makes one")
    return token.get_secret_value()
