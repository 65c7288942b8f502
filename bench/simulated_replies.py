"""Replies of Keepa's as its simulator makes them: the same ones every time."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from keeper.domain.locales import locale_of
from keeper.domain.prices.points import to_keepa_minutes
from keeper.simulator.documents import write_document
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.histories import make_history
from keeper.simulator.products.sheets import CATALOGUE_ORIGIN, ProductSheet
from keeper.simulator.products.stats import Interval
from keeper.simulator.replies.detail import ProductDetail
from keeper.simulator.replies.objects import LastVisits, product_object

REPLIED_AT: Final = CATALOGUE_ORIGIN
STATS_DAYS: Final = 90
_SEED: Final = 7
_US: Final = locale_of("us")
_AT: Final = to_keepa_minutes(REPLIED_AT)
_YEAR: Final = 365 * 1440
_ENVELOPE: Final = {
    "timestamp": 1_767_225_600_000,
    "tokensLeft": 1100,
    "refillIn": 30_000,
    "refillRate": 20,
    "tokenFlowReduction": 0.0,
    "tokensConsumed": 100,
    "processingTimeInMs": 300,
}


def american_products(count: int) -> Iterator[ProductSheet]:
    """Give products of the US that have a history."""
    sheets = Catalogue(_SEED, 20 * count).products_in(_US)
    return islice((sheet for sheet in sheets if sheet.has_history), count)


def long_tracked(sheet: ProductSheet) -> ProductSheet:
    """Return the product as if Keepa had looked at it four times a day for nearly five years.

    It has the newest `csv`, as the `keepa` client cannot read one of fewer series.
    """
    since = _AT - int(4.8 * _YEAR)
    return replace(sheet, tracked_since=since, look_gap=360, series_count=36)


def product_reply(sheets: Iterable[ProductSheet]) -> bytes:
    """Make a /product reply at REPLIED_AT with whole histories and statistics, uncompressed."""
    interval = Interval(_AT - STATS_DAYS * 1440, _AT)
    # Offers bring every series.
    detail = ProductDetail(interval, offers=20)
    products = []
    for sheet in sheets:
        history = make_history(sheet, _US, _AT)
        last = LastVisits(history.last_look, history.last_collection)
        products.append(product_object(sheet, _US, history, _AT, detail, last))
    return write_document(_ENVELOPE | {"products": products})
