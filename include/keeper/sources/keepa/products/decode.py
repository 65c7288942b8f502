"""Reads a /product reply into products, series and statistics, in one JSON pass.

What is wrong with one series or one product is reported beside the rest, never instead of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from keeper.domain.asins import is_asin
from keeper.domain.locales import Locale, UnknownLocaleError, locale_of_keepa_id
from keeper.domain.prices.points import KEEPA_EPOCH_UNIX_MINUTES
from keeper.domain.prices.types import PRICE_TYPES, PriceType
from keeper.domain.product_kinds import ProductKind
from keeper.sources.keepa.document import (
    JsonObject,
    NotJsonError,
    as_array,
    as_moment,
    as_object,
    parse,
)
from keeper.sources.keepa.errors import KeepaDecodeError
from keeper.sources.keepa.products import listing
from keeper.sources.keepa.products.columns import (
    DamagedSeriesError,
    Rest,
    read_columns,
    read_rest,
)
from keeper.sources.keepa.products.images import main_image_url
from keeper.sources.keepa.products.lightning import LightningDeal, cut_announcement
from keeper.sources.keepa.products.problems import (
    DecodeProblem,
    ProblemKind,
    SeriesFault,
    shown,
)
from keeper.sources.keepa.products.product import DecodedProduct, SeriesState
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
    "SeriesState",
    "decode_products",
]

_MINUTE_MS: Final = 60_000
_LOOK_MINUTES: Final = 60


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
    after the reply is left out of the series. A title's HTML is unescaped. Of a damaged series the
    readable points stay, and each reason for leaving others out is a problem.

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
    kind = _decode_kind(node.get("productType"), asin, locale, problems)
    csv = _decode_csv(node.get("csv"), asin, locale, problems)
    lightning_end = cut_announcement(csv.series, _seen_until(node.get("lastUpdate"), replied_at))
    return DecodedProduct(
        asin=asin,
        locale=locale,
        title=listing.title(node.get("title")),
        image=main_image_url(node),
        last_update=as_moment(node.get("lastUpdate")),
        tracked_since=as_moment(node.get("trackingSince")),
        series=csv.series,
        stats=_decode_stats(node.get("stats"), asin, locale, problems),
        lightning_end=lightning_end,
        kind=kind,
        parent_asin=listing.known_asin(node.get("parentAsin")),
        variations=listing.variations(node) if kind is ProductKind.PARENT else (),
        is_new_price_hidden=listing.as_flag(node.get("newPriceIsMAP")) or False,
        offers_successful=listing.as_flag(node.get("offersSuccessful")),
        last_rating_update=as_moment(node.get("lastRatingUpdate")),
        coupon=listing.coupon(node.get("coupon")),
        availability=listing.availability(node.get("availabilityAmazon")),
        damaged=csv.damaged,
        labels=listing.labels(node),
    )


def _decode_kind(
    node: object, asin: str, locale: Locale, problems: list[DecodeProblem]
) -> ProductKind:
    kind = listing.product_kind(node)
    if kind is ProductKind.UNKNOWN:
        detail = f"`productType` {shown(node)} is not known"
        problems.append(DecodeProblem("unknown_product_type", detail, asin, locale.domain))
    return kind


@dataclass(frozen=True, slots=True)
class _Csv:
    """A product's `csv`: the readable series, and the states of those that are not whole."""

    series: dict[int, Series]
    damaged: dict[int, SeriesState]


def _decode_csv(node: object, asin: str, locale: Locale, problems: list[DecodeProblem]) -> _Csv:
    csv = _Csv({}, {})
    if node is None:
        return csv
    entries = as_array(node)
    if entries is None:
        problems.append(
            DecodeProblem(
                "malformed_series",
                "`csv` is not a list",
                asin,
                locale.domain,
                "csv",
                fault=SeriesFault.NOT_A_LIST,
            )
        )
        csv.damaged.update((price.index, SeriesState.UNREADABLE) for price in PRICE_TYPES)
        return csv
    for price_type, entry in zip(PRICE_TYPES, entries, strict=False):
        if entry is None:
            continue
        try:
            columns = read_columns(entry, price_type)
        except DamagedSeriesError:
            rest = read_rest(entry, price_type)
            columns = rest.columns
            csv.damaged[price_type.index] = _state(rest)
            problems += _series_problems(rest, asin, locale, price_type)
        if columns is not None:
            csv.series[price_type.index] = Series(asin, locale, price_type, *columns)
    return csv


def _state(rest: Rest) -> SeriesState:
    if rest.columns is None:
        return SeriesState.UNREADABLE
    return SeriesState.NEWEST_LOST if rest.lost_newest else SeriesState.DAMAGED


def _series_problems(
    rest: Rest, asin: str, locale: Locale, price_type: PriceType
) -> Iterable[DecodeProblem]:
    kind: ProblemKind = "malformed_series" if rest.columns is None else "malformed_entries"
    for left_out in rest.left_out:
        yield DecodeProblem(
            kind,
            left_out.detail,
            asin,
            locale.domain,
            price_type.name,
            fault=left_out.fault,
            index=left_out.index,
            count=left_out.count,
        )


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
