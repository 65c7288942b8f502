"""The two kinds of error every package raises: those a retry can cure and those it cannot."""

from collections.abc import Mapping


class KeeperError(Exception):
    """Base of every error Keeper raises on purpose; its text names the remedy."""


class TerminalError(KeeperError):
    """Trying again with the same input gives the same error."""


class TransientError(KeeperError):
    """Trying again later may succeed."""


class SettingsError(TerminalError):
    """A setting is missing or wrong."""


class EventsRefusedError(TerminalError):
    """A store has a batch but for a few of its events, which it will never take.

    Attributes:
        reasons: Why, by the event's position in the batch.
    """

    def __init__(self, reasons: Mapping[int, str]) -> None:
        """Name the first reason in the error's text."""
        self.reasons = dict(reasons)
        first = next(iter(self.reasons.values()), "none")
        super().__init__(f"{len(self.reasons)} event(s) refused, the first: {first}")
