"""Writing many documents, each of which may be taken, refused for now or refused for good."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from elasticsearch import Elasticsearch

from keeper.errors import EventsRefusedError
from keeper.stores.elasticsearch.connection import (
    RequestTooLargeError,
    SearchUnavailableError,
    errors_told,
)

_PAUSES_S: Final = (0.1, 0.3, 1.0, 3.0)
"""Between attempts for documents that were refused for now; then the whole batch waits."""
_ASKED: Final = ("items.index.status", "items.index.result", "items.index.error")
_ENCODE: Final = msgspec.json.Encoder().encode


class Document(NamedTuple):
    """A document and the check it says the outcome of: of two with one id the later check wins."""

    id: str
    checked_at: datetime
    fields: Mapping[str, Any]


@dataclass(slots=True)
class _Outcome:
    """What became of the documents of a request, by id."""

    created: int = 0
    for_now: dict[str, str] = field(default_factory=dict)
    for_good: dict[str, str] = field(default_factory=dict)


def write_documents(
    client: Elasticsearch,
    alias: str,
    documents: Iterable[Document],
    *,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Index documents and return how many were new.

    Those Elasticsearch refuses for now (429, 5xx) are sent again by themselves, some times.

    Args:
        client: Elasticsearch.
        alias: The alias of the index they go to.
        documents: Of two with one id, that of the later check is sent.
        pause: Waits so many seconds.

    Raises:
        SearchUnavailableError: Elasticsearch did not take all of them; send them again later.
        EventsRefusedError: All are indexed but these, by their place in `documents`, which it will
            never take.
    """
    latest: dict[str, Document] = {}
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, document in enumerate(documents):
        known = latest.get(document.id)
        if known is None or document.checked_at > known.checked_at:
            latest[document.id] = document
        places[document.id].append(place)
    left = {
        name: (_action(document), _ENCODE(document.fields)) for name, document in latest.items()
    }
    created = 0
    refused: dict[str, str] = {}
    for seconds in (*_PAUSES_S, None):
        outcome = _send(client, alias, left)
        created += outcome.created
        refused |= outcome.for_good
        if not outcome.for_now:
            break
        if seconds is None:
            why = next(iter(outcome.for_now.values()))
            raise SearchUnavailableError(
                f"Elasticsearch refused {len(outcome.for_now)} of {len(latest)} documents: {why}"
            )
        left = {name: left[name] for name in outcome.for_now}
        pause(seconds)
    if refused:
        raise EventsRefusedError(
            {
                place: f"Elasticsearch: {why}"
                for name, why in refused.items()
                for place in places[name]
            }
        )
    return created


def _action(document: Document) -> bytes:
    version = {"version": _milliseconds(document.checked_at), "version_type": "external_gte"}
    return _ENCODE({"index": {"_id": document.id, **version}})


def _send(client: Elasticsearch, alias: str, left: Mapping[str, tuple[bytes, bytes]]) -> _Outcome:
    outcome = _Outcome()
    if not left:
        return outcome
    body = b"\n".join(line for pair in left.values() for line in pair)
    try:
        with errors_told():
            # Bytes go out as they are; of the answer only what is asked for comes back.
            reply = client.bulk(
                index=alias,
                operations=[body],  # type: ignore[list-item]  # bytes pass
                require_alias=True,
                filter_path=_ASKED,
            )
    except RequestTooLargeError as error:
        if len(left) == 1:
            return _Outcome(for_good={name: str(error) for name in left})
        return _send_halves(client, alias, left)
    for name, item in zip(left, reply["items"], strict=True):
        result = item["index"]
        status = result["status"]
        if status < 300:
            outcome.created += result["result"] == "created"
            continue
        told = result.get("error") or {}
        why = f"{status} {told.get('type')}: {told.get('reason')}"
        if status == 400:
            outcome.for_good[name] = why
        elif status != 409:
            # 409: a later check of the same document is indexed already.
            outcome.for_now[name] = why
    return outcome


def _send_halves(
    client: Elasticsearch, alias: str, left: Mapping[str, tuple[bytes, bytes]]
) -> _Outcome:
    pairs = list(left.items())
    middle = len(pairs) // 2
    one, other = (_send(client, alias, dict(half)) for half in (pairs[:middle], pairs[middle:]))
    return _Outcome(
        one.created + other.created, one.for_now | other.for_now, one.for_good | other.for_good
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
