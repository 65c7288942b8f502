"""A quick look at what is indexed: the newest price, or deal, of products by their title."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from elasticsearch import Elasticsearch

from keeper.stores.elasticsearch.connection import translated_errors


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
    below: float | None = None,
    limit: int = 20,
) -> list[Hit]:
    """Return the newest document of each product whose title, or ASIN, has these words.

    Args:
        client: Elasticsearch.
        alias: The index of prices or deals.
        words: All of them must occur in the title; or an ASIN.
        domain: Only in this locale.
        below: Only with a price less than this, in the currency's main unit.
        limit: At most so many products.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: There is no such index: `keeper migrate` makes it.
    """
    filters: list[dict[str, Any]] = [{"term": {"domain": domain}}] if domain else []
    if below is not None:
        filters.append({"range": {"price": {"lt": below}}})
    named = {"match": {"product_title": {"query": words, "operator": "and"}}}
    query = {
        "bool": {
            "should": [named, {"term": {"asin": words.strip().upper()}}],
            "minimum_should_match": 1,
            "filter": filters,
        }
    }
    with translated_errors():
        reply = client.search(
            index=alias,
            query=query,
            sort=[{"timestamp": "desc"}],
            collapse={"field": "asin"},
            size=limit,
        )
    return [_hit(hit["_source"]) for hit in reply["hits"]["hits"]]


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
