"""How much runs for prices and deals ask of Keepa, and when they fail or give up."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from keeper.domain.prices.detail import Detail
from keeper.domain.prices.types import PRICE_TYPES, UnknownPriceTypeError, price_type_of
from keeper.domain.tokens.candidates import RequestPolicy
from keeper.settings.group import SettingsGroup


def _price_type_list(value: object) -> object:
    if isinstance(value, str):
        if value.strip().lower() == "all":
            return tuple(p.name for p in PRICE_TYPES if p.is_price and not p.is_gone)
        return tuple(name.strip().upper() for name in value.split(",") if name.strip())
    return value


def _known_price_types(value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        try:
            if not price_type_of(name).is_price:
                raise ValueError(f"{name} is not a price")
        except UnknownPriceTypeError as error:
            raise ValueError(str(error)) from None
    return value


class RunSettings(SettingsGroup):
    """Runs for prices, and what all runs have in common."""

    batch_products: int = Field(
        default=500, ge=1, le=10_000, validation_alias="KEEPER_BATCH_PRODUCTS"
    )
    price_types: Annotated[
        tuple[str, ...], BeforeValidator(_price_type_list), AfterValidator(_known_price_types)
    ] = Field(
        default=("AMAZON", "NEW", "USED"),
        validation_alias="KEEPER_PRICE_TYPES",
    )
    least_request: Detail = Field(default=Detail.BASIC, validation_alias="KEEPER_LEAST_REQUEST")
    offers_interval_h: float | None = Field(
        default=None, gt=0, validation_alias="KEEPER_OFFERS_INTERVAL_H"
    )
    max_quarantine_share: float = Field(
        default=0.05, ge=0, le=1, validation_alias="KEEPER_MAX_QUARANTINE_SHARE"
    )
    check_interval_h: float = Field(default=6, gt=0, validation_alias="KEEPER_CHECK_INTERVAL_H")
    token_reserve: float = Field(default=0.1, ge=0, le=0.9, validation_alias="KEEPER_TOKEN_RESERVE")
    backfill_runs: int = Field(default=60, ge=1, validation_alias="KEEPER_BACKFILL_RUNS")
    wait_timeout_s: float = Field(default=900, gt=0, validation_alias="KEEPER_WAIT_TIMEOUT_S")

    @property
    def recorded(self) -> tuple[str, ...]:
        """Price types recorded of every product: those named, and what the least request adds."""
        added = (
            p.name
            for p in PRICE_TYPES
            if p.is_price
            and not p.is_gone
            and p.detail is not Detail.BASIC
            and self.least_request.brings(p.detail)
        )
        return tuple(dict.fromkeys((*self.price_types, *added)))

    @property
    def not_brought(self) -> tuple[str, ...]:
        """Price types to record that come only of products watched in such a one."""
        return tuple(
            name
            for name in self.price_types
            if not self.least_request.brings(price_type_of(name).detail)
        )

    @property
    def request_policy(self) -> RequestPolicy:
        """How much price runs ask of products, and how often."""
        hours = self.offers_interval_h
        return RequestPolicy(
            interval=timedelta(hours=self.check_interval_h),
            least=self.least_request,
            offers_interval=None if hours is None else timedelta(hours=hours),
        )


class DealSettings(SettingsGroup):
    """Runs for deals."""

    follow: bool = Field(default=False, validation_alias="KEEPER_FOLLOW_DEALS")
    max_tokens: int = Field(default=200, ge=5, validation_alias="KEEPER_DEAL_TOKENS")
