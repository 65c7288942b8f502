"""How much of a product a request to Keepa asks for; it decides which series come and the price.

Source: Keepa's documentation of /product. A series that was not asked for is null in the reply,
exactly as one that Keepa has never had a price for.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple, Self

OFFERS_ASKED: Final = 20
"""Offers a product is asked for: the fewest Keepa accepts, two pages of ten."""
TOKENS_PER_OFFERS_PAGE: Final = 6


class Detail(StrEnum):
    """What is asked for; each brings all that those before it bring.

    The value is what archived replies, plans and the token ledger store.
    """

    BASIC = "basic"
    """Nothing special: Amazon's own price, the lowest new and used ones, ranks and counts."""
    BUY_BOX = "buy_box"
    """The buy box as well, as of Keepa's last look at the product."""
    OFFERS = "offers"
    """The single offers as well: warehouse, FBA, FBM, used conditions, Prime, ratings."""

    def brings(self, other: "Detail") -> bool:
        """Return whether a reply asked for with this has what `other` would have brought."""
        return _ASCENDING.index(self) >= _ASCENDING.index(other)

    @classmethod
    def most(cls, details: Iterable["Detail"]) -> Self:
        """Return what brings all of `details`; BASIC for none."""
        return cls(max(details, key=_ASCENDING.index, default=cls.BASIC))

    @property
    def less(self) -> "Detail | None":
        """What asks for the next less; None for the least."""
        place = _ASCENDING.index(self)
        return _ASCENDING[place - 1] if place else None

    @property
    def page_products(self) -> int:
        """Most products one request may ask for."""
        return _TERMS[self].page_products

    @property
    def tokens(self) -> int:
        """Tokens a product is expected to cost, before the account has shown it."""
        return _TERMS[self].tokens

    @property
    def most_tokens(self) -> int:
        """Tokens a product costs at most."""
        return _TERMS[self].most_tokens

    @property
    def price_sentence(self) -> str:
        """What it costs, as a clause without a full stop."""
        return _TERMS[self].price_sentence

    @property
    def label(self) -> str:
        """How messages name it."""
        return _TERMS[self].label


class _Terms(NamedTuple):
    """What a detail costs and how it is named; see Detail."""

    label: str
    page_products: int
    tokens: int
    most_tokens: int
    price_sentence: str


_ASCENDING: Final = tuple(Detail)
_TERMS: Final = {
    Detail.BASIC: _Terms("basic", 100, 1, 1, "1 token at each check"),
    Detail.BUY_BOX: _Terms(
        "buy box",
        100,
        3,
        3,
        "needs Keepa's buy box: 3 tokens at each check, where NEW needs 1",
    ),
    Detail.OFFERS: _Terms(
        "offers",
        20,
        7,
        TOKENS_PER_OFFERS_PAGE * OFFERS_ASKED // 10,
        "needs Keepa's offers: 6 tokens for each ten of them at each check, mostly 6 or 12, where "
        "NEW needs 1",
    ),
}
