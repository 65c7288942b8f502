"""The indices `keeper-task-logs-YYYY-MM`: a document a line that a task of Airflow's has logged.

There is an index a month, so that old logs go with their index. All lines of a file are in one:
that of the month in which its first line was written.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import chain, islice
from typing import Any, Final

import msgspec
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from keeper.domain.search.task_logs import TaskLog
from keeper.stores.elasticsearch.bulk import Document, Target, write_documents
from keeper.stores.elasticsearch.connection import SearchRejectedError, translated_errors
from keeper.stores.elasticsearch.versioned_index import (
    DATE,
    KEYWORD,
    LONG,
    index_of,
    put_template,
)

TASK_LOGS: Final = "keeper-task-logs"
_TEXT: Final = {"type": "text"}
_INDEX: Final = index_of(
    {
        "file": KEYWORD,
        "offset": LONG,
        # Given back as it is, never searched, and of any length.
        "line": {"type": "object", "enabled": False},
        "dag_id": KEYWORD,
        "run_id": KEYWORD,
        "task_id": KEYWORD,
        "map_index": LONG,
        "try_number": LONG,
        "timestamp": DATE,
        "level": KEYWORD,
        "logger": KEYWORD,
        "event": _TEXT,
        "exception": _TEXT,
    }
)
_MONTH: Final = re.compile(r"-(\d{4})-(\d{2})$")
_BATCH: Final = 2_000
_MOST_FILES: Final = 1_000
_VERSION: Final = 1
"""A line never changes."""


def set_up(client: Elasticsearch, name: str = TASK_LOGS) -> bool:
    """Make or update the template of the months' indices; True if there was none.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses the template.
    """
    with translated_errors():
        is_there = bool(client.indices.exists_index_template(name=name))
    put_template(client, name, _INDEX)
    with translated_errors():
        if months := list(client.indices.get(index=f"{name}-*", features="aliases")):
            client.indices.put_mapping(index=months, **_INDEX["mappings"])
    return not is_there


def write_log(
    client: Elasticsearch,
    log: TaskLog,
    lines: Iterable[str],
    *,
    at: datetime,
    name: str = TASK_LOGS,
) -> int:
    """Index the lines of a log and return how many of them were new.

    Written again, with lines that have been added since, the log has each line once.

    Args:
        client: Elasticsearch.
        log: Whose lines they are.
        lines: All its lines, from the first on: JSON as Airflow writes it, or any text.
        at: The time of lines at the beginning that have none of their own.
        name: Beginning of the indices' names.

    Raises:
        SearchUnavailableError: Elasticsearch did not take all of it; write it again later.
        SearchRejectedError: The template is not there.
        EventsRefusedError: All lines are indexed but these, which it will never take.
    """
    with translated_errors():
        # Else Elasticsearch would guess the fields, and the file's name would be no exact one.
        if not client.indices.exists_index_template(name=name):
            raise SearchRejectedError(
                f"Elasticsearch has no template {name}; `keeper migrate` makes it"
            )
    documents = documents_of(log, lines, at=at)
    first = next(documents, None)
    if first is None:
        return 0
    target = Target(f"{name}-{first.fields['timestamp']:%Y-%m}", is_alias=False)
    left = chain((first,), documents)
    created = 0
    while batch := list(islice(left, _BATCH)):
        created += write_documents(client, target, batch)
    return created


def documents_of(log: TaskLog, lines: Iterable[str], *, at: datetime) -> Iterator[Document]:
    """Yield a document for each line that is not blank; see write_log.

    A line without a time of its own gets that of the line before it.
    """
    for offset, line in enumerate(lines, 1):
        text = line.rstrip("\n")
        if not text.strip():
            continue
        said = _said(text)
        at = _moment(said.get("timestamp")) or at
        fields = {
            **asdict(log),
            "offset": offset,
            "line": text,
            "timestamp": at,
            "level": _word(said.get("level")),
            "logger": _word(said.get("logger")),
            "event": _text(said.get("event", text)),
            # The latter in lines of those who watch over the task.
            "exception": _exception(said.get("error_detail") or said.get("exception")),
        }
        # A file that was begun anew has other lines at the same offsets.
        name = blake2b(f"{log.file}\n{offset}\n{text}".encode(), digest_size=16).hexdigest()
        yield Document(name, _VERSION, fields)


def files_of(client: Elasticsearch, beginning: str, name: str = TASK_LOGS) -> list[str]:
    """Return the names of the files that begin so: that of a try, and those of its triggers.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses.
    """
    with translated_errors():
        found = client.search(
            index=f"{name}-*",
            size=0,
            query={"prefix": {"file": beginning}},
            aggs={"files": {"terms": {"field": "file", "size": _MOST_FILES}}},
        )
    return sorted(bucket["key"] for bucket in _buckets(found.body))


def lines_of(client: Elasticsearch, file: str, name: str = TASK_LOGS) -> Iterator[str]:
    """Yield every line of a file as it was written, in order.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer, or no more.
        SearchRejectedError: It refuses.
    """
    body = {"query": {"term": {"file": file}}, "sort": ["offset"], "_source": ["line"]}
    with translated_errors():
        hits: Iterable[dict[str, Any]] = scan(
            client, index=f"{name}-*", query=body, size=_BATCH, preserve_order=True
        )
        for hit in hits:
            yield hit["_source"]["line"]


def drop_months(
    client: Elasticsearch, before: datetime, *, apply: bool, name: str = TASK_LOGS
) -> list[str]:
    """Drop the indices of months that ended before a moment and return their names.

    Args:
        client: Elasticsearch.
        before: The month it is in stays.
        apply: Drop; otherwise only say which would go.
        name: Beginning of the indices' names.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses.
    """
    first_kept = (before.year, before.month)
    with translated_errors():
        there = client.indices.get(index=f"{name}-*", features="aliases")
        old = [
            index
            for index in sorted(there)
            if (month := _MONTH.search(index)) and (int(month[1]), int(month[2])) < first_kept
        ]
        if old and apply:
            client.indices.delete(index=old)
    return old


def _buckets(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    # Where there is no index yet there are no aggregations.
    buckets: list[Mapping[str, Any]] = found.get("aggregations", {}).get("files", {"buckets": []})[
        "buckets"
    ]
    return buckets


def _said(line: str) -> Mapping[str, Any]:
    try:
        said = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None:
        return None if moment is None else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _word(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _exception(detail: object) -> str | None:
    """Return what was raised, the cause after it, a line each; the line has the frames."""
    if not isinstance(detail, list):
        return None
    raised = [
        f"{one.get('exc_type')}: {one.get('exc_value')}" for one in detail if isinstance(one, dict)
    ]
    return "\n".join(raised) or None
