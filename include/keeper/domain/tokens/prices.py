"""What a product costs, by how much of it is asked for."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from keeper.domain.prices.detail import Detail


@dataclass(frozen=True, slots=True)
class ProductPrices:
    """Tokens a product costs on one account.

    Attributes:
        offers: With its offers: as the account's latest requests were charged, once there were
            enough of them. Keepa takes 6 for each ten offers it finds.
    """

    offers: float = Detail.OFFERS.tokens

    def each(self, detail: Detail) -> float:
        """Return what a product is expected to cost."""
        return self.offers if detail is Detail.OFFERS else detail.tokens

    def estimate(self, detail: Detail, products: int) -> int:
        """Return what so many products are expected to cost together, rounded up."""
        return min(ceil(self.each(detail) * products), detail.most_tokens * products)


USUAL_PRICES: Final = ProductPrices()
"""What products cost on an account that has not shown otherwise yet."""
