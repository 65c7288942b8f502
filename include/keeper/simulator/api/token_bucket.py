"""Keepa's token bucket: filled at once every minute, drained by requests, at times below zero.

Source: recorded envelopes; see the parameters of `TokenBucket`.
"""

from datetime import datetime
from math import ceil
from threading import Lock
from typing import Final, NamedTuple

from keeper.clock import Clock, utc_now

REFILL_PERIOD_MS: Final = 60_000
CAP_IN_REFILLS: Final = 60


class Balance(NamedTuple):
    """What an envelope says of the tokens: how many, and milliseconds until the next refill."""

    left: int
    refill_in_ms: int


class TokenBucket:
    """A full bucket whose refills come every 60 s, counted from when it was made.

    Safe for several threads.
    """

    def __init__(self, refill_rate: int, clock: Clock = utc_now) -> None:
        """Fill the bucket to 60 × `refill_rate`; `clock` is its own, not the catalogue's."""
        self.refill_rate = refill_rate
        self.flow_reduction = 0.0
        self._clock = clock
        self._started_ms = unix_ms(clock())
        self._refills = 0
        self._left = self.cap
        self._lock = Lock()

    @property
    def cap(self) -> int:
        """More than this many tokens do not gather."""
        return CAP_IN_REFILLS * self.refill_rate

    @property
    def _refill(self) -> int:
        return max(self.refill_rate - ceil(self.flow_reduction), 1)

    def now_ms(self) -> int:
        """Return the bucket's time in Unix milliseconds."""
        return unix_ms(self._clock())

    def balance(self) -> Balance:
        """Return the tokens there are now."""
        with self._lock:
            return self._add_refills()

    def spend(self, tokens: int) -> Balance:
        """Take tokens away, below zero if need be, and return what is left."""
        with self._lock:
            balance = self._add_refills()
            self._left -= tokens
            return Balance(self._left, balance.refill_in_ms)

    def set_left(self, tokens: int) -> None:
        """Put the balance to any number; refills go on from there."""
        with self._lock:
            self._add_refills()
            self._left = tokens

    def reduce_flow(self, tokens: float) -> None:
        """Take so many tokens from each refill to come, as trackings of the key do."""
        with self._lock:
            self._add_refills()
            self.flow_reduction = tokens

    def _add_refills(self) -> Balance:
        elapsed = max(self.now_ms() - self._started_ms, 0)
        refills, into_period = divmod(elapsed, REFILL_PERIOD_MS)
        due = max(refills - self._refills, 0)
        self._refills = max(self._refills, refills)
        filled = min(self._left + due * self._refill, self.cap)
        self._left = max(self._left, filled)
        return Balance(self._left, REFILL_PERIOD_MS - into_period)


def unix_ms(moment: datetime) -> int:
    """Turn an aware time into Unix milliseconds."""
    return int(moment.timestamp() * 1000)
