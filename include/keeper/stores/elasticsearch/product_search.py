"""A quick look at what is indexed: the newest price, or deal, of products by their title."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from elasticsearch import Elasticsearch

from keeper.stores.elasticsearch.connection import SearchTooLongError, translated_errors

_KEY: Final = ("asin", "domain", "price_type")
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Hit:
    """What is indexed of a product.

    Attributes:
        asin: The product.
        domain: The locale.
        price_type: Keepa's name of the price.
        title: As of the latest check.
        price: In the currency's main unit; None without an offer.
        currency: ISO 4217.
        observed_at: Since when it costs that.
        score: Of a deal, 0 to 100; None of a price.
    """

    asin: str
    domain: str
    price_type: str
    title: str | None
    price: float | None
    currency: str
    observed_at: datetime
    score: int | None


def find_products(
    client: Elasticsearch,
    alias: str,
    words: str,
    *,
    domain: str | None = None,
    below: Decimal | None = None,
    limit: int = 20,
    within_s: float | None = None,
) -> list[Hit]:
    """Return the newest document of each series of products whose title, or ASIN, has these words.

    A series is a product, locale and price type. A title may have lost the words meanwhile.

    Args:
        client: Elasticsearch.
        alias: The index of prices or deals.
        words: All of them must occur in the title; or an ASIN.
        domain: Only in this locale.
        below: Only those whose newest price is less than this, in the currency's main unit.
        limit: At most so many, those that changed last.
        within_s: No further request is made after so many seconds; None for no limit.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchTooLongError: It does, but so much is found that the time is over before the end.
        SearchRejectedError: There is no such index: `keeper migrate` makes it.
    """
    filters: list[dict[str, Any]] = [{"term": {"domain": domain}}] if domain else []
    named = {"match": {"product_title": {"query": words, "operator": "and"}}}
    query = {
        "bool": {
            "should": [named, {"term": {"asin": words.strip().upper()}}],
            "minimum_should_match": 1,
            "filter": filters,
        }
    }
    until = None if within_s is None else time.monotonic() + within_s
    with translated_errors():
        series = {_key(bucket) for bucket in _series(client, alias, query, until=until)}
        found = sorted({asin for asin, _, _ in series})
        newest = [
            (_key(bucket), _hit(bucket["newest"]["hits"]["hits"][0]["_source"]))
            for start in range(0, len(found), _PAGE)
            # Without the words: an older title may have them, and its price is not the newest.
            for bucket in _series(
                client,
                alias,
                {"bool": {"filter": [*filters, {"terms": {"asin": found[start : start + _PAGE]}}]}},
                {"newest": {"top_hits": {"size": 1, "sort": [{"timestamp": "desc"}]}}},
                until=until,
            )
        ]
    hits = [hit for key, hit in newest if key in series and _is_below(hit, below)]
    return sorted(hits, key=lambda hit: hit.observed_at, reverse=True)[:limit]


def _series(
    client: Elasticsearch,
    alias: str,
    query: dict[str, Any],
    further: dict[str, Any] | None = None,
    *,
    until: float | None,
) -> Iterator[dict[str, Any]]:
    """Yield a bucket for each series with documents that a query selects."""
    sources = [{name: {"terms": {"field": name}}} for name in _KEY]
    composite: dict[str, Any] = {"size": _PAGE, "sources": sources}
    while True:
        if until is not None and time.monotonic() >= until:
            raise SearchTooLongError("too much is found to look through it in time")
        series = {"composite": composite, "aggs": further or {}}
        reply = client.search(index=alias, query=query, size=0, aggs={"series": series})
        found = reply["aggregations"]["series"]
        yield from found["buckets"]
        if "after_key" not in found:
            return
        composite = {**composite, "after": found["after_key"]}


def _key(bucket: dict[str, Any]) -> tuple[str, str, str]:
    asin, domain, price_type = (bucket["key"][name] for name in _KEY)
    return asin, domain, price_type


def _is_below(hit: Hit, below: Decimal | None) -> bool:
    return below is None or (hit.price is not None and Decimal(str(hit.price)) < below)


def _hit(source: dict[str, Any]) -> Hit:
    return Hit(
        source["asin"],
        source["domain"],
        source["price_type"],
        source["product_title"],
        source["price"],
        source["currency"],
        datetime.fromisoformat(source["timestamp"]),
        source.get("score"),
    )
