"""How much one chat may ask for in a minute, so that nobody takes what all share."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_MOST_CHATS: Final = 10_000
_MINUTE_S: Final = 60.0


@dataclass(slots=True)
class _Chat:
    left: float
    since: float
    is_warned: bool = False


class ChatLimits:
    """Admits so many updates a minute from each chat, all of them at once if need be."""

    def __init__(self, a_minute: int, *, seconds: Callable[[], float] = time.monotonic) -> None:
        """Begin without any chat.

        Args:
            a_minute: How many.
            seconds: A clock that only goes forward.
        """
        self._most = float(a_minute)
        self._seconds = seconds
        self._chats: OrderedDict[int, _Chat] = OrderedDict()

    def admits(self, chat_id: int) -> bool:
        """Return whether an update of a chat is looked at; it counts then."""
        now = self._seconds()
        chat = self._chats.setdefault(chat_id, _Chat(self._most, now))
        self._chats.move_to_end(chat_id)
        if len(self._chats) > _MOST_CHATS:
            self._chats.popitem(last=False)
        chat.left = min(self._most, chat.left + (now - chat.since) * self._most / _MINUTE_S)
        chat.since = now
        if chat.left < 1:
            return False
        chat.left -= 1
        chat.is_warned = False
        return True

    def warns(self, chat_id: int) -> bool:
        """Return whether a chat that is not admitted is asked to wait: once, not each time."""
        chat = self._chats.get(chat_id)
        if chat is None or chat.is_warned:
            return False
        chat.is_warned = True
        return True
