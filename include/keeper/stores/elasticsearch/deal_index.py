"""The `keeper-deals` index: one document a deal that a filter found."""

from collections.abc import Sequence
from typing import Any, Final

from elasticsearch import Elasticsearch

from keeper.domain.deals.events import DealEvent
from keeper.domain.money import to_major
from keeper.errors import EventsRefusedError
from keeper.stores.elasticsearch.bulk import Document, Target, version_of, write_documents
from keeper.stores.elasticsearch.price_index import PRICES_ALIAS, price_document
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

DEALS_ALIAS: Final = "keeper-deals"
DEALS_INDEX: Final = index_of(
    {
        "asin": KEYWORD,
        "domain": KEYWORD,
        "price_type": KEYWORD,
        "currency": KEYWORD,
        "source": KEYWORD,
        "run_id": KEYWORD,
        "event_id": KEYWORD,
        "filter": KEYWORD,
        "filter_id": LONG,
        "image_url": PICTURE,
        "product_title": TITLE,
        "timestamp": DATE,
        "checked_at": DATE,
        "lightning_ends_at": DATE,
        "price": DOUBLE,
        "original_price": DOUBLE,
        "previous_price": DOUBLE,
        "list_price": DOUBLE,
        "price_minor": LONG,
        "original_minor": LONG,
        "discount_percent": LONG,
        "score": LONG,
        "reasons": {"type": "text"},
        "rating": DOUBLE,
        "review_count": LONG,
        "sales_rank": LONG,
        "root_category": LONG,
        "back_in_stock": BOOLEAN,
    }
)


def set_up(client: Elasticsearch, alias: str = DEALS_ALIAS) -> bool:
    """Make or update the index; see set_up_index."""
    return set_up_index(client, alias, DEALS_INDEX)


class DealIndex:
    """Writes deal events as documents: the same deal seen again is the same document.

    What a deal says of a price is a price point too, and has its document among them.
    """

    def __init__(
        self, client: Elasticsearch, alias: str = DEALS_ALIAS, prices: str = PRICES_ALIAS
    ) -> None:
        """Write through `client` to the indices behind `alias` and, of their prices, `prices`."""
        self._client = client
        self._target = Target(alias)
        self._prices = Target(prices)

    def store(self, events: Sequence[DealEvent]) -> int:
        """Index a batch and return how many deals were new.

        Raises:
            SearchUnavailableError: Elasticsearch did not take all of it; send it again later.
            EventsRefusedError: All but these are indexed; Elasticsearch will never take them.
        """
        reports = {
            place: report
            for place, event in enumerate(events)
            if (report := event.price_report()) is not None
        }
        refused: dict[int, str] = {}
        created = 0
        try:
            write_documents(self._client, self._prices, map(price_document, reports.values()))
        except EventsRefusedError as error:
            places = list(reports)
            refused = {places[number]: why for number, why in error.reasons.items()}
        try:
            created = write_documents(self._client, self._target, map(deal_document, events))
        except EventsRefusedError as error:
            refused |= error.reasons
        if refused:
            raise EventsRefusedError(refused)
        return created


def deal_document(event: DealEvent) -> Document:
    """Return the document of a deal as a check reports it."""
    return Document(event.event_id, version_of(event.checked_at), _fields(event))


def _fields(event: DealEvent) -> dict[str, Any]:
    def main_unit(minor: int | None) -> float | None:
        return number(None if minor is None else to_major(minor, event.currency))

    ends = event.lightning_ends_at
    return {
        "asin": event.asin,
        "domain": event.domain,
        "price_type": event.price_type,
        "currency": event.currency,
        "source": event.source,
        "run_id": event.run_id,
        "event_id": event.event_id,
        "filter": event.filter,
        "filter_id": event.filter_id,
        "image_url": event.image_url,
        "product_title": event.product_title,
        "timestamp": event.timestamp,
        "checked_at": event.checked_at,
        "lightning_ends_at": ends,
        "price": number(event.current_price),
        "original_price": number(event.original_price),
        "previous_price": main_unit(event.previous_minor),
        "list_price": main_unit(event.list_price_minor),
        "price_minor": event.price_minor,
        "original_minor": event.original_minor,
        "discount_percent": event.discount_percent,
        "score": event.score,
        "reasons": list(event.reasons),
        "rating": event.rating,
        "review_count": event.review_count,
        "sales_rank": event.sales_rank,
        "root_category": event.root_category,
        "back_in_stock": event.back_in_stock,
    }
