"""What Keeper's indices share: an alias with a template, and kinds of fields."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from elasticsearch import Elasticsearch

from keeper.stores.elasticsearch.connection import translated_errors

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


def index_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template for an index with these fields and no others."""
    return {
        "settings": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "1s"},
        "mappings": {"dynamic": "strict", "properties": dict(properties)},
    }


def put_template(client: Elasticsearch, alias: str, template: Mapping[str, Any]) -> None:
    """Put the template that indices of `alias` are made by; those there are stay as they are.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses the template.
    """
    with translated_errors():
        client.indices.put_index_template(
            name=alias, index_patterns=[f"{alias}-*"], priority=200, template=template
        )


def set_up_index(client: Elasticsearch, alias: str, template: Mapping[str, Any]) -> bool:
    """Put the template and make the first index behind `alias`; True if the index was made.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses the template.
    """
    put_template(client, alias, template)
    with translated_errors():
        if client.indices.exists_alias(name=alias):
            # Fields that came after the index was made.
            client.indices.put_mapping(index=alias, **template["mappings"])
            return False
        # 400: another process made it between the question and now.
        client.options(ignore_status=400).indices.create(
            index=f"{alias}-000001", aliases={alias: {"is_write_index": True}}
        )
        return True


def number(value: Decimal | None) -> float | None:
    """Return an amount as Elasticsearch takes it."""
    return None if value is None else float(value)
