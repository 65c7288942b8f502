"""What Keeper's indices share: an alias with a template, and documents of which the newest wins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from elasticsearch import Elasticsearch

from keeper.stores.elasticsearch.connection import SearchUnavailableError, errors_told

KEYWORD: Final = {"type": "keyword"}
DOUBLE: Final = {"type": "double"}
LONG: Final = {"type": "long"}
BOOLEAN: Final = {"type": "boolean"}
DATE: Final = {"type": "date"}
PICTURE: Final = {"type": "keyword", "index": False}
TITLE: Final = {
    "type": "text",
    "fields": {"raw": {"type": "keyword", "ignore_above": 512}},
}


@dataclass(frozen=True, slots=True)
class Document:
    """A document and the check it says the outcome of: of two with one id the later check wins."""

    id: str
    checked_at: datetime
    fields: Mapping[str, Any]


def index_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template for an index with these fields and no others."""
    return {
        "settings": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "1s"},
        "mappings": {"dynamic": "strict", "properties": dict(properties)},
    }


def set_up_index(client: Elasticsearch, alias: str, template: Mapping[str, Any]) -> bool:
    """Put the template and make the first index behind `alias`; True if the index was made.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses the template.
    """
    with errors_told():
        client.indices.put_index_template(
            name=alias, index_patterns=[f"{alias}-*"], priority=200, template=template
        )
        if client.indices.exists_alias(name=alias):
            # Fields that came after the index was made.
            client.indices.put_mapping(index=alias, **template["mappings"])
            return False
        # 400: another process made it between the question and now.
        client.options(ignore_status=400).indices.create(
            index=f"{alias}-000001", aliases={alias: {"is_write_index": True}}
        )
        return True


def write_documents(client: Elasticsearch, alias: str, documents: Iterable[Document]) -> int:
    """Index documents in one bulk request and return how many were new.

    Raises:
        SearchUnavailableError: Elasticsearch did not take all of them; send them again later.
    """
    latest: dict[str, Document] = {}
    for document in documents:
        known = latest.get(document.id)
        if known is None or document.checked_at > known.checked_at:
            latest[document.id] = document
    operations: list[Mapping[str, Any]] = []
    for document in latest.values():
        version = {"version": _milliseconds(document.checked_at), "version_type": "external_gte"}
        operations += ({"index": {"_id": document.id, **version}}, document.fields)
    if not operations:
        return 0
    with errors_told():
        reply = client.bulk(index=alias, operations=operations, require_alias=True)
    return _new_documents(reply["items"])


def _new_documents(items: Sequence[dict[str, Any]]) -> int:
    refused = []
    created = 0
    for item in items:
        result = item["index"]
        # 409: a later check of the same document is indexed already.
        if result["status"] >= 300 and result["status"] != 409:
            error = result.get("error") or {}
            refused.append(f"{result['status']} {error.get('type')}: {error.get('reason')}")
        created += result.get("result") == "created"
    if refused:
        raise SearchUnavailableError(
            f"Elasticsearch refused {len(refused)} of {len(items)} documents, first: {refused[0]}"
        )
    return created


def number(value: object) -> float | None:
    """Return an amount as Elasticsearch takes it."""
    return None if value is None else float(str(value))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
