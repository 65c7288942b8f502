"""What products are called, by the events of a batch."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from psycopg import Cursor
from psycopg.rows import TupleRow

from keeper.domain.prices.events import PriceEvent
from keeper.stores.postgres.connection import statements
from keeper.stores.postgres.prices.batch import Description, SeriesEvents

_Product = tuple[str, str]
_Texts = dict[_Product, tuple[datetime, str]]


def describe_products(cursor: Cursor[TupleRow], groups: Iterable[SeriesEvents]) -> None:
    """Keep what the latest check says of each product.

    Args:
        cursor: In the batch's transaction, holding the locks of the series.
        groups: The batch.
    """
    said = (
        group.new_events
        for group in groups
        if group.new_events and not _is_known(group.description, group.new_events[-1])
    )
    _store(cursor, "describe_products", said)


def name_products(cursor: Cursor[TupleRow], groups: Iterable[SeriesEvents]) -> None:
    """Add the products that are not stored yet as these events describe them.

    Args:
        cursor: In the batch's transaction, holding the locks of the series.
        groups: The batch.
    """
    unknown = (group.events for group in groups if group.description is None)
    _store(cursor, "name_products", unknown)


def _is_known(description: Description | None, latest: PriceEvent) -> bool:
    """Return whether an event's title, picture and source are stored already."""
    if description is None:
        return False
    return (latest.product_title, latest.image_url, latest.source) == description


def _store(
    cursor: Cursor[TupleRow], statement: str, checks: Iterable[Sequence[PriceEvent]]
) -> None:
    """Write the latest title and picture of each product by a statement of load_prices."""
    latest: dict[_Product, PriceEvent] = {}
    titles: _Texts = {}
    pictures: _Texts = {}
    for events in checks:
        last = events[-1]
        product = (last.asin, last.domain)
        if product not in latest or last.checked_at > latest[product].checked_at:
            latest[product] = last
        _keep_latest(titles, product, ((e.checked_at, e.product_title) for e in reversed(events)))
        _keep_latest(pictures, product, ((e.checked_at, e.image_url) for e in reversed(events)))
    if not latest:
        return
    products = sorted(latest)
    cursor.execute(
        statements("load_prices")[statement],
        {
            "asins": [asin for asin, _ in products],
            "domains": [domain for _, domain in products],
            "titles": [titles[one][1] if one in titles else None for one in products],
            "image_urls": [pictures[one][1] if one in pictures else None for one in products],
            "sources": [latest[one].source for one in products],
            "described_at": [latest[one].checked_at for one in products],
        },
    )


def _keep_latest(
    kept: _Texts, product: _Product, texts: Iterable[tuple[datetime, str | None]]
) -> None:
    """Keep the first of `texts`, which come latest first, unless a later one is kept."""
    for checked_at, text in texts:
        if text is not None:
            if product not in kept or checked_at > kept[product][0]:
                kept[product] = (checked_at, text)
            return
