"""A claim on a request, moved on by a thread for as long as its attempt runs."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

from keeper.clock import Clock
from keeper.domain.requests import ClaimedRequest
from keeper.errors import KeeperError
from keeper.pipeline.requests.work import (
    CancelledError,
    LeaseLostError,
    StoppingError,
    TookTooLongError,
)
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.requests.queue import renew

_LOG: Final = logging.getLogger(__name__)
RENEW_EVERY_S: Final = 10.0


class Lease:
    """Keeps a request its worker's for the block; a context manager.

    Its thread has a connection of its own each time: the work may block for minutes. While
    PostgreSQL is away the lease runs out, and the work is broken off where it reports next: another
    worker may reach PostgreSQL and have the request.
    """

    def __init__(
        self,
        request: ClaimedRequest,
        config: PostgresConfig,
        *,
        until: datetime,
        length: timedelta,
        longest: timedelta,
        renew_every_s: float,
        stopping: Callable[[], bool],
        clock: Clock,
    ) -> None:
        """Prepare; the thread begins with the block.

        Args:
            request: Which request.
            config: Where it is.
            until: Until when it is claimed.
            length: From now until when it is moved on each time.
            longest: For how long it is moved on at all.
            renew_every_s: How often.
            stopping: Whether the worker is asked to end.
            clock: The time.
        """
        self._request = request
        self._config = config
        self._until = until
        self._length = length
        self._longest = longest
        self._renew_every_s = renew_every_s
        self._stopping = stopping
        self._clock = clock
        self._ended = Event()
        self._progress: float | None = None
        self._is_cancel_asked = False
        self._is_lost = False
        self._is_too_long = False
        self._thread = Thread(target=self._run, name="lease", daemon=True)

    def __enter__(self) -> Self:
        """Begin to move the lease on."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Move it on no more."""
        self._ended.set()
        self._thread.join()

    def report_progress(self, share: float) -> None:
        """Take the share that is done, 0 to 1.

        Raises:
            CancelledError: The request's user wants it no more.
            StoppingError: The worker is asked to end.
            TookTooLongError: It takes longer than it may.
            LeaseLostError: Another worker may have the request by now.
        """
        self._progress = min(max(share, 0.0), 1.0)
        if self._is_cancel_asked:
            raise CancelledError
        if self._is_too_long:
            raise TookTooLongError(self._longest)
        if self._is_lost or self._clock() >= self._until:
            raise LeaseLostError
        if self._stopping():
            raise StoppingError

    def _run(self) -> None:
        try:
            self._move_on()
        except Exception:  # noqa: BLE001 -- a mistake here is to be seen by the work, and in the log
            _LOG.exception("request %d: its lease is not moved on", self._request.request_id)
        finally:
            # Whatever ended it: nobody moves the lease on any more.
            self._is_lost = True

    def _move_on(self) -> None:
        longest_until = self._clock() + self._longest
        while not self._ended.wait(self._renew_every_s):
            now = self._clock()
            if now >= longest_until:
                _LOG.error("request %d takes too long; given up", self._request.request_id)
                self._is_too_long = True
                return
            until = now + self._length
            try:
                with session(self._config) as connection:
                    asked = renew(connection, self._request, until=until, progress=self._progress)
            except KeeperError as error:
                _LOG.warning("request %d: %s", self._request.request_id, error)
                continue
            if asked is None:
                return
            self._until = until
            self._is_cancel_asked = asked
