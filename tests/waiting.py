"""How long tests wait: until it is so. Limits are here, and only end what hangs.

A slow machine is no failure, so no test has a limit of its own; `timeout` in pyproject.toml ends a
test that hangs anywhere else.
"""

import time
from collections.abc import Callable
from typing import Final

HUNG_AFTER_S: Final = 900


def wait_until(is_so: Callable[[], object], what: str, *, every_s: float = 0.05) -> None:
    """Look again and again until something outside this process is so.

    Args:
        is_so: Says so by a true value.
        what: What is waited for, in words that follow "waited for:".
        every_s: Seconds between two looks, for what notifies nobody when it changes.
    """
    gives_up_at = time.monotonic() + HUNG_AFTER_S
    while not is_so():
        assert time.monotonic() < gives_up_at, f"waited for: {what}"
        time.sleep(every_s)
