"""Since when Keepa's lowest prices include shipping, and what that does to comparisons.

NEW, USED, COLLECTIBLE and REFURBISHED were item prices, and have been prices with shipping since
February 2026, in the same series. A low, an average or a share of time over both compares two
things, so figures of these types look back no further than LANDED_SINCE.

A price that held at that moment may be the item's alone: Keepa adds a point only when a value
changes, and no reply says when it looked. But Keepa looks at what somebody tracks far more often
than once in CONFIRMED_AFTER. So a price that went on for that long was seen again, with its
shipping, and was the same: it counts from LANDED_SINCE on. One that ended sooner is left out, and
the series begins anew at its first point at or after LANDED_SINCE.

What was seen before that moment is compared with the item prices before it, as ever.

Source: Keepa's documentation. One page names 16 February for NEW, the newer ones 23 February for
all four; both lie before the moment taken here.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

LANDED_SINCE: Final = datetime(2026, 2, 23, tzinfo=UTC)
CONFIRMED_AFTER: Final = timedelta(days=30)
"""A price that went on for so long after LANDED_SINCE includes its shipping."""
SINCE_LANDED: Final = "since February 2026"
"""How messages name a stretch of time that was cut there."""
LANDED_TYPES: Final = ("NEW", "USED", "COLLECTIBLE", "REFURBISHED")
