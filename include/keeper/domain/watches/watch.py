"""Watches: the product, locale and price that a person wants alerts for."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final, Self

from keeper.domain.prices.detail import Detail
from keeper.domain.prices.types import detail_of, price_type_of
from keeper.domain.product_kinds import ProductKind
from keeper.domain.watches.rules import AlertRule

DEFAULT_PRICE_TYPE: Final = "NEW"
DEFAULT_DOMAIN: Final = "us"


class WatchStatus(StrEnum):
    """Whether a watch is fetched and alerts."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    INACTIVE = "INACTIVE"


class Priority(IntEnum):
    """Which watches are checked first when Keepa's tokens do not reach for all."""

    LOW = -1
    NORMAL = 0
    HIGH = 1


class Unsaid(StrEnum):
    """What of a watch its user left open, so that a watch there is already keeps its own."""

    PRICE_TYPE = "price type"
    TARGET = "target"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Watch:
    """A watch as its user gave it.

    Attributes:
        asin: The product.
        domain: Keeper's locale name.
        price_type: Keepa's series name.
        target_minor: In minor units; None watches without alerting.
        status: Whether it is fetched and alerts.
        priority: None leaves it as it is, normal for a new watch.
        rules: What else alerts; None leaves them as they are, none for a new watch.
        with_shipping: Whether its user wants target and rules to count shipping; None leaves it as
            it is.
        unsaid: Which of price type, target and status hold a default only; see
            keeper.domain.watches.changes for what becomes of them.
        tags: Its user's own words for it (keeper.domain.watches.tags); None leaves them as they
            are, none for a new watch.
    """

    asin: str
    domain: str
    price_type: str
    target_minor: int | None
    status: WatchStatus = WatchStatus.ACTIVE
    priority: Priority | None = None
    rules: tuple[AlertRule, ...] | None = None
    with_shipping: bool | None = None
    unsaid: frozenset[Unsaid] = frozenset()
    tags: tuple[str, ...] | None = None

    @property
    def alerts(self) -> bool:
        """Whether it can raise an alert: it has a target or a rule."""
        return self.target_minor is not None or bool(self.rules)

    @property
    def counts_shipping(self) -> bool:
        """Whether target and rules add shipping to the price; never in a series without any."""
        return bool(self.with_shipping) and price_type_of(self.price_type).has_shipping


@dataclass(frozen=True, slots=True)
class WatchedPrice:
    """A watch with what Keeper knows of its product and current price.

    `seen_at` is when Keepa itself had last looked at the price; None if it does not say. Shipping
    is known only of price types where Keepa gives it apart.
    """

    watch: Watch
    title: str | None
    price_minor: int | None
    currency: str | None
    observed_at: datetime | None
    last_checked_at: datetime | None
    implausible: bool
    source: str | None
    kind: ProductKind = ProductKind.STANDARD
    variations: tuple[str, ...] = ()
    seen_at: datetime | None = None
    is_price_hidden: bool = False
    shipping_minor: int | None = None


@dataclass(frozen=True, slots=True)
class ProductToCheck:
    """A product a run has to fetch.

    Attributes:
        asin: The product.
        domain: The locale.
        targets: Watched price types and the lowest target of each, in minor units.
        stored_until: By price type, the newest point already stored.
        histories: Price types whose whole history has been published.
    """

    asin: str
    domain: str
    targets: dict[str, int | None]
    stored_until: dict[str, datetime]
    histories: tuple[str, ...] = ()

    @property
    def detail(self) -> Detail:
        """The least a request must ask for to bring all its watched price types."""
        return detail_of(self.targets)

    def only(self, price_types: Collection[str]) -> Self:
        """Return the same product with no other price types watched than these."""
        targets = {name: self.targets[name] for name in self.targets if name in price_types}
        return replace(self, targets=targets)

    def brought_by(self, detail: Detail) -> Self:
        """Return the same product with only those price types watched that a request brings."""
        return self.only([n for n in self.targets if detail.brings(price_type_of(n).detail)])
