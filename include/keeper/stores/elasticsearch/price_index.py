"""The `keeper-prices` index: one document a price point."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any, Final

from elasticsearch import Elasticsearch

from keeper.domain.money import to_major
from keeper.domain.prices.events import PriceEvent
from keeper.stores.elasticsearch.bulk import Document, Target, version_of, write_documents
from keeper.stores.elasticsearch.versioned_index import (
    BOOLEAN,
    DATE,
    DOUBLE,
    KEYWORD,
    LONG,
    PICTURE,
    TITLE,
    index_of,
    number,
    set_up_index,
)

PRICES_ALIAS: Final = "keeper-prices"
PRICES_INDEX: Final = index_of(
    {
        "asin": KEYWORD,
        "domain": KEYWORD,
        "price_type": KEYWORD,
        "currency": KEYWORD,
        "source": KEYWORD,
        "run_id": KEYWORD,
        "event_id": KEYWORD,
        "image_url": PICTURE,
        "product_title": TITLE,
        "timestamp": DATE,
        "checked_at": DATE,
        "price": DOUBLE,
        "shipping": DOUBLE,
        "previous_price": DOUBLE,
        "price_change": DOUBLE,
        "price_minor": LONG,
        "shipping_minor": LONG,
        "in_stock": BOOLEAN,
        "implausible": BOOLEAN,
    }
)


def set_up(client: Elasticsearch, alias: str = PRICES_ALIAS) -> bool:
    """Make or update the index; see set_up_index."""
    return set_up_index(client, alias, PRICES_INDEX)


def document_id(event: PriceEvent) -> str:
    """Return the id of a point's document, the same for every report of the point."""
    at = event.timestamp.astimezone(UTC)
    # Of the ways to say this the quickest, by a third; it is done for every document.
    return "%s:%s:%s:%04d%02d%02dT%02d%02dZ" % (  # noqa: UP031 - see above
        event.domain,
        event.asin,
        event.price_type,
        at.year,
        at.month,
        at.day,
        at.hour,
        at.minute,
    )


class PriceIndex:
    """Writes price events as documents; the check made last wins, in whatever order they come."""

    def __init__(self, client: Elasticsearch, alias: str = PRICES_ALIAS) -> None:
        """Write through `client` to the index behind `alias`."""
        self._client = client
        self._target = Target(alias)

    def store(self, events: Sequence[PriceEvent]) -> int:
        """Index a batch in one bulk request and return how many documents were new.

        Raises:
            SearchUnavailableError: Elasticsearch did not take all of it; send it again later.
            EventsRefusedError: All but these are indexed; Elasticsearch will never take them.
        """
        return write_documents(self._client, self._target, map(price_document, events))


def price_document(event: PriceEvent) -> Document:
    """Return the document of a point as a check reports it."""
    return Document(document_id(event), version_of(event.checked_at), fields_of(event))


def fields_of(event: PriceEvent) -> dict[str, Any]:
    """Return the fields of a point's document.

    An event's target_price is none of them: it is the lowest of all users', and whoever may search
    would read what others wait for.
    """
    shipping = event.shipping_minor
    return {
        "asin": event.asin,
        "domain": event.domain,
        "price_type": event.price_type,
        "currency": event.currency,
        "source": event.source,
        "run_id": event.run_id,
        "event_id": event.event_id,
        "image_url": event.image_url,
        "product_title": event.product_title,
        "timestamp": event.timestamp,
        "checked_at": event.checked_at,
        "price": number(event.current_price),
        "shipping": number(None if shipping is None else to_major(shipping, event.currency)),
        "previous_price": number(event.previous_price),
        "price_change": number(event.price_change),
        "price_minor": event.price_minor,
        "shipping_minor": shipping,
        "in_stock": event.price_minor is not None,
        "implausible": event.implausible,
    }
