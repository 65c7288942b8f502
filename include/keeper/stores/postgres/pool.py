"""Connections that are kept open between one piece of work and the next.

Of the libraries, psycopg_pool connects in threads of its own: whoever waits learns of a refusal by
a timeout only, and it goes on trying while a breaker leaves the database alone.
"""

import select
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg.pq import TransactionStatus

from keeper.stores.postgres.connection import (
    Connection,
    PostgresConfig,
    connect,
    translated_errors,
)

MOST_AGE_S: Final = 600.0
"""Then a connection is closed: a new one meets changed roles, settings and plans."""


class ConnectionPool:
    """Hands out connections, each to one thread at once, and keeps those that came back sound.

    It opens one whenever none is idle, so that its users decide how many there are. One that the
    server has ended meanwhile is not handed out. One whose work failed in the database is closed.
    """

    def __init__(
        self,
        config: PostgresConfig,
        *,
        most_age_s: float = MOST_AGE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is opened yet."""
        self._config = config
        self._most_age_s = most_age_s
        self._monotonic = monotonic
        # The one used last is handed out first: of a burst's connections the others grow old.
        self._idle: deque[tuple[Connection, float]] = deque()
        self._is_closed = False
        self.opened = 0
        """How many connections there have been."""

    @property
    def idle(self) -> int:
        """How many connections are open and unused."""
        return len(self._idle)

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """Lend a connection, outside any transaction, for the block; errors are Keeper's.

        Raises:
            DatabaseUnavailableError: PostgreSQL does not answer.
            DatabaseRejectedError: The login or the database is wrong.
        """
        with translated_errors():
            connection, since = self._take()
            is_sound = False
            try:
                yield connection
                is_sound = True
            except psycopg.errors.ReadOnlySqlTransaction:
                # The server is another's copy now, for the connections that wait too.
                self._close_idle()
                raise
            except psycopg.Error:
                raise
            except Exception:
                # What the work says of its own is no fault of the connection.
                is_sound = True
                raise
            finally:
                self._give_back(connection, since, is_sound=is_sound)

    def close(self) -> None:
        """Close the connections that nobody uses now, the others when they come back."""
        self._is_closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        while True:
            try:
                self._idle.pop()[0].close()
            except IndexError:
                return

    def _take(self) -> tuple[Connection, float]:
        while True:
            try:
                connection, since = self._idle.pop()
            except IndexError:
                connection = connect(self._config)
                self.opened += 1
                return connection, self._monotonic()
            if not _has_word(connection):
                return connection, since
            connection.close()

    def _give_back(self, connection: Connection, since: float, *, is_sound: bool) -> None:
        # A transaction that was left open holds locks; closing ends it.
        is_idle = connection.info.transaction_status is TransactionStatus.IDLE
        if is_sound and is_idle and self._is_young(since):
            self._idle.append((connection, since))
        else:
            connection.close()
        if self._is_closed:
            self.close()
        self._close_old()

    def _close_old(self) -> None:
        while True:
            try:
                connection, since = self._idle.popleft()
            except IndexError:
                return
            if self._is_young(since):
                self._idle.appendleft((connection, since))
                return
            connection.close()

    def _is_young(self, since: float) -> bool:
        return self._monotonic() - since < self._most_age_s


def _has_word(connection: Connection) -> bool:
    """Return whether the server has sent something unasked: as a rule that it ends the session."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
