"""Reads a /product reply into products, series and statistics, in one JSON pass.

What is wrong with one series or one product is reported beside the rest, never instead of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from urllib.parse import quote

import numpy as np

from keeper.domain.asins import is_asin
from keeper.domain.locales import Locale, UnknownLocaleError, locale_of_keepa_id
from keeper.domain.price_points import KEEPA_EPOCH, PricePoint, from_keepa_minutes
from keeper.domain.price_types import PRICE_TYPES, PriceType
from keeper.sources.keepa.document import (
    Int64Array,
    JsonObject,
    NotJsonError,
    as_array,
    as_object,
    as_text,
    int64s,
    parse,
    plain_list,
)
from keeper.sources.keepa.errors import KeepaDecodeError
from keeper.sources.keepa.series import NO_OFFER, Series

__all__ = [
    "NO_OFFER",
    "DecodeProblem",
    "DecodedProduct",
    "DecodedReply",
    "Extreme",
    "ProductStats",
    "Series",
    "decode_products",
]

_IMAGE_URL: Final = "https://m.media-amazon.com/images/I/"
_RENT: Final = "RENT"
_NO_RENTAL_OFFER: Final = -2
_LAST_MINUTE: Final = (datetime.max.replace(tzinfo=KEEPA_EPOCH.tzinfo) - KEEPA_EPOCH) // timedelta(
    minutes=1
)

ProblemKind = Literal["malformed_product", "unknown_domain", "malformed_series", "malformed_stats"]


@dataclass(frozen=True, slots=True)
class DecodeProblem:
    """Something that could not be read and was left out.

    Attributes:
        kind: A whole product (`malformed_product`, `unknown_domain`), one series or the statistics.
        detail: What is wrong, for people.
        asin: The product, None if it has no proper ASIN.
        domain: Keeper's locale name, None if unknown.
        series: The price type's name, or `csv` for all of them, when the kind is about series.
    """

    kind: ProblemKind
    detail: str
    asin: str | None = None
    domain: str | None = None
    series: str | None = None

    def __str__(self) -> str:
        """Put it on one line."""
        where = " ".join(part for part in (self.asin, self.domain, self.series) if part)
        return f"{where or 'product'}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Extreme:
    """A lowest or highest value and when it was first seen."""

    observed_at: datetime
    value: int


@dataclass(frozen=True, slots=True)
class ProductStats:
    """Keepa's own statistics, each by price type index.

    An index is absent where Keepa has nothing: no offer, no history, not asked for. Values of
    price types with shipping include it. The bare ones cover the interval asked for, the numbered
    ones as many days. Keepa leaves outliers out of averages and extremes.
    """

    current: Mapping[int, int]
    avg: Mapping[int, int]
    avg30: Mapping[int, int]
    avg90: Mapping[int, int]
    avg180: Mapping[int, int]
    avg365: Mapping[int, int]
    at_interval_start: Mapping[int, int]
    out_of_stock_percent30: Mapping[int, int]
    out_of_stock_percent90: Mapping[int, int]
    min: Mapping[int, Extreme]
    max: Mapping[int, Extreme]
    min_in_interval: Mapping[int, Extreme]
    max_in_interval: Mapping[int, Extreme]


@dataclass(frozen=True, slots=True)
class DecodedProduct:
    """One product of a reply.

    Attributes:
        asin: The product.
        locale: Its Amazon.
        title: As Amazon shows it, None if Keepa has none.
        image: Address of the main picture.
        last_update: When Keepa last looked at the product.
        series: By price type index, in that order; only series with points. Empty for a product
            without history.
        stats: None if the request did not ask for them.
    """

    asin: str
    locale: Locale
    title: str | None
    image: str | None
    last_update: datetime | None
    series: Mapping[int, Series]
    stats: ProductStats | None

    def points(self, price_types: Iterable[PriceType] | None = None) -> Iterator[PricePoint]:
        """Give the points of some price types, by index and then time.

        Args:
            price_types: Which; None for every price. Ranks, counts and ratings only on request.
        """
        if price_types is None:
            price_types = (price_type for price_type in PRICE_TYPES if price_type.is_price)
        for index in sorted({price_type.index for price_type in price_types}):
            if index in self.series:
                yield from self.series[index].points()


@dataclass(frozen=True, slots=True)
class DecodedReply:
    """What a reply holds.

    Attributes:
        products: The readable ones, in the reply's order.
        problems: What was left out, and why.
    """

    products: list[DecodedProduct]
    problems: list[DecodeProblem]

    def missing(self, asked: Iterable[str]) -> tuple[str, ...]:
        """Return the ASINs asked for that the reply does not have: Keepa does not know them.

        A product that is there but unreadable is a problem, not missing.
        """
        there = {product.asin for product in self.products}
        there |= {problem.asin for problem in self.problems if problem.asin}
        return tuple(asin for asin in dict.fromkeys(asked) if asin not in there)


def decode_products(body: bytes) -> DecodedReply:
    """Decode a whole /product reply, or one product object as it stands in such a reply.

    Rules of reading: −1 is no offer (in RENT also −2) and its shipping is none either; shipping −1
    beside a price is 0. Price types Keeper does not know and unknown keys are ignored; a `csv` may
    have any length. Zeros stay: judging them is not this function's business.

    Args:
        body: Decompressed JSON.

    Raises:
        KeepaDecodeError: The bytes are not whole JSON, or neither a reply nor a product.
    """
    try:
        document = as_object(parse(body))
    except NotJsonError as error:
        raise KeepaDecodeError(
            f"this is not whole JSON ({len(body)} bytes, {error}); fetch it again"
        ) from None
    if document is None:
        raise KeepaDecodeError("this is JSON, but neither a reply of Keepa nor a product")
    reply = DecodedReply([], [])
    for node in _product_nodes(document):
        product = _decode_product(as_object(node), reply.problems)
        if product is not None:
            reply.products.append(product)
    return reply


def _product_nodes(document: JsonObject) -> Iterable[object]:
    listed = document.get("products")
    if listed is not None:
        products = as_array(listed)
        if products is None:
            raise KeepaDecodeError("`products` of this reply is not a list")
        return products
    error = as_object(document.get("error"))
    if error is not None:
        raise KeepaDecodeError(
            f"this reply is a refusal, not products: {error.get('message') or error.get('type')}"
        )
    if "tokensLeft" in document and "deals" not in document:
        return ()
    if "asin" in document or "csv" in document:
        return (document,)
    raise KeepaDecodeError(
        "this is neither a reply of Keepa's /product nor a product: it has no `products`, no "
        "`asin` and no `csv`"
    )


def _decode_product(
    node: JsonObject | None, problems: list[DecodeProblem]
) -> DecodedProduct | None:
    if node is None:
        problems.append(DecodeProblem("malformed_product", "the entry is not an object"))
        return None
    asin = node.get("asin")
    if not isinstance(asin, str) or not is_asin(asin):
        problems.append(DecodeProblem("malformed_product", f"`asin` is {_shown(asin)}"))
        return None
    try:
        locale = locale_of_keepa_id(_whole_number(node.get("domainId")))
    except (UnknownLocaleError, ValueError) as error:
        problems.append(DecodeProblem("unknown_domain", f"`domainId`: {error}", asin))
        return None
    return DecodedProduct(
        asin=asin,
        locale=locale,
        title=as_text(node.get("title")) or None,
        image=_image(node),
        last_update=_moment(node.get("lastUpdate")),
        series=_decode_csv(node.get("csv"), asin, locale, problems),
        stats=_decode_stats(node.get("stats"), asin, locale, problems),
    )


def _decode_csv(
    node: object, asin: str, locale: Locale, problems: list[DecodeProblem]
) -> dict[int, Series]:
    if node is None:
        return {}
    entries = as_array(node)
    if entries is None:
        problem = "`csv` is not a list"
        problems.append(DecodeProblem("malformed_series", problem, asin, locale.domain, "csv"))
        return {}
    series = {}
    for price_type, entry in zip(PRICE_TYPES, entries, strict=False):
        if entry is None:
            continue
        try:
            columns = _read_columns(entry, price_type)
        except ValueError as error:
            problems.append(
                DecodeProblem("malformed_series", str(error), asin, locale.domain, price_type.name)
            )
            continue
        if columns is not None:
            series[price_type.index] = Series(asin, locale, price_type, *columns)
    return series


def _read_columns(
    node: object, price_type: PriceType
) -> tuple[Int64Array, Int64Array, Int64Array | None] | None:
    array = as_array(node)
    if array is None:
        raise ValueError("the series is not a list")
    numbers = int64s(array)
    width = 3 if price_type.has_shipping else 2
    if len(numbers) % width:
        raise ValueError(f"{len(numbers)} numbers do not make entries of {width}")
    if not len(numbers):
        return None
    minutes, values = numbers[0::width], numbers[1::width]
    if not (minutes[1:] > minutes[:-1]).all():
        raise ValueError("the times do not increase")
    if minutes[0] < 0 or minutes[-1] > _LAST_MINUTE:
        raise ValueError("a time lies outside the calendar")
    if price_type.name == _RENT:
        values = _frozen(np.where(values == _NO_RENTAL_OFFER, NO_OFFER, values))
    if not price_type.has_shipping:
        return minutes, values, None
    charged = numbers[2::width]
    shipping = np.where(charged == -1, 0, charged)
    shipping[values == NO_OFFER] = NO_OFFER
    return minutes, values, _frozen(shipping)


def _frozen(numbers: Int64Array) -> Int64Array:
    numbers.flags.writeable = False
    return numbers


def _decode_stats(
    node: object, asin: str, locale: Locale, problems: list[DecodeProblem]
) -> ProductStats | None:
    if node is None:
        return None
    stats = as_object(node)
    if stats is None:
        problem = "`stats` is not an object"
        problems.append(DecodeProblem("malformed_stats", problem, asin, locale.domain))
        return None
    return ProductStats(
        current=_numbers(stats, "current"),
        avg=_numbers(stats, "avg"),
        avg30=_numbers(stats, "avg30"),
        avg90=_numbers(stats, "avg90"),
        avg180=_numbers(stats, "avg180"),
        avg365=_numbers(stats, "avg365"),
        at_interval_start=_numbers(stats, "atIntervalStart"),
        out_of_stock_percent30=_numbers(stats, "outOfStockPercentage30"),
        out_of_stock_percent90=_numbers(stats, "outOfStockPercentage90"),
        min=_extremes(stats, "min"),
        max=_extremes(stats, "max"),
        min_in_interval=_extremes(stats, "minInInterval"),
        max_in_interval=_extremes(stats, "maxInInterval"),
    )


def _entries(stats: JsonObject, name: str) -> Iterable[tuple[int, Any]]:
    array = as_array(stats.get(name))
    return enumerate(() if array is None else plain_list(array))


def _numbers(stats: JsonObject, name: str) -> dict[int, int]:
    return {
        index: value for index, value in _entries(stats, name) if type(value) is int and value >= 0
    }


def _extremes(stats: JsonObject, name: str) -> dict[int, Extreme]:
    extremes = {}
    for index, entry in _entries(stats, name):
        if not isinstance(entry, list) or len(entry) != 2:
            continue
        observed_at, value = _moment(entry[0]), entry[1]
        if observed_at is not None and type(value) is int and value >= 0:
            extremes[index] = Extreme(observed_at, value)
    return extremes


def _whole_number(node: object) -> int:
    if type(node) is not int:
        raise ValueError(f"{_shown(node)} is not a number")
    return node


def _shown(node: object) -> str:
    return repr(node)[:40] if node is None or isinstance(node, str | int | float) else "nested"


def _moment(node: object) -> datetime | None:
    if type(node) is not int or not 0 < node <= _LAST_MINUTE:
        return None
    return from_keepa_minutes(node)


def _image(product: JsonObject) -> str | None:
    listed = as_text(product.get("imagesCSV"))
    name = listed.partition(",")[0].strip() if listed else ""
    images = as_array(product.get("images"))
    if not name and images is not None and len(images):
        main = as_object(images[0])
        if main is not None:
            name = as_text(main.get("l")) or as_text(main.get("m")) or ""
    return _IMAGE_URL + quote(name, safe="+%") if name else None
