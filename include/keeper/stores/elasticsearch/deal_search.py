"""Deals by the words of their titles and reasons, as Elasticsearch ranks them."""

from collections.abc import Sequence
from typing import Any, Final

from elasticsearch import Elasticsearch

from keeper.stores.elasticsearch.connection import translated_errors

_MOST: Final = 10_000
"""As many as Elasticsearch returns at once."""


def find_deals(
    client: Elasticsearch,
    alias: str,
    words: str,
    *,
    filter_ids: Sequence[int] | None,
    domain: str | None = None,
) -> list[str]:
    """Return the ids of deals whose title has all these words, or that are of an ASIN, best first.

    Args:
        client: Elasticsearch.
        alias: The index of deals.
        words: What is looked for.
        filter_ids: Only those that one of these saved searches found; None for all.
        domain: Only in this locale.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: There is no such index: `keeper migrate` makes it.
    """
    filters: list[dict[str, Any]] = [{"term": {"domain": domain}}] if domain else []
    if filter_ids is not None:
        filters.append({"terms": {"filter_id": list(filter_ids)}})
    query = {
        "bool": {
            "should": [
                {"match": {"product_title": {"query": words, "operator": "and"}}},
                {"term": {"asin": words.strip().upper()}},
            ],
            "minimum_should_match": 1,
            "filter": filters,
        }
    }
    sort: list[Any] = ["_score", {"score": "desc"}, {"event_id": "asc"}]
    with translated_errors():
        reply = client.search(index=alias, query=query, size=_MOST, source=False, sort=sort)
    return [hit["_id"] for hit in reply["hits"]["hits"]]
