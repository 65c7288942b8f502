"""Is it cheap? A product's current price beside its own history."""

from dataclasses import dataclass
from typing import Final

from keeper.alerts.assessment import assessment
from keeper.domain.prices.verdict import PriceContext
from keeper.domain.users.access import Account
from keeper.pipeline.messages.price_verdicts import context_of_price
from keeper.pipeline.prices.stored import SeriesName, UnknownProductError
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.prices.history import StoredPrice
from keeper.stores.postgres.prices.product_prices import SeriesPrice, current_prices_of
from keeper.stores.postgres.users.accounts import time_zone_of

__all__ = ["Assessment", "PriceContext", "assess_price"]
_NO_OFFER: Final = "there is no offer now"
_TOO_LITTLE: Final = "too little is known to compare with: a week of prices is needed"


@dataclass(frozen=True, slots=True)
class Assessment:
    """A current price beside its history.

    Attributes:
        price: The price.
        context: How it compares.
        facts: Names and texts as messages have them, the best one first; none where too little is
            known.
    """

    price: SeriesPrice
    context: PriceContext
    facts: list[tuple[str, str]]

    @property
    def sentence(self) -> str:
        """The answer: what messages say first, or why there is none."""
        if self.facts:
            return self.facts[0][1]
        return _NO_OFFER if self.price.price_minor is None else _TOO_LITTLE


def assess_price(
    connection: Connection, account: Account, series: SeriesName, *, with_shipping: bool
) -> Assessment:
    """Return how a product's current price compares, with days by the user's calendar.

    Raises:
        UnknownProductError: No current price of the series is stored.
    """
    prices = current_prices_of(connection, series.asin, series.domain)
    price = next((one for one in prices if one.price_type == series.price_type), None)
    if price is None or price.observed_at is None or price.last_checked_at is None:
        raise UnknownProductError(
            f"no {series.price_type} price of {series.asin} is known in {series.domain}; watch it "
            "first"
        )
    seen = StoredPrice(price.observed_at, price.price_minor, price.shipping_minor)
    context = context_of_price(
        connection,
        series.asin,
        series.domain,
        series.price_type,
        seen,
        checked_at=price.last_checked_at,
        with_shipping=with_shipping,
    )
    facts = assessment(
        context,
        domain=series.domain,
        observed_at=price.observed_at,
        time_zone=time_zone_of(connection, account.user_id),
    )
    return Assessment(price, context, facts)
