"""The console's way to its database: readers wait for seconds at most, however it is away."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeVar

from keeper.breaker import Breaker
from keeper.clock import Clock, utc_now
from keeper.console.threads import TooLateError, result_within
from keeper.errors import TransientError
from keeper.stores.postgres.connection import (
    Connection,
    DatabaseUnavailableError,
    PostgresConfig,
    StatementCanceledError,
)
from keeper.stores.postgres.pool import ConnectionPool

_LOG: Final = logging.getLogger(__name__)
FIRST_PAUSE: Final = timedelta(seconds=5)
_LAST_PAUSE: Final = timedelta(seconds=30)
_BREAK_AFTER: Final = 3
_CONNECT_S: Final = 3
_STATEMENT_S: Final = 5
_ANSWER_S: Final = 10.0
"""For all of it. A server that freezes while it works answers no time-out of its own."""
LONG_ANSWER_S: Final = 50.0
"""For work on very many rows, on a machine with much else to do. Proxies wait for a minute."""
_AT_ONCE: Final = 10
_T = TypeVar("_T")
when_late: ContextVar[Callable[[], object] | None] = ContextVar("when_late", default=None)
"""Where this is set it is called when work takes longer than that, and the work is waited for all
the same: what it does must not be done twice, and its thread goes on anyway."""


class DatabaseLeftAloneError(TransientError):
    """The database has not answered lately and was not asked; a breaker is open.

    Attributes:
        wait: Until it is asked again.
    """

    def __init__(self, wait: timedelta) -> None:
        """Say how long."""
        super().__init__(f"the database is asked again in {wait.total_seconds():.0f} s")
        self.wait = wait


class ConsoleDatabase:
    """Does work in the database, a little at once, behind a circuit breaker.

    The connections stay open between one piece of work and the next.

    After three attempts in a row without an answer nobody asks for five seconds, then one for all,
    and so on up to every thirty; meanwhile whoever comes gets that answer at once.
    """

    def __init__(
        self, config: PostgresConfig, *, clock: Clock = utc_now, statement_s: int = _STATEMENT_S
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            config: Where it is.
            clock: The breaker's.
            statement_s: How many seconds a statement may take.
        """
        self._pool = ConnectionPool(
            replace(config, connect_timeout_s=_CONNECT_S, statement_timeout_s=statement_s)
        )
        self._clock = clock
        self._breaker = Breaker(
            first_pause=FIRST_PAUSE, last_pause=_LAST_PAUSE, break_after=_BREAK_AFTER
        )
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="database")

    async def run(self, work: Callable[[Connection], _T], *, answer_s: float | None = None) -> _T:
        """Do something with a connection that nobody else uses meanwhile; return what it gives.

        Args:
            work: What to do.
            answer_s: How long it is waited for; None as long as for most.

        Raises:
            DatabaseLeftAloneError: It has not answered lately; raised at once.
            StatementCanceledError: It answers, but took too long for this work.
            DatabaseUnavailableError: It does not answer; raised within that time.
            Exception: What the work raises.
        """
        # Before it queues for a thread, which may all be with a database that hangs.
        if wait := self._breaker.wait(self._clock()):
            raise DatabaseLeftAloneError(wait)
        doing = self._threads.submit(self._do, work)
        answer_s = answer_s or _ANSWER_S
        try:
            return await result_within(doing, answer_s)
        except TooLateError as late:
            error = DatabaseUnavailableError(f"PostgreSQL has not answered within {answer_s:g} s")
            if not late.has_begun:
                # The threads were busy with others' work; it was never asked.
                raise error from None
            self._record_failure(error)
            if (call := when_late.get()) is None:
                raise error from None
        call()
        return await asyncio.wrap_future(doing)

    @property
    def opened(self) -> int:
        """How many connections were opened."""
        return self._pool.opened

    @property
    def idle(self) -> int:
        """How many connections are open and unused."""
        return self._pool.idle

    @property
    def is_left_alone(self) -> bool:
        """Whether nobody asks at the moment because it did not answer."""
        return bool(self._breaker.wait(self._clock()))

    def close(self) -> None:
        """Close what is open; nothing is asked any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.close()

    def _do(self, work: Callable[[Connection], _T]) -> _T:
        if wait := self._breaker.admit(self._clock()):
            raise DatabaseLeftAloneError(wait)
        try:
            with self._pool.session() as connection:
                done = work(connection)
        except StatementCanceledError:
            # One slow answer, or a lock that somebody holds: the others shall not pay for it.
            self._breaker.worked()
            raise
        except DatabaseUnavailableError as error:
            self._record_failure(error)
            raise
        except Exception:
            # Whatever is wrong, it has answered.
            self._breaker.worked()
            raise
        self._breaker.worked()
        return done

    def _record_failure(self, error: DatabaseUnavailableError) -> None:
        if pause := self._breaker.failed(self._clock()):
            _LOG.warning("%s; asked again in %.0f s", error, pause.total_seconds())
