"""Asks Telegram for updates, for those who have no public address: one process at a time.

Telegram answers two that ask with 409 in turn. So who asks holds a lock in PostgreSQL; others stand
by, and one of them goes on when the first is gone.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from telegram import Bot
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from keeper.bot.handlers import ALLOWED_UPDATES
from keeper.bot.updates import Updates
from keeper.errors import KeeperError, SettingsError
from keeper.metrics import Waits
from keeper.stores.postgres.connection import PostgresConfig
from keeper.stores.postgres.exclusive import AlreadyRunningError, exclusive
from keeper.stores.postgres.pool import ConnectionPool

_LOG: Final = logging.getLogger(__name__)
_WORK: Final = "telegram bot"
_ASKS_FOR_S: Final = 10
_TELEGRAM: Final = "telegram"
_DATABASE: Final = "postgres"
BAD_TOKEN: Final = "Telegram does not know this bot; check TELEGRAM_BOT_TOKEN"  # noqa: S105 - a sentence


class Poller:
    """Asks for updates until it is stopped."""

    def __init__(
        self,
        bot: Bot,
        updates: Updates,
        database: PostgresConfig,
        *,
        waits: Waits,
        beat: Callable[[], None] = lambda: None,
        pause_s: float,
    ) -> None:
        """Prepare.

        Args:
            bot: Telegram's, initialised.
            updates: Takes what comes.
            database: Where the lock is.
            waits: What it waits for is recorded there.
            beat: Called in each turn.
            pause_s: How long nothing is asked after a failure, and how long it stands by.
        """
        self._bot = bot
        self._updates = updates
        self._database = database
        self._waits = waits
        self._beat = beat
        self._pause_s = pause_s
        self._offset: int | None = None

    async def run(self) -> None:
        """Ask while it is this process's turn, stand by otherwise; until it is cancelled.

        Raises:
            SettingsError: Telegram does not know the bot's token.
        """
        while True:
            self._beat()
            try:
                await self._run_a_turn()
            except AlreadyRunningError:
                # Another one asks: all is well.
                self._waits.record(_DATABASE, None)
            except KeeperError as error:
                if isinstance(error, SettingsError):
                    raise
                self._record(_DATABASE, str(error))
            await asyncio.sleep(self._pause_s)

    async def _run_a_turn(self) -> None:
        pool = ConnectionPool(self._database)
        try:
            with pool.session() as connection, exclusive(connection, _WORK):
                self._waits.record(_DATABASE, None)
                # A webhook would get the updates instead.
                await self._bot.delete_webhook()
                while True:
                    await self._ask()
                    self._beat()
                    # The lock is gone with its connection.
                    await asyncio.to_thread(connection.execute, "SELECT 1")
        except TelegramError as error:
            self._record(_TELEGRAM, _sentence(error))
            pause = error.retry_after if isinstance(error, RetryAfter) else 0
            await asyncio.sleep(float(pause if isinstance(pause, int) else pause.total_seconds()))
        finally:
            pool.close()

    async def _ask(self) -> None:
        updates = await self._bot.get_updates(
            offset=self._offset,
            timeout=_ASKS_FOR_S,
            allowed_updates=ALLOWED_UPDATES,
        )
        self._waits.record(_TELEGRAM, None)
        await self._updates.take(updates)
        if updates:
            # The next question confirms these, answered by now.
            self._offset = updates[-1].update_id + 1

    def _record(self, part: str, why: str) -> None:
        if self._waits.record(part, why):
            _LOG.warning("%s; again in %g s", why, self._pause_s)


def _sentence(error: TelegramError) -> str:
    if isinstance(error, InvalidToken):
        raise SettingsError(BAD_TOKEN) from None
    if isinstance(error, Conflict):
        return (
            "another program asks Telegram for this bot's updates, outside this Keeper; end it, or "
            "make a new token at @BotFather"
        )
    if isinstance(error, NetworkError):
        return "Telegram does not answer"
    return f"Telegram refuses: {error}"
