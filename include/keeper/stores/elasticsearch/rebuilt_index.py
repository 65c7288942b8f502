"""A new index beside the one an alias names, until it takes its place."""

import re
from collections.abc import Mapping
from typing import Any, Final

from elasticsearch import Elasticsearch

from keeper.stores.elasticsearch.connection import translated_errors

_NUMBER: Final = re.compile(r"-(\d{6})$")


def start_rebuilding(client: Elasticsearch, alias: str) -> str:
    """Make an empty index that nobody reads yet and return its name.

    One that an earlier attempt left unfinished is removed. The template of `alias` must be there;
    see put_template.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses.
    """
    with translated_errors():
        there: Mapping[str, Any] = client.indices.get(
            index=f"{alias}-*", features="aliases", ignore_unavailable=True
        ).body
        for name, index in there.items():
            if _unfinished(alias) in index["aliases"]:
                client.indices.delete(index=name)
        numbers = [int(found[1]) for name in there if (found := _NUMBER.search(name))]
        name = f"{alias}-{max(numbers, default=0) + 1:06}"
        client.indices.create(
            index=name,
            aliases={_unfinished(alias): {}},
            # Nobody searches it yet.
            settings={"refresh_interval": "-1"},
        )
    return name


def put_in_place(
    client: Elasticsearch, alias: str, index: str, *, refresh_interval: str
) -> list[str]:
    """Let `alias` name `index` alone, in one step, and return the indices it named before.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses.
    """
    with translated_errors():
        client.indices.put_settings(index=index, settings={"refresh_interval": refresh_interval})
        client.indices.refresh(index=index)
        # 404: there is none yet.
        there = client.options(ignore_status=404).indices.get_alias(name=alias)
        former = sorted(there.body) if there.meta.status == 200 else []
        client.indices.update_aliases(
            actions=[
                *({"remove": {"index": name, "alias": alias}} for name in former),
                {"remove": {"index": index, "alias": _unfinished(alias)}},
                {"add": {"index": index, "alias": alias, "is_write_index": True}},
            ]
        )
    return former


def discard(client: Elasticsearch, alias: str, index: str) -> None:
    """Delete an index that was to be put in place, unless it has been.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
    """
    with translated_errors():
        there = client.indices.get(index=index, features="aliases", ignore_unavailable=True).body
    if index in there and _unfinished(alias) in there[index]["aliases"]:
        remove_index(client, index)


def remove_index(client: Elasticsearch, index: str) -> None:
    """Delete an index, if it is there.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
    """
    with translated_errors():
        client.indices.delete(index=index, ignore_unavailable=True)


def _unfinished(alias: str) -> str:
    return f"{alias}-unfinished"
