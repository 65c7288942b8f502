"""A current price, as every reply that has one shows it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, Self

from pydantic import Field

from keeper.console.api.shapes import Money, Reply
from keeper.console.context import ConsoleContext
from keeper.domain.prices.age import old_look


class PriceState(StrEnum):
    """What is known of a price."""

    KNOWN = "known"
    NO_OFFER = "no_offer"
    HIDDEN = "hidden"
    NOT_CHECKED = "not_checked"


class KnownPrice(Protocol):
    """What is stored of a current price; amounts in minor units."""

    @property
    def price_minor(self) -> int | None:
        """Without shipping; None without an offer."""

    @property
    def shipping_minor(self) -> int | None:
        """Where Keepa gives it apart."""

    @property
    def observed_at(self) -> datetime | None:
        """Since when it holds."""

    @property
    def last_checked_at(self) -> datetime | None:
        """When Keepa was last asked; None if never."""

    @property
    def seen_at(self) -> datetime | None:
        """When Keepa itself had last looked."""

    @property
    def implausible(self) -> bool:
        """Whether nothing has confirmed it yet."""

    @property
    def is_price_hidden(self) -> bool:
        """Whether there is an offer whose price nobody may show."""

    @property
    def source(self) -> str | None:
        """Where it is from."""


class CurrentPrice(Reply):
    """The newest price of what is watched, with its age and where it is from."""

    state: PriceState
    amount: Money | None = Field(description="Without shipping; null without an offer.")
    shipping: Money | None = Field(description="Where Keepa gives it apart.")
    observed_at: datetime | None = Field(description="Since when the price holds.")
    checked_at: datetime | None = Field(description="When Keepa was last asked.")
    seen_at: datetime | None = Field(description="When Keepa itself had last looked.")
    is_stale: bool = Field(description="Nobody has looked at it for two intervals.")
    is_implausible: bool = Field(description="A jump that nothing has confirmed yet.")
    source: str | None = Field(description="keepa, or simulator for invented prices.")

    @classmethod
    def of_known(
        cls, known: KnownPrice, *, price_type: str, currency: str, context: ConsoleContext
    ) -> Self:
        """Return what the API says of a price of some type."""
        return cls(
            state=_state(known),
            amount=Money.of_minor(known.price_minor, currency),
            shipping=Money.of_minor(known.shipping_minor, currency),
            observed_at=known.observed_at,
            checked_at=known.last_checked_at,
            seen_at=known.seen_at,
            is_stale=_is_stale(known, context.clock(), context.old_after(price_type)),
            is_implausible=known.implausible,
            source=known.source,
        )


def _is_stale(known: KnownPrice, now: datetime, old_after: timedelta) -> bool:
    checked = known.last_checked_at
    is_old = checked is not None and now - checked > old_after
    return is_old or old_look(known.seen_at, checked, old_after) is not None


def _state(known: KnownPrice) -> PriceState:
    if known.price_minor is not None:
        return PriceState.KNOWN
    if known.is_price_hidden:
        return PriceState.HIDDEN
    return PriceState.NOT_CHECKED if known.last_checked_at is None else PriceState.NO_OFFER
