"""What an index has of each day and locale: sums to compare, and the documents behind them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from keeper.domain.search.mirroring import DayOfLocale, DaySums
from keeper.stores.elasticsearch.bulk import version_of
from keeper.stores.elasticsearch.connection import translated_errors

_CHECKED_AT: Final = "checked_at"
_PAGE: Final = 5_000
_TIMEOUT_S: Final = 300.0
"""Adding up tens of millions of documents takes a while."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class StoredDocument(NamedTuple):
    """What is compared of a document.

    Attributes:
        version: The version it was written with.
        checked_ms: Time of the check it was made from, in milliseconds.
        figures: By name of the field; true is 1.
    """

    version: int
    checked_ms: int
    figures: Mapping[str, int | None]


def day_sums(
    client: Elasticsearch, alias: str, figures: Sequence[str], *, since: date | None = None
) -> dict[DayOfLocale, DaySums]:
    """Return the number of documents and the sums of their figures by day and locale.

    The day is that of the field `timestamp`. What was written before is counted.

    Args:
        client: Elasticsearch.
        alias: The index.
        figures: Fields to sum up: integers and booleans.
        since: Only this day and later ones.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses.
    """
    sources = [
        {"domain": {"terms": {"field": "domain"}}},
        {"day": {"date_histogram": {"field": "timestamp", "fixed_interval": "1d"}}},
    ]
    sums = {name: {"sum": {"field": name}} for name in (*figures, _CHECKED_AT)}
    found: dict[DayOfLocale, DaySums] = {}
    after: dict[str, Any] = {}
    with_long_timeout = client.options(request_timeout=_TIMEOUT_S)
    with translated_errors():
        client.indices.refresh(index=alias)
        while True:
            days = {"size": _PAGE, "sources": sources, **after}
            reply = with_long_timeout.search(
                index=alias,
                size=0,
                query=_from_day(since),
                aggs={"days": {"composite": days, "aggs": sums}},
            )
            page = reply["aggregations"]["days"]
            for bucket in page["buckets"]:
                day = (_EPOCH + timedelta(milliseconds=bucket["key"]["day"])).date()
                found[DayOfLocale(bucket["key"]["domain"], day)] = DaySums(
                    bucket["doc_count"],
                    round(bucket[_CHECKED_AT]["value"]),
                    {name: round(bucket[name]["value"]) for name in figures},
                )
            if "after_key" not in page:
                return found
            after = {"after": page["after_key"]}


def documents_of_day(
    client: Elasticsearch, alias: str, day: DayOfLocale, figures: Sequence[str]
) -> dict[str, StoredDocument]:
    """Return the documents of a day by their ids.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses.
    """
    start = datetime(day.day.year, day.day.month, day.day.day, tzinfo=UTC)
    span = {"gte": start.isoformat(), "lt": (start + timedelta(days=1)).isoformat()}
    filters = [{"term": {"domain": day.domain}}, {"range": {"timestamp": span}}]
    body = {
        "query": {"bool": {"filter": filters}},
        "_source": [*figures, _CHECKED_AT],
        "version": True,
    }
    with translated_errors():
        hits: Iterable[dict[str, Any]] = scan(client, index=alias, query=body, size=_PAGE)
        return {hit["_id"]: _stored(hit, figures) for hit in hits}


def _stored(hit: Mapping[str, Any], figures: Sequence[str]) -> StoredDocument:
    fields = hit["_source"]
    checked_at = datetime.fromisoformat(fields[_CHECKED_AT])
    return StoredDocument(hit["_version"], version_of(checked_at), figures_of(fields, figures))


def figures_of(fields: Mapping[str, Any], figures: Sequence[str]) -> dict[str, int | None]:
    """Return a document's figures as day_sums would add them; None where it has none."""
    return {name: None if (value := fields.get(name)) is None else int(value) for name in figures}


def _from_day(since: date | None) -> dict[str, Any]:
    if since is None:
        return {"match_all": {}}
    return {"range": {"timestamp": {"gte": since.isoformat()}}}
