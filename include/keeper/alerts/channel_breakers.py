"""Which channels may be used now: circuit breakers, and the pauses providers ask for."""

from datetime import datetime, timedelta
from typing import Final

from keeper.breaker import Breaker
from keeper.domain.messages.queue import Address, ChannelKind, DeliveryResult

FIRST_PAUSE: Final = timedelta(seconds=30)
LAST_PAUSE: Final = timedelta(minutes=15)
FIRST_REFUSED_PAUSE: Final = timedelta(minutes=15)
"""A login refused again and again gets an account locked."""
LAST_REFUSED_PAUSE: Final = timedelta(hours=1)
GAPS: Final = {
    # Telegram: about 30 messages a second, and one a second to the same chat.
    # https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
    ChannelKind.TELEGRAM: (timedelta(milliseconds=40), timedelta(seconds=1)),
    # Discord: 30 messages a minute to a webhook.
    ChannelKind.DISCORD: (timedelta(), timedelta(seconds=2)),
}
"""The least time between two messages of a kind, and between two to the same address."""
_NO_GAPS: Final = (timedelta(), timedelta())


class ChannelBreakers:
    """Opens and closes channels, by kind or by address.

    A channel that cannot be reached is left alone for 30 seconds, then tried with one message, and
    left alone twice as long each time that fails, up to 15 minutes. A kind whose provider refuses
    Keeper itself is left alone for 15 minutes, then for up to an hour between two tries. An address
    whose provider says "too many" is left alone for as long as it asks. Kept in memory: each
    deliverer learns alone.
    """

    def __init__(self) -> None:
        """Open all."""
        self._breakers: dict[str, Breaker] = {}
        self._refusals: dict[str, Breaker] = {}
        self._resting_until: dict[str, datetime] = {}

    def closed(self, now: datetime) -> list[str]:
        """Return the kinds and addresses that must wait."""
        return sorted(self._waits(now))

    def next_opening(self, now: datetime) -> datetime | None:
        """Return when the first closed one opens; None if all are open."""
        waits = self._waits(now)
        return now + min(waits.values()) if waits else None

    def saw(self, to: Address, result: DeliveryResult, now: datetime) -> None:
        """Learn from how an attempt ended."""
        if result.closes_channel:
            refusal = self._refusals.get(to.kind.value)
            if refusal is None:
                refusal = Breaker(first_pause=FIRST_REFUSED_PAUSE, last_pause=LAST_REFUSED_PAUSE)
                self._refusals[to.kind.value] = refusal
            refusal.failed(now)
            return
        name = _fails_with(to)
        breaker = self._breakers.get(name)
        if result.unreachable:
            if breaker is None:
                breaker = Breaker(first_pause=FIRST_PAUSE, last_pause=LAST_PAUSE)
                self._breakers[name] = breaker
            breaker.failed(now)
            return
        if breaker is not None:
            breaker.worked()
        self._refusals.pop(to.kind.value, None)
        _, for_address = GAPS.get(to.kind, _NO_GAPS)
        asked = timedelta(seconds=result.retry_after_s or 0)
        until = now + max(for_address, asked)
        self._resting_until[str(to)] = max(until, self._resting_until.get(str(to), until))

    def is_refused(self, kind: ChannelKind) -> bool:
        """Return whether the kind's provider refused Keeper itself when it last answered."""
        return kind.value in self._refusals

    @staticmethod
    def breath(to: Address) -> timedelta:
        """Return how long to wait before anything else of this kind is sent."""
        return GAPS.get(to.kind, _NO_GAPS)[0]

    def _waits(self, now: datetime) -> dict[str, timedelta]:
        self._resting_until = {
            name: until for name, until in self._resting_until.items() if until > now
        }
        waits = {name: until - now for name, until in self._resting_until.items()}
        for name, breaker in (*self._breakers.items(), *self._refusals.items()):
            if wait := breaker.wait(now):
                waits[name] = max(wait, waits.get(name, wait))
        return waits


def _fails_with(to: Address) -> str:
    """Return what fails together: a mail server or an API, but each webhook or URL by itself."""
    if to.kind in (ChannelKind.DISCORD, ChannelKind.APPRISE):
        return str(to)
    return to.kind.value
