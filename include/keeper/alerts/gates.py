"""Which channels may be used now: circuit breakers, and the pauses providers ask for."""

from datetime import datetime, timedelta
from typing import Final

from keeper.domain.alerts import Address, ChannelKind, DeliveryResult

FIRST_PAUSE: Final = timedelta(seconds=30)
LAST_PAUSE: Final = timedelta(minutes=15)
GAPS: Final = {
    # Telegram: about 30 messages a second, and one a second to the same chat.
    # https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
    ChannelKind.TELEGRAM: (timedelta(milliseconds=40), timedelta(seconds=1)),
    # Discord: 30 messages a minute to a webhook.
    ChannelKind.DISCORD: (timedelta(), timedelta(seconds=2)),
}
"""The least time between two messages of a kind, and between two to the same address."""
_NO_GAPS: Final = (timedelta(), timedelta())


class Gates:
    """Opens and closes channels, by kind or by address.

    A channel that cannot be reached is left alone for 30 seconds, then tried with one message, and
    left alone twice as long each time that fails, up to 15 minutes. An address whose provider says
    "too many" is left alone for as long as it asks. Kept in memory: each deliverer learns alone.
    """

    def __init__(self) -> None:
        """Open all."""
        self._closed_until: dict[str, datetime] = {}
        self._failures: dict[str, int] = {}

    def closed(self, now: datetime) -> list[str]:
        """Return the kinds and addresses that must wait."""
        self._closed_until = {
            name: until for name, until in self._closed_until.items() if until > now
        }
        return sorted(self._closed_until)

    def next_opening(self, now: datetime) -> datetime | None:
        """Return when the first closed one opens; None if all are open."""
        self.closed(now)
        return min(self._closed_until.values(), default=None)

    def saw(self, to: Address, result: DeliveryResult, now: datetime) -> None:
        """Learn from how an attempt ended."""
        breaker = _breaker(to)
        if result.unreachable:
            failures = self._failures.get(breaker, 0)
            self._failures[breaker] = failures + 1
            self._close(breaker, now + min(FIRST_PAUSE * 2.0 ** min(failures, 9), LAST_PAUSE))
            return
        self._failures.pop(breaker, None)
        _, for_address = GAPS.get(to.kind, _NO_GAPS)
        asked = timedelta(seconds=result.retry_after_s or 0)
        self._close(str(to), now + max(for_address, asked))

    @staticmethod
    def breath(to: Address) -> timedelta:
        """Return how long to wait before anything else of this kind is sent."""
        return GAPS.get(to.kind, _NO_GAPS)[0]

    def _close(self, name: str, until: datetime) -> None:
        before = self._closed_until.get(name)
        if before is None or until > before:
            self._closed_until[name] = until


def _breaker(to: Address) -> str:
    """Return what fails together: a mail server or an API, but each webhook or URL by itself."""
    if to.kind in (ChannelKind.DISCORD, ChannelKind.APPRISE):
        return str(to)
    return to.kind.value
