"""Whether what is kept may still be believed."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from keeper.clock import Clock, utc_now

TRUSTED_S: Final = 5.0
"""So long after a heartbeat set out what is kept is believed. No answer is older when a part of the
way breaks down."""


class Trust:
    """Lasts for some seconds after each heartbeat, and begins with one."""

    def __init__(
        self,
        *,
        lasts_s: float = TRUSTED_S,
        clock: Clock = utc_now,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin without.

        Args:
            lasts_s: How long it lasts after a heartbeat has set out, in seconds.
            clock: The time, to compare with when a heartbeat set out.
            seconds: A clock that only goes forward.
        """
        self._lasts_s = lasts_s
        self._clock = clock
        self._seconds = seconds
        self._until = 0.0

    def __bool__(self) -> bool:
        """Return whether every change has come that was committed more than seconds ago."""
        return self._seconds() < self._until

    def renew(self, set_out_at: datetime) -> None:
        """Take a heartbeat that has come: all that was committed before it set out has come too.

        One that was long under way is worth less, and nothing if all its seconds are over. A clock
        that is behind the relay's counts from now.
        """
        under_way = max((self._clock() - set_out_at).total_seconds(), 0.0)
        self._until = max(self._until, self._seconds() + self._lasts_s - under_way)

    def end(self) -> None:
        """Believe nothing until the next heartbeat."""
        self._until = 0.0
