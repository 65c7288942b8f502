"""What sort of product Amazon lists, which decides whether Keepa has prices of it.

Source: Keepa's documentation of `productType`.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from keeper.domain.naming import some_of


class ProductKind(StrEnum):
    """A product's sort; the value is what is stored and shown."""

    STANDARD = "standard"
    DOWNLOADABLE = "downloadable"
    """Music, software, films: Amazon's own price, none of other sellers."""
    EBOOK = "e-book"
    INACCESSIBLE = "inaccessible"
    """Keepa cannot see its prices."""
    WITHDRAWN = "withdrawn"
    """Not valid, or taken off Amazon, perhaps for a while."""
    PARENT = "parent"
    """What variations have in common; only they have prices."""
    UNKNOWN = "unknown"
    """Keepa gives a number that Keeper does not know."""
    NOT_FOUND = "not found"
    """Keepa knows no such product; no reply says so, but one that leaves it out."""

    @property
    def has_offers(self) -> bool:
        """Return whether Keepa collects other sellers' offers, so that asking for them is right."""
        # A number Keeper does not know may mean anything; what Keepa says of the offers counts.
        return self in {ProductKind.STANDARD, ProductKind.UNKNOWN}

    def explain(self, variations: Sequence[str] = ()) -> str:
        """Return why the product has no price, as a clause without a full stop; empty if it may.

        Args:
            variations: ASINs of a parent's variations.
        """
        if self is not ProductKind.PARENT:
            return _EXPLANATIONS.get(self, "")
        if not variations:
            return "a parent of variations: watch one of them"
        count = f"{len(variations)} variation{'s' if len(variations) > 1 else ''}"
        return f"a parent of {count}: watch one of them ({some_of(variations)})"


_EXPLANATIONS: Final = {
    ProductKind.DOWNLOADABLE: "a download: Keepa has no prices of other sellers",
    ProductKind.EBOOK: "an e-book: Keepa has no prices",
    ProductKind.INACCESSIBLE: "Keepa cannot see its prices",
    ProductKind.WITHDRAWN: "withdrawn from Amazon, perhaps for a while",
    ProductKind.NOT_FOUND: "Keepa knows no such product: is the ASIN right?",
}
