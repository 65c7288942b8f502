"""The catalogue's time: it runs with a real clock or stands still, and can be made to jump."""

from datetime import datetime, timedelta
from enum import StrEnum
from threading import Lock

from keeper.clock import Clock, utc_now
from keeper.domain.prices.points import to_keepa_minutes


class ClockMode(StrEnum):
    """Whether the catalogue's time passes."""

    RUN = "run"
    HOLD = "hold"


class CatalogueClock:
    """Which moment of its history the catalogue shows; safe for several threads."""

    def __init__(
        self, mode: ClockMode = ClockMode.RUN, at: datetime | None = None, real: Clock = utc_now
    ) -> None:
        """Start at `at`, or now by the real clock."""
        self._real = real
        self._mode = mode
        self._since = real()
        self._at = at or self._since
        self._lock = Lock()

    @property
    def mode(self) -> ClockMode:
        """Whether time passes."""
        return self._mode

    def now(self) -> datetime:
        """Return the catalogue's time, aware and in UTC."""
        with self._lock:
            return self._now()

    def minute(self) -> int:
        """Return the catalogue's time in Keepa minutes."""
        return to_keepa_minutes(self.now())

    def change(
        self,
        mode: ClockMode | None = None,
        at: datetime | None = None,
        jump: timedelta = timedelta(0),
    ) -> None:
        """Run, hold, go to a time and jump from it, in this order; what is not given stays."""
        with self._lock:
            moment = (at or self._now()) + jump
            self._mode = mode or self._mode
            self._since = self._real()
            self._at = moment

    def _now(self) -> datetime:
        if self._mode is ClockMode.HOLD:
            return self._at
        return self._at + (self._real() - self._since)
