"""What who carries out a request gets, and why it may have to stop."""

from collections.abc import Callable
from dataclasses import dataclass

from keeper.settings import Settings


class BrokenOffError(Exception):
    """The request is not carried out further; what began it undoes what is half done."""


class CancelledError(BrokenOffError):
    """Its user wants it no more."""


class StoppingError(BrokenOffError):
    """The worker is asked to end; the request is carried out later, from the beginning."""


class LeaseLostError(BrokenOffError):
    """Another worker may have the request by now."""


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
