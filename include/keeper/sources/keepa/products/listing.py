"""What a product object says of Amazon's listing beside the prices."""

from dataclasses import dataclass
from html import unescape
from typing import Final

from keeper.domain.asins import is_asin
from keeper.domain.prices.listing import Availability, Coupon, Labels
from keeper.domain.product_kinds import ProductKind
from keeper.sources.keepa.document import JsonObject, as_array, as_object, as_text, plain_list

_KINDS: Final = {
    0: ProductKind.STANDARD,
    1: ProductKind.DOWNLOADABLE,
    2: ProductKind.EBOOK,
    3: ProductKind.INACCESSIBLE,
    4: ProductKind.WITHDRAWN,
    5: ProductKind.PARENT,
}
_MOST_VARIATIONS: Final = 50
_MOST_DISCOUNT: Final = 2**31
_UNKNOWN_CATEGORY: Final = 2**63 - 1
_LONGEST_BRAND: Final = 100


@dataclass(frozen=True, slots=True)
class Variation:
    """A variation of a parent.

    Attributes:
        asin: Its own ASIN.
        attributes: What sets it apart, such as `Color: Red, Size: M`; empty if Keepa does not say.
    """

    asin: str
    attributes: str


_AVAILABILITIES: Final[dict[int, Availability]] = {
    0: "in stock",
    1: "pre-order",
    3: "back-order",
    4: "delayed",
}
"""-1 is no offer of Amazon's, 2 an offer of which nothing is known."""


def product_kind(node: object) -> ProductKind:
    """Return the kind of a `productType`: STANDARD if absent, UNKNOWN for a value not known."""
    if node is None:
        return ProductKind.STANDARD
    return _KINDS.get(node, ProductKind.UNKNOWN) if type(node) is int else ProductKind.UNKNOWN


def known_asin(node: object) -> str | None:
    """Return `node` if it is an ASIN."""
    return node if isinstance(node, str) and is_asin(node) else None


def variations(product: JsonObject) -> tuple[Variation, ...]:
    """Return a parent's variations, at most 50, in the reply's order."""
    array = as_array(product.get("variations"))
    nodes = plain_list(array) if array is not None else _listed(product.get("variationCSV"))
    found: dict[str, Variation] = {}
    for node in nodes:
        asin = known_asin(node.get("asin")) if isinstance(node, dict) else None
        if asin is not None and asin not in found:
            found[asin] = Variation(asin, _attributes(node.get("attributes")))
    return tuple(found.values())[:_MOST_VARIATIONS]


def coupon(node: object) -> Coupon | None:
    """Return a `coupon`; None if there is none, or for what is not one.

    Keepa writes one for a purchase and one for a subscription, each above zero for an amount in
    minor units, below zero for percent, 0 for none. It looks for them only when it collects the
    offers.
    """
    array = as_array(node)
    values = plain_list(array) if array is not None else []
    if len(values) != 2 or not all(
        type(value) is int and -100 <= value < _MOST_DISCOUNT for value in values
    ):
        return None
    if not any(values):
        return None
    off, off_subscription = values
    return Coupon(
        minor=off if off > 0 else None,
        percent=-off if off < 0 else None,
        subscribe_minor=off_subscription if off_subscription > 0 else None,
        subscribe_percent=-off_subscription if off_subscription < 0 else None,
    )


def availability(node: object) -> Availability | None:
    """Return an `availabilityAmazon`; None if absent, without an offer or for an unknown value."""
    return _AVAILABILITIES.get(node) if type(node) is int else None


def as_flag(node: object) -> bool | None:
    """Return `node` if it is true or false."""
    return node if isinstance(node, bool) else None


def title(node: object) -> str | None:
    """Return a title, its HTML unescaped once; None if there is none."""
    return unescape(as_text(node) or "") or None


def labels(product: JsonObject) -> Labels:
    """Return a product's root category and brand, each None if Keepa does not say.

    A brand's HTML is unescaped and its white space made single; else it stays as Amazon writes it.
    """
    root = product.get("rootCategory")
    brand = " ".join((title(product.get("brand")) or "").replace("\0", "").split())
    return Labels(
        root if type(root) is int and 0 < root < _UNKNOWN_CATEGORY else None,
        brand[:_LONGEST_BRAND].rstrip() or None,
    )


def _listed(csv: object) -> list[dict[str, object]]:
    # Replies from before April 2026 have the ASINs alone.
    return [{"asin": asin.strip()} for asin in (as_text(csv) or "").split(",")]


def _attributes(node: object) -> str:
    pairs = []
    for entry in as_array(node) or ():
        attribute = as_object(entry)
        if attribute is None:
            continue
        dimension, value = title(attribute.get("dimension")), title(attribute.get("value"))
        if value is not None:
            pairs.append(f"{dimension}: {value}" if dimension else value)
    return ", ".join(pairs)
