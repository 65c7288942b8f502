"""What the bot reads of the API's replies; what else they have it ignores, as the API asks."""

from datetime import datetime

import msgspec


class Money(msgspec.Struct, frozen=True):
    """An amount of money."""

    minor: int
    currency: str
    text: str


class Price(msgspec.Struct, frozen=True):
    """A current price; `state` is known, no_offer, hidden or not_checked."""

    state: str
    amount: Money | None
    shipping: Money | None
    checked_at: datetime | None
    is_stale: bool
    source: str | None

    @property
    def total_minor(self) -> int | None:
        """With shipping where it is known apart, as targets count it; None without an amount."""
        if self.amount is None:
            return None
        return self.amount.minor + (0 if self.shipping is None else self.shipping.minor)


class TypedPrice(Price, frozen=True):
    """A current price of a type."""

    price_type: str


class Product(msgspec.Struct, frozen=True):
    """A product and what it costs now."""

    asin: str
    domain: str
    currency: str
    title: str | None
    url: str
    prices: list[TypedPrice]


class Fact(msgspec.Struct, frozen=True):
    """Something that a message says of a price."""

    name: str
    text: str


class Assessment(msgspec.Struct, frozen=True):
    """Whether a price is good."""

    sentence: str
    facts: list[Fact]
    price: Price
    known_since: datetime | None
    days_dearer: float | None
    days_with_offer: float | None
    lowest_since: datetime | None
    average_90_days: Money | None


class Watch(msgspec.Struct, frozen=True):
    """A watch with its product and current price."""

    id: int
    asin: str
    domain: str
    price_type: str
    title: str | None
    url: str
    target: Money | None
    status: str
    snoozed_until: datetime | None
    price: Price


class WatchPage(msgspec.Struct, frozen=True):
    """A page of watches."""

    items: list[Watch]
    next_cursor: str | None


class ChangedWatch(msgspec.Struct, frozen=True):
    """A watch that was added or changed."""

    outcome: str
    watch: Watch


class Deal(msgspec.Struct, frozen=True):
    """A deal."""

    title: str | None
    asin: str
    url: str
    price: Money | None
    usual: Money | None
    discount_percent: int | None
    score: int


class DealPage(msgspec.Struct, frozen=True):
    """A page of deals."""

    items: list[Deal]


class ShortToken(msgspec.Struct, frozen=True):
    """A token of minutes and for whom it acts."""

    token: str
    expires_at: datetime
    email: str
    language: str


class Problem(msgspec.Struct, frozen=True):
    """An error as the API describes it."""

    type: str
    status: int
    detail: str | None = None
    limit: str | None = None

    @property
    def kind(self) -> str:
        """Its kind, like not-found."""
        return self.type.rpartition("#")[2]
