"""Who has a product's buy boxes, and had them: the fields of recorded replies."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from keeper.domain.prices.types import price_type_of
from keeper.simulator.products.histories import History
from keeper.simulator.replies.offers import (
    AMAZON,
    FBA,
    NEW,
    USED_CONDITIONS,
    Seller,
    Sellers,
    values_at,
)

_BUY_BOX: Final = price_type_of("BUY_BOX_SHIPPING").index
_USED_BUY_BOX: Final = price_type_of("BUY_BOX_USED_SHIPPING").index
_NOBODY: Final = "-1"
"""Stands in the history for a time in which no offer qualified."""


class BuyBoxes:
    """A product's two buy boxes: when who got them.

    Attributes:
        new: Keepa minute and who has the buy box from then on; None for nobody.
        used: The same of the used buy box, with the condition.
    """

    def __init__(self, history: History, sellers: Sellers) -> None:
        self._history = history
        self.new = list(_new_holders(history, sellers))
        self.used = list(_used_holders(history, sellers))

    def seller_history(self, since: int = 0) -> list[str] | None:
        """Return `buyBoxSellerIdHistory` from a Keepa minute on, with who had the box then."""
        held: list[str] = []
        for minute, holder in self.new[_first(self.new, since) :]:
            seller_id = holder.seller_id if holder else _NOBODY
            # A merchant may sell from its own stores and from Amazon's.
            if not held or held[-1] != seller_id:
                held += [str(minute), seller_id]
        return held or None

    def used_history(self, since: int = 0) -> list[str]:
        """Return `buyBoxUsedHistory`: minute, seller, condition and 1 if Amazon sends it."""
        held: list[str] = []
        for minute, holder, condition in self.used[_first(self.used, since) :]:
            held.append(str(minute))
            held += [holder.seller_id, str(condition), "0"] if holder else ["", "", ""]
        return held

    def stats(self) -> dict[str, Any]:
        """Return the fields of `stats` about the buy boxes, their prices left out."""
        holder = self.new[-1][1] if self.new else None
        return {
            **self._used_stats(),
            "buyBoxSellerId": holder.seller_id if holder else None,
            "buyBoxIsAmazon": holder is not None and holder.is_amazon,
            "buyBoxIsFBA": holder is not None and holder.is_fba,
            "buyBoxIsUnqualified": False,
            "buyBoxIsShippable": True,
            "buyBoxIsPreorder": False,
            "buyBoxIsUsed": False,
            "buyBoxIsMAP": False,
            "buyBoxCondition": NEW if holder else None,
        }

    def _used_stats(self) -> dict[str, Any]:
        """Return the fields about the used buy box, none where nobody has it."""
        rows = self._history.entries.get(_USED_BUY_BOX)
        _, holder, condition = self.used[-1] if self.used else (0, None, 0)
        if rows is None or holder is None:
            return {}
        return {
            "buyBoxUsedPrice": int(rows[-1, 1]),
            "buyBoxUsedShipping": int(rows[-1, 2]),
            "buyBoxUsedSellerId": holder.seller_id,
            "buyBoxUsedIsFBA": False,
            "buyBoxUsedCondition": condition,
        }


def _first(held: Sequence[tuple[Any, ...]], since: int) -> int:
    """Return the place of who had a box at a Keepa minute, 0 if nobody had it before."""
    return max(bisect_right(held, since, key=lambda entry: int(entry[0])) - 1, 0)


def _new_holders(history: History, sellers: Sellers) -> Iterator[tuple[int, Seller | None]]:
    rows = history.entries.get(_BUY_BOX)
    if rows is None:
        return
    times, prices, shippings = rows[:, 0], rows[:, 1], rows[:, 2]
    by_amazon = (shippings == 0) & (prices == values_at(history.entries.get(AMAZON), times))
    by_fba = (shippings == 0) & (prices == values_at(history.market.get(FBA), times))
    codes = np.select([prices < 0, by_amazon, by_fba], [0, 1, 2], 3)
    holders = (None, sellers.amazon, sellers.fba[0], sellers.fbm[0])
    for place in _changes(codes):
        yield int(times[place]), holders[int(codes[place])]


def _used_holders(history: History, sellers: Sellers) -> Iterator[tuple[int, Seller | None, int]]:
    rows = history.entries.get(_USED_BUY_BOX)
    if rows is None:
        return
    times, prices = rows[:, 0], rows[:, 1]
    codes = np.zeros(len(rows), np.int64)
    # Of equal prices the best condition has the box; what is written last stays.
    for index, condition in reversed(USED_CONDITIONS.items()):
        offered = values_at(history.market.get(index), times)
        codes[(prices >= 0) & (offered == prices)] = condition
    for place in _changes(codes):
        condition = int(codes[place])
        yield int(times[place]), sellers.used(condition) if condition else None, condition


def _changes(codes: Any) -> list[int]:
    changed = np.ones(len(codes), dtype=bool)
    changed[1:] = codes[1:] != codes[:-1]
    found: list[int] = np.flatnonzero(changed).tolist()
    return found
