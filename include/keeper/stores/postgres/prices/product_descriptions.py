"""What products are called, as the events of a batch tell it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from psycopg import Cursor
from psycopg.rows import TupleRow

from keeper.domain.prices.events import PriceEvent
from keeper.stores.postgres.connection import statements
from keeper.stores.postgres.prices.batch import Description, SeriesEvents

_Product = tuple[str, str]
_Told = dict[_Product, tuple[datetime, str]]


def describe_products(
    cursor: Cursor[TupleRow], groups: Iterable[SeriesEvents], *, is_live: bool
) -> None:
    """Keep what the latest check tells of each product.

    Args:
        cursor: In the batch's transaction, holding the locks of the series.
        groups: The batch.
        is_live: Whether the events tell current prices; others name only products nobody knows.
    """
    latest: dict[_Product, PriceEvent] = {}
    titles: _Told = {}
    pictures: _Told = {}
    for group in groups:
        told = group.news if is_live else group.events
        if not told or _is_known(group.description, told, is_live=is_live):
            continue
        product = (told[-1].asin, told[-1].domain)
        if product not in latest or told[-1].checked_at > latest[product].checked_at:
            latest[product] = told[-1]
        _keep_latest(titles, product, ((e.checked_at, e.product_title) for e in reversed(told)))
        _keep_latest(pictures, product, ((e.checked_at, e.image_url) for e in reversed(told)))
    if not latest:
        return
    products = sorted(latest)
    cursor.execute(
        statements("load_prices")["describe_products" if is_live else "name_products"],
        {
            "asins": [asin for asin, _ in products],
            "domains": [domain for _, domain in products],
            "titles": [titles[one][1] if one in titles else None for one in products],
            "image_urls": [pictures[one][1] if one in pictures else None for one in products],
            "sources": [latest[one].source for one in products],
            "described_at": [latest[one].checked_at for one in products],
        },
    )


def _is_known(
    description: Description | None, told: Sequence[PriceEvent], *, is_live: bool
) -> bool:
    """Tell whether these events say nothing of the product that is not stored."""
    if description is None:
        return False
    if not is_live:
        return True
    latest = told[-1]
    return (latest.product_title, latest.image_url, latest.source) == description


def _keep_latest(
    kept: _Told, product: _Product, told: Iterable[tuple[datetime, str | None]]
) -> None:
    """Keep the first text of `told`, which comes latest first, unless a later one is kept."""
    for checked_at, text in told:
        if text is not None:
            if product not in kept or checked_at > kept[product][0]:
                kept[product] = (checked_at, text)
            return
