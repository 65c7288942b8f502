"""Takes Telegram's updates, however they come: each once, those of a chat one after another."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from telegram import Update

from keeper.bot.handlers import AnyApplication
from keeper.bot.memory import Memory

_LOG: Final = logging.getLogger(__name__)
_REMEMBERED: Final = timedelta(days=1)
"""Telegram sends an update again for a day at most."""
_AT_ONCE: Final = 20


@dataclass(slots=True)
class _Chat:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Updates:
    """Hands updates to the handlers of an application."""

    def __init__(self, application: AnyApplication, memory: Memory) -> None:
        """Prepare.

        Args:
            application: The library's, initialised.
            memory: Where it is kept which updates were taken.
        """
        self._application = application
        self._memory = memory
        self._chats: defaultdict[int, _Chat] = defaultdict(_Chat)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def take_soon(self, raw: Mapping[str, Any]) -> None:
        """Take an update without waiting for its answer."""
        update = Update.de_json(dict(raw), self._application.bot)
        task = asyncio.create_task(self._take(update))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def take(self, updates: Iterable[Update]) -> None:
        """Take updates and wait until all are answered."""
        await asyncio.gather(*map(self._take, updates))

    async def finish(self) -> None:
        """Wait until what was taken is answered."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, update: Update) -> None:
        chat = update.effective_chat
        chat_id = 0 if chat is None else chat.id
        # In the order in which they came: a lock lets in who has waited longest.
        one = self._chats[chat_id]
        one.users += 1
        try:
            async with one.lock, self._turns:
                if await self._memory.is_first(f"update:{update.update_id}", _REMEMBERED):
                    await self._application.process_update(update)
        except Exception:  # noqa: BLE001 - the other chats go on
            _LOG.exception("an update was lost")
        finally:
            one.users -= 1
            if not one.users:
                del self._chats[chat_id]
