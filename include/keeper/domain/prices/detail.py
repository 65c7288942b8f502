"""How much of a product a request to Keepa asks for; it decides which series come and the price.

Source: Keepa's documentation of /product. A series that was not asked for is null in the reply,
exactly as one that Keepa has never had a price for.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, Self


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
        return _ORDER[self] >= _ORDER[other]

    @classmethod
    def most(cls, details: Iterable["Detail"]) -> Self:
        """Return what brings all of `details`; BASIC for none."""
        return cls(max(details, key=_ORDER.__getitem__, default=cls.BASIC))

    @property
    def less(self) -> "Detail | None":
        """What asks for the next less; None for the least."""
        return {Detail.OFFERS: Detail.BUY_BOX, Detail.BUY_BOX: Detail.BASIC}.get(self)

    @property
    def page_products(self) -> int:
        """Most products one request may ask for."""
        return _PAGES[self]

    @property
    def tokens(self) -> int:
        """Tokens a product is expected to cost, before the account has shown it."""
        return _TOKENS[self]

    @property
    def most_tokens(self) -> int:
        """Tokens a product costs at most."""
        return _MOST_TOKENS[self]

    @property
    def price_sentence(self) -> str:
        """What it costs, as a clause without a full stop."""
        return _PRICE_SENTENCES[self]

    @property
    def label(self) -> str:
        """How messages name it."""
        return _LABELS[self]


_ORDER: Final = {Detail.BASIC: 0, Detail.BUY_BOX: 1, Detail.OFFERS: 2}
_PAGES: Final = {Detail.BASIC: 100, Detail.BUY_BOX: 100, Detail.OFFERS: 20}
OFFERS_ASKED: Final = 20
"""Offers a product is asked for: the fewest Keepa accepts, two pages of ten."""
TOKENS_PER_OFFERS_PAGE: Final = 6
_TOKENS: Final = {Detail.BASIC: 1, Detail.BUY_BOX: 3, Detail.OFFERS: 7}
_MOST_TOKENS: Final = {
    Detail.BASIC: 1,
    Detail.BUY_BOX: 3,
    Detail.OFFERS: TOKENS_PER_OFFERS_PAGE * OFFERS_ASKED // 10,
}
_PRICE_SENTENCES: Final = {
    Detail.BASIC: "1 token at each check",
    Detail.BUY_BOX: "needs Keepa's buy box: 3 tokens at each check, where NEW needs 1",
    Detail.OFFERS: "needs Keepa's offers: 6 tokens for each ten of them at each check, mostly 6 or "
    "12, where NEW needs 1",
}
_LABELS: Final = {Detail.BASIC: "basic", Detail.BUY_BOX: "buy box", Detail.OFFERS: "offers"}
