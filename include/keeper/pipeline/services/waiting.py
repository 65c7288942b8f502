"""Waiting for a service that does not answer yet: growing pauses, each reported with its reason."""

import time
from collections.abc import Callable
from typing import Final

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    stop_never,
    wait_exponential,
)

from keeper.errors import TransientError

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10


def waiting_for(
    what: str,
    *,
    on_wait: Callable[[str], None],
    timeout_s: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Retrying:
    """Return what calls a function until it raises no TransientError any more.

    Pauses double from half a second to ten. Any other error is raised at once.

    Args:
        what: What is waited for, for people.
        on_wait: Gets a sentence before each pause: what is waited for, since when and why.
        timeout_s: After so many seconds the error is raised; None waits for ever.
        sleep: Lets seconds pass.
    """
    limit = "" if timeout_s is None else f" of {timeout_s:g}"

    def say(attempt: RetryCallState) -> None:
        why = attempt.outcome.exception() if attempt.outcome else None
        on_wait(f"waiting for {what}, {attempt.seconds_since_start:.0f}{limit} s: {why}")

    return Retrying(
        retry=retry_if_exception_type(TransientError),
        wait=wait_exponential(multiplier=_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S),
        stop=stop_never if timeout_s is None else stop_after_delay(timeout_s),
        before_sleep=say,
        sleep=sleep,
        reraise=True,
    )
