"""What a /product reply holds of one product, named as Keepa names it.

Decoding keeps what Keeper needs. This keeps what shows how Keepa answers.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.domain.prices.types import PRICE_TYPES
from keeper.sources.keepa.document import (
    JsonObject,
    as_array,
    as_moment,
    as_object,
    parse,
    plain_list,
)
from keeper.sources.keepa.products.listing import as_flag, title
from keeper.sources.keepa.products.problems import shown

ABSENT: Final = "absent"


@dataclass(frozen=True, slots=True)
class DeliveredSeries:
    """One entry of `csv`.

    Attributes:
        index: Its position.
        name: Keepa's name, empty for an index that Keeper does not know.
        points: How many entries came; None if it is null or `csv` ends before it.
        current: What `stats.current` has there: a number as text, `None` for null, or `absent`.
    """

    index: int
    name: str
    points: int | None
    current: str


@dataclass(frozen=True, slots=True)
class DeliveredProduct:
    """One product of a reply; fields are None where the reply does not have them.

    Attributes:
        asin: The product.
        title: Its title.
        product_type: `productType`.
        series: Every entry of `csv` that came or that Keeper knows, by index.
        last_update: `lastUpdate`.
        last_rating_update: `lastRatingUpdate`.
        last_buy_box_update: `stats.lastBuyBoxUpdate`.
        last_offers_update: `stats.lastOffersUpdate`.
        offers_successful: `offersSuccessful`.
        offers: How many entries `offers` has.
    """

    asin: str
    title: str | None
    product_type: int | None
    series: tuple[DeliveredSeries, ...]
    last_update: datetime | None
    last_rating_update: datetime | None
    last_buy_box_update: datetime | None
    last_offers_update: datetime | None
    offers_successful: bool | None
    offers: int | None


def delivered_product(body: bytes, asin: str) -> DeliveredProduct | None:
    """Return what a reply holds of a product; None if it does not have it.

    Args:
        body: A reply that the client took for whole.
        asin: The product.
    """
    reply = as_object(parse(body))
    products = as_array(reply.get("products")) if reply is not None else None
    for node in products or ():
        product = as_object(node)
        if product is not None and product.get("asin") == asin:
            return _delivered(product, asin)
    return None


def _delivered(product: JsonObject, asin: str) -> DeliveredProduct:
    stats = as_object(product.get("stats"))
    stats = {} if stats is None else stats
    kind = product.get("productType")
    return DeliveredProduct(
        asin=asin,
        title=title(product.get("title")),
        product_type=kind if type(kind) is int else None,
        series=_series(product, stats),
        last_update=as_moment(product.get("lastUpdate")),
        last_rating_update=as_moment(product.get("lastRatingUpdate")),
        last_buy_box_update=as_moment(stats.get("lastBuyBoxUpdate")),
        last_offers_update=as_moment(stats.get("lastOffersUpdate")),
        offers_successful=as_flag(product.get("offersSuccessful")),
        offers=_length(product.get("offers")),
    )


def _series(product: JsonObject, stats: JsonObject) -> tuple[DeliveredSeries, ...]:
    csv, current = as_array(product.get("csv")), as_array(stats.get("current"))
    entries = [] if csv is None else list(csv)
    values = [] if current is None else plain_list(current)
    return tuple(
        DeliveredSeries(
            index,
            PRICE_TYPES[index].name if index < len(PRICE_TYPES) else "",
            _points(entries[index], index) if index < len(entries) else None,
            shown(values[index]) if index < len(values) else ABSENT,
        )
        for index in range(max(len(PRICE_TYPES), len(entries)))
    )


def _points(entry: object, index: int) -> int | None:
    length = _length(entry)
    if length is None:
        return None
    has_shipping = index < len(PRICE_TYPES) and PRICE_TYPES[index].has_shipping
    return length // (3 if has_shipping else 2)


def _length(node: object) -> int | None:
    array = as_array(node)
    return None if array is None else len(array)
