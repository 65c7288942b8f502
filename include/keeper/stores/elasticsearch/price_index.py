"""The `keeper-prices` index: one document a price point."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from elasticsearch import Elasticsearch

from keeper.domain.money import to_major
from keeper.domain.price_events import PriceEvent
from keeper.stores.elasticsearch.connection import SearchUnavailableError, errors_told

PRICES_ALIAS: Final = "keeper-prices"

_KEYWORD: Final = {"type": "keyword"}
_DOUBLE: Final = {"type": "double"}
_DATE: Final = {"type": "date"}
PRICES_INDEX: Final[dict[str, Any]] = {
    "settings": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "1s"},
    "mappings": {
        "dynamic": "strict",
        "properties": {
            "asin": _KEYWORD,
            "domain": _KEYWORD,
            "price_type": _KEYWORD,
            "currency": _KEYWORD,
            "source": _KEYWORD,
            "run_id": _KEYWORD,
            "event_id": _KEYWORD,
            "image_url": {"type": "keyword", "index": False},
            "product_title": {
                "type": "text",
                "fields": {"raw": {"type": "keyword", "ignore_above": 512}},
            },
            "timestamp": _DATE,
            "checked_at": _DATE,
            "price": _DOUBLE,
            "shipping": _DOUBLE,
            "target_price": _DOUBLE,
            "previous_price": _DOUBLE,
            "price_change": _DOUBLE,
            "price_minor": {"type": "long"},
            "shipping_minor": {"type": "long"},
            "in_stock": {"type": "boolean"},
            "implausible": {"type": "boolean"},
        },
    },
}


def set_up(client: Elasticsearch, alias: str = PRICES_ALIAS) -> bool:
    """Put the template and make the first index behind `alias`; True if the index was made.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses the template.
    """
    with errors_told():
        client.indices.put_index_template(
            name=alias, index_patterns=[f"{alias}-*"], priority=200, template=PRICES_INDEX
        )
        if client.indices.exists_alias(name=alias):
            # Fields that came after the index was made.
            client.indices.put_mapping(index=alias, **PRICES_INDEX["mappings"])
            return False
        # 400: another process made it between the question and now.
        client.options(ignore_status=400).indices.create(
            index=f"{alias}-000001", aliases={alias: {"is_write_index": True}}
        )
        return True


def document_id(event: PriceEvent) -> str:
    """Return the id of a point's document, the same for every report of the point."""
    moment = event.timestamp.astimezone(UTC).strftime("%Y%m%dT%H%MZ")
    return f"{event.domain}:{event.asin}:{event.price_type}:{moment}"


class PriceIndex:
    """Writes price events as documents; the check made last wins, in whatever order they come."""

    def __init__(self, client: Elasticsearch, alias: str = PRICES_ALIAS) -> None:
        """Write through `client` to the index behind `alias`."""
        self._client = client
        self._alias = alias

    def store(self, events: Sequence[PriceEvent]) -> int:
        """Index a batch in one bulk request and return how many documents were new.

        Raises:
            SearchUnavailableError: Elasticsearch did not take all of it; send it again later.
        """
        latest: dict[str, PriceEvent] = {}
        for event in events:
            known = latest.get(key := document_id(event))
            if known is None or event.checked_at > known.checked_at:
                latest[key] = event
        operations: list[dict[str, Any]] = []
        for key, event in latest.items():
            operations.append(
                {
                    "index": {
                        "_id": key,
                        "version": _milliseconds(event.checked_at),
                        "version_type": "external_gte",
                    }
                }
            )
            operations.append(_document(event))
        with errors_told():
            reply = self._client.bulk(index=self._alias, operations=operations, require_alias=True)
        return _new_documents(reply["items"])


def _new_documents(items: Sequence[dict[str, Any]]) -> int:
    refused = []
    created = 0
    for item in items:
        result = item["index"]
        # 409: a later check of the same point is indexed already.
        if result["status"] >= 300 and result["status"] != 409:
            error = result.get("error") or {}
            refused.append(f"{result['status']} {error.get('type')}: {error.get('reason')}")
        created += result.get("result") == "created"
    if refused:
        raise SearchUnavailableError(
            f"Elasticsearch refused {len(refused)} of {len(items)} documents, first: {refused[0]}"
        )
    return created


def _document(event: PriceEvent) -> dict[str, Any]:
    def number(value: object) -> float | None:
        return None if value is None else float(str(value))

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
        "timestamp": event.timestamp.isoformat(),
        "checked_at": event.checked_at.isoformat(),
        "price": number(event.current_price),
        "shipping": number(None if shipping is None else to_major(shipping, event.currency)),
        "target_price": number(event.target_price),
        "previous_price": number(event.previous_price),
        "price_change": number(event.price_change),
        "price_minor": event.price_minor,
        "shipping_minor": shipping,
        "in_stock": event.price_minor is not None,
        "implausible": event.implausible,
    }


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
