"""This machine's clock, compared with Keepa's before anything is paid for.

A check's time outranks every earlier one, so that prices checked by a clock that is ahead would
stay the current ones until then.
"""

import logging
from datetime import timedelta
from typing import Final

from keeper.errors import KeeperError, TransientError
from keeper.sources.keepa.client import KeepaClient

_LOG: Final = logging.getLogger(__name__)
MOST_APART: Final = timedelta(minutes=10)


class ClocksDifferError(TransientError):
    """This machine's clock is wrong; with the right one the same will do."""


def require_right_clock(client: KeepaClient) -> None:
    """Require that this machine's clock and Keepa's agree; asking costs nothing.

    Whether the clock of Keepa's program or that of its web server agrees: one of theirs may be
    wrong too. A reply that was on its way for long is asked for once more. Keepa that does not
    answer is no reason to end: what comes next says so.

    Raises:
        ClocksDifferError: They do not agree, twice.
    """
    ahead: timedelta | None = None
    for _ in range(2):
        try:
            ahead = client.token_status().clock_ahead
        except KeeperError as error:
            _LOG.info("the clocks could not be compared: %s", error)
            return
        if ahead is None or abs(ahead) <= MOST_APART:
            return
    raise ClocksDifferError(
        f"this machine's clock is {apart(ahead)} Keepa's: check this machine's clock; no price is "
        "fetched with a wrong one"
    )


def apart(ahead: timedelta | None) -> str:
    """Return how a clock stands to another: 2 h 5 min ahead of."""
    minutes = round((ahead or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    span = f"{hours:,} h {rest} min" if hours else f"{rest} min"
    return f"{span} {'ahead of' if minutes > 0 else 'behind'}"
