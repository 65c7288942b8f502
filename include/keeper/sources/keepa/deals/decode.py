"""Reads a /deal reply into deals.

What is wrong with one deal is reported beside the rest, never instead of it.

Source: recorded replies. Lists are by price type; −1 is no offer, an average of −2 a series that
never had one; `deltaLast` is the price before less the price now, 0 if Keepa does not know. Keepa
counts `delta` of WAREHOUSE and PRIME_EXCL from what the product costs new (AMAZON where that is no
dearer than the buy box, else the buy box), of every other series from its own average. A deal here
carries its own series' averages in every case: what a thing costs new says nothing of whether a
used one is cheap. An average over days that began before its series' prices meant what they mean
now (keeper.domain.prices.landed) is left out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.domain.asins import is_asin
from keeper.domain.deals.deal import Deal
from keeper.domain.locales import Locale
from keeper.domain.prices.types import PriceType, price_type_of
from keeper.sources.keepa.document import (
    JsonArray,
    JsonObject,
    NotJsonError,
    as_array,
    as_moment,
    as_object,
    as_text,
    parse,
    plain_list,
)
from keeper.sources.keepa.errors import KeepaDecodeError
from keeper.sources.keepa.products.images import image_url
from keeper.sources.keepa.products.problems import DecodeProblem, shown

_NO_OFFER: Final = frozenset({-1, -2})
_UNKNOWN_CATEGORY: Final = 2**63 - 1
_LARGEST: Final = 2**31 - 1
"""Keepa's prices, ranks and times are 32-bit integers; what is larger is damaged."""
_AVERAGED_DAYS: Final = (2, 7, 31, 90)
"""What the lists of `avg` cover."""
_LONGEST_LIGHTNING: Final = timedelta(days=30)
_SALES: Final = price_type_of("SALES").index
_LIST_PRICE: Final = price_type_of("LISTPRICE").index
_RATING: Final = price_type_of("RATING").index
_REVIEWS: Final = price_type_of("COUNT_REVIEWS").index


@dataclass(frozen=True, slots=True)
class DecodedDeals:
    """What a page of deals holds.

    Attributes:
        deals: The readable ones, in the reply's order.
        problems: What was left out, and why.
        entries: Deals on the page, readable or not; fewer than 150 on the last page.
    """

    deals: list[Deal]
    problems: list[DecodeProblem]
    entries: int


def decode_deals(body: bytes, locale: Locale, price_type: PriceType) -> DecodedDeals:
    """Decode a whole /deal reply.

    Zeros and other impossible prices stay: this function does not validate.

    Args:
        body: Decompressed JSON.
        locale: The Amazon asked about; deals do not name it.
        price_type: The series asked for.

    Raises:
        KeepaDecodeError: The bytes are not whole JSON, or no reply of /deal.
    """
    entries = _entries(body)
    decoded = DecodedDeals([], [], len(entries))
    for node in entries:
        asin = None
        try:
            entry = as_object(node)
            if entry is None:
                raise ValueError("the entry is not an object")
            asin = _asin(entry)
            decoded.deals.append(_decode(entry, asin, locale, price_type))
        except ValueError as error:
            decoded.problems.append(
                DecodeProblem("malformed_deal", str(error), asin, locale.domain, price_type.name)
            )
    return decoded


def count_deals(body: bytes) -> int:
    """Return how many deals are on a page without decoding them.

    Raises:
        KeepaDecodeError: As `decode_deals`.
    """
    return len(_entries(body))


def _entries(body: bytes) -> JsonArray:
    try:
        document = as_object(parse(body))
    except NotJsonError as error:
        raise KeepaDecodeError(
            f"this is not whole JSON ({len(body)} bytes, {error}); fetch it again"
        ) from None
    deals = as_object(document.get("deals")) if document is not None else None
    entries = as_array(deals.get("dr")) if deals is not None else None
    if entries is None:
        raise KeepaDecodeError("this is no reply of Keepa's /deal: it has no `deals` with a `dr`")
    return entries


