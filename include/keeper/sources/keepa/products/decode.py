"""Reads a /product reply into products, series and statistics, in one JSON pass.

What is wrong with one series or one product is reported beside the rest, never instead of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Final, Literal

import numpy as np

from keeper.domain.asins import is_asin
from keeper.domain.locales import Locale, UnknownLocaleError, locale_of_keepa_id
from keeper.domain.prices.points import KEEPA_EPOCH_UNIX_MINUTES, PricePoint
from keeper.domain.prices.types import PRICE_TYPES, PriceType, price_type_of
from keeper.sources.keepa.document import (
    LAST_MINUTE,
    Int64Array,
    JsonObject,
    NotJsonError,
    as_array,
    as_moment,
    as_object,
    as_text,
    int64s,
    parse,
)
from keeper.sources.keepa.errors import KeepaDecodeError
from keeper.sources.keepa.products.images import main_image_url
from keeper.sources.keepa.products.lightning import (
    LIGHTNING_DEAL,
    LightningDeal,
    cut_announcement,
)
from keeper.sources.keepa.products.series import NO_OFFER, Series
from keeper.sources.keepa.products.statistics import Extreme
from keeper.sources.keepa.products.stats import ProductStats, decode_stats

__all__ = [
    "NO_OFFER",
    "DecodeProblem",
    "DecodedProduct",
    "DecodedReply",
    "Extreme",
    "LightningDeal",
    "ProductStats",
    "Series",
    "decode_products",
]

_MINUTE_MS: Final = 60_000
_LOOK_MINUTES: Final = 60
_RENT: Final = "RENT"
_NO_RENTAL_OFFER: Final = -2
_OFFER_COUNTS: Final = (
    "COUNT_NEW",
    "COUNT_USED",
    "COUNT_REFURBISHED",
    "COUNT_COLLECTIBLE",
    "COUNT_NEW_FBA",
    "COUNT_NEW_FBM",
)

ProblemKind = Literal[
    "malformed_product", "unknown_domain", "malformed_series", "malformed_stats", "malformed_deal"
]


@dataclass(frozen=True, slots=True)
class DecodeProblem:
    """Something that could not be read and was left out.

    Attributes:
        kind: A whole product (`malformed_product`, `unknown_domain`), one series or the statistics;
            a whole deal.
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
class DecodedProduct:
    """One product of a reply.

    Attributes:
        asin: The product.
        locale: Its Amazon.
        title: As Amazon shows it, None if Keepa has none.
        image: Address of the main picture.
        last_update: When Keepa last looked at the product.
        tracked_since: When Keepa began to.
        series: By price type index, in that order; only series with points. Empty for a product
            without history. No point is from after the reply.
        stats: None if the request did not ask for them.
        lightning_end: When the lightning deal that runs, or is to come, ends, if the series
            announces it.
    """

    asin: str
    locale: Locale
    title: str | None
    image: str | None
    last_update: datetime | None
    tracked_since: datetime | None
    series: Mapping[int, Series]
    stats: ProductStats | None
    lightning_end: datetime | None = None

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

    def current(self, price_type: PriceType) -> int | None:
        """Return the newest value, shipping included, None if there is none now.

        Minor units, or the bare rank, count or rating × 10. It is read from the series, or from
        `stats` if the request left the history out.
        """
        series = self.series.get(price_type.index)
        if series is not None:
            newest = int(series.offers(landed=True)[-1])
            return None if newest == NO_OFFER else newest
        return self.stats.current.get(price_type.index) if self.stats is not None else None

    @property
    def rating(self) -> float | None:
        """Stars, 0.0 to 5.0."""
        stars = self.current(price_type_of("RATING"))
        return None if stars is None else stars / 10

    @property
    def review_count(self) -> int | None:
        """How many reviews there are."""
        return self.current(price_type_of("COUNT_REVIEWS"))

    @property
    def sales_rank(self) -> int | None:
        """The rank in the root category; lower sells better."""
        return self.current(price_type_of("SALES"))

    @property
    def offer_counts(self) -> dict[str, int]:
        """How many offers there are, by Keepa's name (COUNT_NEW, COUNT_USED, …) where known."""
        counts = {name: self.current(price_type_of(name)) for name in _OFFER_COUNTS}
        return {name: count for name, count in counts.items() if count is not None}

    @property
    def lightning_deal(self) -> LightningDeal | None:
        """The last lightning deal, None if the product never had one."""
        times = self.stats.lightning if self.stats is not None else None
        is_known = LIGHTNING_DEAL.index in self.series or self.lightning_end is not None
        if times is None and not is_known:
            return None
        starts_at, ends_at = times or (None, self.lightning_end)
        return LightningDeal(starts_at, ends_at, self.current(LIGHTNING_DEAL))


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
    have any length. Zeros stay: this function does not validate. While a lightning
    deal runs, or one is to come, the last point of LIGHTNING_DEAL is its announced end: what lies
    after the reply is left out of the series. A title's HTML is unescaped.

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
    replied_at = _replied_at(document)
    for node in _product_nodes(document):
        product = _decode_product(as_object(node), replied_at, reply.problems)
        if product is not None:
            reply.products.append(product)
    return reply


