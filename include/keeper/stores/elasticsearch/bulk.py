"""Writing many documents, each of which may be taken, refused for now or refused for good."""

import time
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
    translated_errors,
)

_PAUSES_S: Final = (0.1, 0.3, 1.0, 3.0)
"""Between attempts for documents that were refused for now; then the whole batch waits."""
_DELETED: Final = ("items.delete.status", "items.delete.error")
_ASKED: Final = ("items.index.status", "items.index.result", "items.index.error")
_DELETIONS: Final = 5_000
_ENCODE: Final = msgspec.json.Encoder().encode


class Document(NamedTuple):
    """A document; of two with one id that of the higher version wins, see version_of."""

    id: str
    version: int
    fields: Mapping[str, Any]


def version_of(checked_at: datetime) -> int:
    """Return the version of a document by the time of its check: the later check wins."""
    return int(checked_at.timestamp() * 1000)


@dataclass(slots=True)
class _Outcome:
    """What became of the documents of a request, by id."""

    created: int = 0
    for_now: dict[str, str] = field(default_factory=dict)
    for_good: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """Where documents go.

    Attributes:
        name: An alias, or an index.
        is_alias: An alias that is gone is waited for; otherwise Elasticsearch would make an index
            of that name.
    """

    name: str
    is_alias: bool = True


def write_documents(
    client: Elasticsearch,
    target: Target,
    documents: Iterable[Document],
    *,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Index documents and return how many were new.

    Those Elasticsearch refuses for now (429, 5xx) are sent again by themselves, some times.

    Args:
        client: Elasticsearch.
        target: Where they go.
        documents: Of two with one id, that of the higher version is sent.
        pause: Waits so many seconds.

    Raises:
        SearchUnavailableError: Elasticsearch did not take all of them; send them again later.
        EventsRefusedError: All are indexed but these, by their place in `documents`, which it will
            never take.
    """
    every = list(documents)
    latest: dict[str, Document] = {}
    for document in every:
        name = document.id
        if name not in latest or document.version > latest[name].version:
            latest[name] = document
    left = {
        name: (_action(document), _ENCODE(document.fields)) for name, document in latest.items()
    }
    created = 0
    refused: dict[str, str] = {}
    for seconds in (*_PAUSES_S, None):
        outcome = _send(client, target, left)
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
                place: f"Elasticsearch: {refused[document.id]}"
                for place, document in enumerate(every)
                if document.id in refused
            }
        )
    return created


def delete_documents(client: Elasticsearch, target: Target, versions: Mapping[str, int]) -> int:
    """Delete documents of these ids and versions, or earlier ones, and return how many went.

    One that has a later version stays.

    Raises:
        SearchUnavailableError: Elasticsearch did not do all of it; the same again is harmless.
    """
    gone = 0
    names = list(versions)
    for start in range(0, len(names), _DELETIONS):
        lines = (
            _ENCODE(
                {"delete": {"_id": name, "version": versions[name], "version_type": "external_gte"}}
            )
            for name in names[start : start + _DELETIONS]
        )
        with translated_errors():
            reply = client.bulk(
                index=target.name,
                operations=[b"\n".join(lines)],  # type: ignore[list-item]  # bytes pass
                require_alias=target.is_alias,
                filter_path=_DELETED,
            )
        statuses = [item["delete"]["status"] for item in reply["items"]]
        # 404: gone already. 409: there is a later version.
        if failed := [status for status in statuses if status not in (200, 404, 409)]:
            raise SearchUnavailableError(
                f"Elasticsearch did not delete {len(failed)} documents: status {failed[0]}"
            )
        gone += statuses.count(200)
    return gone


def _action(document: Document) -> bytes:
    version = {"version": document.version, "version_type": "external_gte"}
    return _ENCODE({"index": {"_id": document.id, **version}})


def _send(
    client: Elasticsearch, target: Target, left: Mapping[str, tuple[bytes, bytes]]
) -> _Outcome:
    outcome = _Outcome()
    if not left:
        return outcome
    body = b"\n".join(line for pair in left.values() for line in pair)
    try:
        with translated_errors():
            # Bytes go out as they are; of the answer only what is asked for comes back.
            reply = client.bulk(
                index=target.name,
                operations=[body],  # type: ignore[list-item]  # bytes pass
                require_alias=target.is_alias,
                filter_path=_ASKED,
            )
    except RequestTooLargeError as error:
        if len(left) == 1:
            return _Outcome(for_good={name: str(error) for name in left})
        return _send_halves(client, target, left)
    for name, item in zip(left, reply["items"], strict=True):
        result = item["index"]
        status = result["status"]
        if status < 300:
            outcome.created += result["result"] == "created"
            continue
        problem = result.get("error") or {}
        why = f"{status} {problem.get('type')}: {problem.get('reason')}"
        if status == 400:
            outcome.for_good[name] = why
        elif status != 409:
            # 409: a later check of the same document is indexed already.
            outcome.for_now[name] = why
    return outcome


def _send_halves(
    client: Elasticsearch, target: Target, left: Mapping[str, tuple[bytes, bytes]]
) -> _Outcome:
    pairs = list(left.items())
    middle = len(pairs) // 2
    one, other = (_send(client, target, dict(half)) for half in (pairs[:middle], pairs[middle:]))
    return _Outcome(
        one.created + other.created, one.for_now | other.for_now, one.for_good | other.for_good
    )
