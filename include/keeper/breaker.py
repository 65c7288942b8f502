"""A circuit breaker for a service that one process asks.

Those shared by several processes keep their memory elsewhere: Keepa's in the token ledger. Of the
libraries, pybreaker 1.4 runs each call under its lock, so that callers queue behind the one that
hangs, and circuitbreaker 2.1 lets every caller through at once to see whether the service is back.
"""

from datetime import datetime, timedelta
from threading import Lock
from typing import Final

_NONE: Final = timedelta(0)


class Breaker:
    """Leaves a service alone after failures in a row, and then lets one caller try for all.

    The first pause follows failure number `break_after`; each failure after it doubles the pause,
    up to the last; any success ends that. It has no clock of its own, and many threads may use it.
    """

    def __init__(
        self, *, first_pause: timedelta, last_pause: timedelta, break_after: int = 1
    ) -> None:
        """Begin with a service that works."""
        self._first_pause = first_pause
        self._last_pause = last_pause
        self._break_after = break_after
        self._lock = Lock()
        self._failures = 0
        self._open_until: datetime | None = None
        self._is_tried = False

    def wait(self, now: datetime) -> timedelta:
        """Return how long the service is still left alone; zero if it may be asked."""
        left = _NONE if self._open_until is None else self._open_until - now
        # A longer one is no pause of this breaker's: the clock was set back.
        return left if _NONE < left <= self._last_pause else _NONE

    def admit(self, now: datetime) -> timedelta:
        """Admit a caller, or return how long to wait.

        Who was admitted then calls `failed` or `worked`. When a pause is over one caller is
        admitted, and the others wait for its outcome; should it never report one, the next caller
        is admitted after another pause.
        """
        with self._lock:
            left = self.wait(now)
            if not left and self._open_until is not None:
                self._is_tried = True
                self._open_until = now + self._first_pause
            return left

    def failed(self, now: datetime) -> timedelta:
        """Note that the service did not answer; return the pause that this begins, zero if none."""
        with self._lock:
            if self.wait(now) and not self._is_tried:
                # The caller was admitted before the pause began, so that this changes nothing.
                return _NONE
            self._is_tried = False
            self._failures += 1
            doublings = self._failures - self._break_after
            if doublings < 0:
                return _NONE
            # More would overflow long after the last pause is reached.
            pause = min(self._first_pause * 2.0 ** min(doublings, 20), self._last_pause)
            self._open_until = now + pause
            return pause

    def worked(self) -> None:
        """Note that the service answered, be it by a refusal."""
        with self._lock:
            self._failures = 0
            self._open_until = None
            self._is_tried = False
