"""Which watches of a list are shown, and in which order."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from keeper.domain.watches.watch import WatchedPrice, WatchStatus


class WatchOrder(StrEnum):
    """By what a list of watches is sorted."""

    PRODUCT = "product"
    TITLE = "title"
    PRICE = "price"
    TARGET = "target"
    DISTANCE = "distance"
    CHECKED = "checked"


@dataclass(frozen=True, slots=True)
class WatchSelection:
    """What somebody wants to see of a list.

    Attributes:
        words: All of them occur in the title, or are in the ASIN; none for every watch.
        domain: Only in this locale; None for every one.
        price_type: Only in this price type; None for every one.
        statuses: Only with one of these.
        tags: Only those that have all of these.
        is_below_target: Only those whose price is at or below their target.
        order: What comes first.
    """

    words: str = ""
    domain: str | None = None
    price_type: str | None = None
    statuses: frozenset[WatchStatus] = field(
        default=frozenset({WatchStatus.ACTIVE, WatchStatus.PAUSED})
    )
    tags: tuple[str, ...] = ()
    is_below_target: bool = False
    order: WatchOrder = WatchOrder.PRODUCT

    def of(self, listed: Iterable[WatchedPrice]) -> list[WatchedPrice]:
        """Return the watches that are meant, sorted; what has no value to sort by comes last."""
        return sorted(filter(self._takes, listed), key=_KEYS[self.order])

    def _takes(self, item: WatchedPrice) -> bool:
        watch = item.watch
        named = f"{watch.asin} {item.title or ''}".casefold()
        return (
            self.domain in (None, watch.domain)
            and self.price_type in (None, watch.price_type)
            and watch.status in self.statuses
            and set(self.tags) <= set(watch.tags or ())
            and all(word in named for word in self.words.casefold().split())
            and (not self.is_below_target or is_below_target(item))
        )


def distance_of(item: WatchedPrice) -> float | None:
    """Return how far a price is above its target, as a share of it; None without one of both."""
    price, target = item.price_minor, item.watch.target_minor
    if price is None or target is None or item.is_price_hidden:
        return None
    if item.watch.counts_shipping:
        if item.shipping_minor is None:
            return None
        price += item.shipping_minor
    return (price - target) / target


def is_below_target(item: WatchedPrice) -> bool:
    """Return whether a price is at or below its target, with shipping where that counts."""
    distance = distance_of(item)
    return distance is not None and distance <= 0


def _product(item: WatchedPrice) -> tuple[str, str, str]:
    return item.watch.domain, item.watch.asin, item.watch.price_type


def _value(item: WatchedPrice, value: float | None) -> tuple[Any, ...]:
    return value is None, item.watch.domain, value or 0, _product(item)


_KEYS: Final[dict[WatchOrder, Callable[[WatchedPrice], tuple[Any, ...]]]] = {
    WatchOrder.PRODUCT: _product,
    WatchOrder.TITLE: lambda item: (
        not item.title,
        (item.title or "").casefold(),
        _product(item),
    ),
    # Amounts of several currencies are not compared with each other.
    WatchOrder.PRICE: lambda item: _value(item, item.price_minor),
    WatchOrder.TARGET: lambda item: _value(item, item.watch.target_minor),
    WatchOrder.DISTANCE: lambda item: (
        distance_of(item) is None,
        distance_of(item) or 0,
        _product(item),
    ),
    WatchOrder.CHECKED: lambda item: (
        item.last_checked_at or datetime.min.replace(tzinfo=UTC),
        _product(item),
    ),
}
