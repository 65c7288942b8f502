"""The indices `keeper-tokens` and `keeper-runs`: a document a request to Keepa, and a run."""

from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from keeper.domain.runs.records import RunRecord, TokenRecord
from keeper.stores.elasticsearch.bulk import Document, version_of
from keeper.stores.elasticsearch.connection import translated_errors
from keeper.stores.elasticsearch.versioned_index import (
    DATE,
    DOUBLE,
    KEYWORD,
    LONG,
    TITLE,
    index_of,
    set_up_index,
)

TOKENS_ALIAS: Final = "keeper-tokens"
TOKENS_INDEX: Final = index_of(
    {
        "request_id": LONG,
        "account": KEYWORD,
        "source": KEYWORD,
        "run_id": KEYWORD,
        "dag_id": KEYWORD,
        "endpoint": KEYWORD,
        "domain": KEYWORD,
        "state": KEYWORD,
        "products": LONG,
        "detail": KEYWORD,
        "tokens_estimated": LONG,
        "tokens_charged": LONG,
        "tokens_expected": LONG,
        "tokens_left": LONG,
        "tokens_elsewhere": LONG,
        "requested_at": DATE,
        "settled_at": DATE,
        "seconds": DOUBLE,
    }
)
RUNS_ALIAS: Final = "keeper-runs"
RUNS_INDEX: Final = index_of(
    {
        "run_id": KEYWORD,
        "dag_id": KEYWORD,
        "source": KEYWORD,
        "state": KEYWORD,
        "started_at": DATE,
        "finished_at": DATE,
        "seconds": DOUBLE,
        "products_planned": LONG,
        "products_postponed": LONG,
        "products_fetched": LONG,
        "products_missing": LONG,
        "tokens_estimated": LONG,
        "tokens_spent": LONG,
        "tokens_left": LONG,
        "records_checked": LONG,
        "records_quarantined": LONG,
        "events_published": LONG,
        "history_published": LONG,
        "points_stored": LONG,
        "history_stored": LONG,
        "deals_stored": LONG,
        "alerts_raised": LONG,
        "alerts_sent": LONG,
        "series_undelivered": LONG,
        "series_unreadable": LONG,
        "problem": TITLE,
    }
)
_PAGE: Final = 5_000


def set_up_tokens(client: Elasticsearch, alias: str = TOKENS_ALIAS) -> bool:
    """Make or update the index of requests; see set_up_index."""
    return set_up_index(client, alias, TOKENS_INDEX)


def set_up_runs(client: Elasticsearch, alias: str = RUNS_ALIAS) -> bool:
    """Make or update the index of runs; see set_up_index."""
    return set_up_index(client, alias, RUNS_INDEX)


def token_document(record: TokenRecord) -> Document:
    """Return the document of a request to Keepa."""
    derived = {
        "source": record.source,
        "dag_id": record.dag_id,
        "tokens_elsewhere": record.tokens_elsewhere,
        "seconds": record.seconds,
    }
    return Document(str(record.request_id), version_of(record.read_at), _columns(record) | derived)


def run_document(record: RunRecord) -> Document:
    """Return the document of a run."""
    return Document(
        record.run_id,
        version_of(record.read_at),
        _columns(record) | {"seconds": record.seconds},
    )


def newest_moment(client: Elasticsearch, alias: str, moments: tuple[str, str]) -> datetime | None:
    """Return the latest of two fields' times in an index, None when it is empty.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: There is no such index: `keeper migrate` makes it.
    """
    aggs = {name: {"max": {"field": name}} for name in moments}
    with translated_errors():
        client.indices.refresh(index=alias)
        found = client.search(index=alias, size=0, aggs=aggs)["aggregations"]
    texts = [text for name in moments if (text := found[name].get("value_as_string"))]
    return max(map(datetime.fromisoformat, texts), default=None)


def number_before(client: Elasticsearch, alias: str, moment: str, before: datetime) -> int:
    """Return how many documents have a moment before this one.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses.
    """
    with translated_errors():
        client.indices.refresh(index=alias)
        number: int = client.count(index=alias, query=_before(moment, before))["count"]
    return number


def ids_before(client: Elasticsearch, alias: str, moment: str, before: datetime) -> set[str]:
    """Return the ids of the documents with a moment before this one.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses.
    """
    body = {"query": _before(moment, before), "_source": False}
    with translated_errors():
        return {hit["_id"] for hit in scan(client, index=alias, query=body, size=_PAGE)}


def _columns(record: TokenRecord | RunRecord) -> dict[str, Any]:
    names = (field.name for field in fields(record))
    return {name: getattr(record, name) for name in names if name != "read_at"}


def _before(moment: str, before: datetime) -> dict[str, Any]:
    return {"range": {moment: {"lt": before.isoformat()}}}
