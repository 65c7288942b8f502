"""Since when Keepa's lowest prices include shipping, and what that does to comparisons.

NEW, USED, COLLECTIBLE and REFURBISHED were item prices, and have been prices with shipping since
February 2026, in the same series. A low, an average or a share of time over both compares two
things, so figures of these types look back no further than LANDED_SINCE.

A price that held at that moment is left out too, for as long as it goes on. Keepa adds a point only
when a value changes, and no reply says whether it has looked since: the price may be the item's
alone. A series begins anew at its first point at or after LANDED_SINCE.

What was seen before that moment is compared with the item prices before it, as ever.

Source: Keepa's documentation. One page names 16 February for NEW, the newer ones 23 February for
all four; both lie before the moment taken here.
"""

from datetime import UTC, datetime
from typing import Final

LANDED_SINCE: Final = datetime(2026, 2, 23, tzinfo=UTC)
SINCE_LANDED: Final = "since February 2026"
"""How messages name a stretch of time that was cut there."""
LANDED_TYPES: Final = ("NEW", "USED", "COLLECTIBLE", "REFURBISHED")