def _seen_until(last_look: object, replied_at: int | None) -> int | None:
    """Return the Keepa minute after which nothing of a product can have been seen."""
    if not isinstance(last_look, int):
        return replied_at
    # Some series are seen a little after the look that `lastUpdate` gives.
    seen_until = last_look + _LOOK_MINUTES
    if replied_at is None or replied_at < last_look:
        return seen_until
    return min(seen_until, replied_at)


def _replied_at(document: JsonObject) -> int | None:
    """Return the Keepa minute of a whole reply, by Keepa's clock; None if it does not say."""
    started_ms, took_ms = document.get("timestamp"), document.get("processingTimeInMs")
    if type(started_ms) is not int or started_ms <= 0:
        return None
    ended_ms = started_ms + (took_ms if type(took_ms) is int and took_ms > 0 else 0)
    return ended_ms // _MINUTE_MS - KEEPA_EPOCH_UNIX_MINUTES


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
    node: JsonObject | None, replied_at: int | None, problems: list[DecodeProblem]
) -> DecodedProduct | None:
    if node is None:
        problems.append(DecodeProblem("malformed_product", "the entry is not an object"))
        return None
    asin = node.get("asin")
    if not isinstance(asin, str) or not is_asin(asin):
        problems.append(DecodeProblem("malformed_product", f"`asin` is {shown(asin)}"))
        return None
    try:
        locale = locale_of_keepa_id(_whole_number(node.get("domainId")))
    except (UnknownLocaleError, ValueError) as error:
        problems.append(DecodeProblem("unknown_domain", f"`domainId`: {error}", asin))
        return None
    series = _decode_csv(node.get("csv"), asin, locale, problems)
    lightning_end = cut_announcement(series, _seen_until(node.get("lastUpdate"), replied_at))
    return DecodedProduct(
        asin=asin,
        locale=locale,
        title=unescape(as_text(node.get("title")) or "") or None,
        image=main_image_url(node),
        last_update=as_moment(node.get("lastUpdate")),
        tracked_since=as_moment(node.get("trackingSince")),
        series=series,
        stats=_decode_stats(node.get("stats"), asin, locale, problems),
        lightning_end=lightning_end,
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
    if minutes[0] < 0 or minutes[-1] > LAST_MINUTE:
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
    return decode_stats(stats)


def _whole_number(node: object) -> int:
    if type(node) is not int:
        raise ValueError(f"{shown(node)} is not a number")
    return node


def shown(node: object) -> str:
    """Return a JSON value as a problem's text quotes it."""
    return repr(node)[:40] if node is None or isinstance(node, str | int | float) else "nested"