def _asin(entry: JsonObject) -> str:
    asin = entry.get("asin")
    if not isinstance(asin, str) or not is_asin(asin):
        raise ValueError(f"`asin` is {shown(asin)}")
    return asin


def _decode(entry: JsonObject, asin: str, locale: Locale, price_type: PriceType) -> Deal:
    index = price_type.index
    current = _numbers(entry.get("current"))
    now = current.get(index)
    if now is None:
        raise ValueError(f"`current` has no {price_type.name}")
    updated_at = as_moment(entry.get("lastUpdate"))
    found_at = as_moment(entry.get("creationDate")) or updated_at
    observed_at = as_moment(_numbers(entry.get("currentSince")).get(index)) or found_at
    if observed_at is None or found_at is None:
        raise ValueError("no time says since when the price holds")
    at = updated_at or found_at
    day, week, month, ninety = (
        None if price_type.is_cut(days, at) else _average(entry, interval, index)
        for interval, days in enumerate(_AVERAGED_DAYS)
    )
    rating = current.get(_RATING, -1)
    return Deal(
        asin=asin,
        domain=locale.domain,
        currency=locale.currency,
        price_type=price_type.name,
        title=as_text(entry.get("title")) or None,
        image_url=_image(entry),
        observed_at=observed_at,
        price_minor=None if now in _NO_OFFER else now,
        shipping_minor=None,
        previous_minor=_previous(entry, now, index),
        average_day_minor=day,
        average_week_minor=week,
        average_month_minor=month,
        average_90_days_minor=ninety,
        list_price_minor=_positive(current.get(_LIST_PRICE)),
        rating=rating / 10 if rating >= 0 else None,
        review_count=_at_least(0, current.get(_REVIEWS)),
        sales_rank=_positive(current.get(_SALES)),
        root_category=_known_category(entry.get("rootCat")),
        back_in_stock=_flag(entry.get("backInStock"), index),
        lightning_ends_at=_lightning_end(entry, updated_at or found_at),
        found_at=found_at,
    )


def _numbers(node: object) -> dict[int, int]:
    array = as_array(node)
    if array is None:
        return {}
    return {
        index: value
        for index, value in enumerate(plain_list(array))
        if type(value) is int and abs(value) <= _LARGEST
    }


def _average(entry: JsonObject, interval: int, index: int) -> int | None:
    intervals = as_array(entry.get("avg"))
    if intervals is None or interval >= len(intervals):
        return None
    return _positive(_numbers(intervals[interval]).get(index))


def _previous(entry: JsonObject, now: int, index: int) -> int | None:
    fell = _numbers(entry.get("deltaLast")).get(index, 0)
    # Keepa subtracts from −1 too when the offer has gone.
    return _positive(now + fell) if fell else None


def _flag(node: object, index: int) -> bool:
    array = as_array(node)
    return array is not None and index < len(array) and array[index] is True


def _positive(value: int | None) -> int | None:
    return _at_least(1, value)


def _at_least(lowest: int, value: int | None) -> int | None:
    return value if value is not None and value >= lowest else None


def _lightning_end(entry: JsonObject, at: datetime) -> datetime | None:
    ends_at = as_moment(entry.get("lightningEnd"))
    # Keepa keeps the end of a product's last lightning deal for years.
    is_ahead = ends_at is not None and timedelta(0) < ends_at - at < _LONGEST_LIGHTNING
    return ends_at if is_ahead else None


def _known_category(node: object) -> int | None:
    return node if type(node) is int and 0 < node < _UNKNOWN_CATEGORY else None


def _image(entry: JsonObject) -> str | None:
    codes = _numbers(entry.get("image")).values()
    name = "".join(chr(code) for code in codes if 0x20 < code < 0x7F)
    return image_url(name) if name else None
