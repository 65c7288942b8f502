"""What who carries out a request gets, and why it may have to stop."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from keeper.settings import Settings


class BrokenOffError(Exception):
    """The request is not carried out further; what began it undoes what is half done."""


class CancelledError(BrokenOffError):
    """Its user wants it no more."""


class StoppingError(BrokenOffError):
    """The worker is asked to end; the request is carried out later, from the beginning."""


class LeaseLostError(BrokenOffError):
    """Another worker may have the request by now."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("its worker could not say in time that it still carries this out")


class TookTooLongError(BrokenOffError):
    """It has taken longer than its kind may."""

    def __init__(self, longest: timedelta) -> None:
        """Say how long it may take."""
        super().__init__(f"it took longer than {longest} and was given up")


@dataclass(frozen=True, slots=True)
class Work:
    """What who carries out a request gets.

    Attributes:
        request_id: The request's number, the same in every attempt.
        attempt: Which attempt it is, from 1.
        settings: Keeper's settings, with the secrets the console lacks.
        report_progress: Takes the share that is done, 0 to 1. Called again and again, it raises
            BrokenOffError when the work is to stop.
    """

    request_id: int
    attempt: int
    settings: Settings
    report_progress: Callable[[float], None]
