"""How old a price is: when Keepa itself last looked, which may be long before it was asked."""

from datetime import datetime, timedelta
from typing import Final

STALE_AFTER_INTERVALS: Final = 2
"""A price that nobody has looked at for so many intervals is stale."""


def stale_after(interval: timedelta) -> timedelta:
    """Return from what age a price is stale, given the time between two checks of it."""
    return STALE_AFTER_INTERVALS * interval


def old_look(
    seen_at: datetime | None, checked_at: datetime | None, old_after: timedelta
) -> datetime | None:
    """Return when Keepa had last looked, if that was too long ago when it was asked; else None.

    Args:
        seen_at: When Keepa last looked; None if it does not say.
        checked_at: When it was asked; None if never.
        old_after: The age from which a price is stale.
    """
    if seen_at is None or checked_at is None or checked_at - seen_at <= old_after:
        return None
    return seen_at
