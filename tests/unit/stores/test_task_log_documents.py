"""What is searchable of a line that a task has logged."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from keeper.domain.search.task_logs import TaskLog
from keeper.stores.elasticsearch.task_log_index import documents_of

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILE = "dag_id=track_prices/run_id=manual__1/task_id=fetch/map_index=2/attempt=1.log"
LOG = TaskLog(FILE, "track_prices", "manual__1", "fetch", 2, 1)


def fields(*lines: str | dict[str, Any]) -> list[dict[str, Any]]:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return [dict(one.fields) for one in documents_of(LOG, texts, at=AT)]


def test_a_line_is_kept_as_it_is_beside_what_it_says() -> None:
    line = (
        '{"timestamp":"2026-03-02T06:00:01.5Z","level":"info","event":"7 fetched",'
        '"logger":"a.b","products":7}'
    )

    assert fields(line + "\n") == [
        {
            "file": FILE,
            "offset": 1,
            "line": line,
            "dag_id": "track_prices",
            "run_id": "manual__1",
            "task_id": "fetch",
            "map_index": 2,
            "try_number": 1,
            "timestamp": datetime(2026, 3, 2, 6, 0, 1, 500_000, tzinfo=UTC),
            "level": "info",
            "logger": "a.b",
            "event": "7 fetched",
            "exception": None,
        }
    ]


@pytest.mark.parametrize("key", ["error_detail", "exception"])
def test_what_was_raised_is_searchable_with_its_cause(key: str) -> None:
    detail = [
        {"exc_type": "SearchError", "exc_value": "no answer", "is_cause": False, "frames": []},
        {"exc_type": "OSError", "exc_value": "refused", "is_cause": True, "frames": []},
    ]

    (found,) = fields({"event": "Task failed with exception", key: detail})

    assert found["exception"] == "SearchError: no answer\nOSError: refused"


def test_a_line_without_a_time_has_that_of_the_line_before() -> None:
    found = fields("before all", {"timestamp": "2026-03-02T06:00:00", "event": "at six"}, "after")

    assert [one["timestamp"] for one in found] == [
        AT,
        datetime(2026, 3, 2, 6, tzinfo=UTC),
        datetime(2026, 3, 2, 6, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("Killed", "Killed"),
        ("[1, 2]", "[1, 2]"),
        ('{"event": {"asin": 1}}', '{"asin":1}'),
        ('{"timestamp": "yesterday", "level": 3, "event": "odd"}', "odd"),
        ('{"error_detail": "odd"}', '{"error_detail": "odd"}'),
        ('{"exception": ["odd"]}', '{"exception": ["odd"]}'),
    ],
)
def test_a_line_of_any_shape_has_words_to_find_it_by(line: str, event: str) -> None:
    (found,) = fields(line)

    assert (found["event"], found["timestamp"], found["level"]) == (event, AT, None)
    assert found["line"] == line


def test_blank_lines_are_counted_and_left_out() -> None:
    assert [one["offset"] for one in fields("one", "  \n", "three")] == [1, 3]


def test_the_same_line_of_the_same_file_has_the_same_id() -> None:
    def ids(file: str, *lines: str) -> list[str]:
        return [one.id for one in documents_of(replace(LOG, file=file), lines, at=AT)]

    first = ids(FILE, "one", "two")
    assert ids(FILE, "one", "two", "three")[:2] == first
    # A file that was begun anew.
    assert not set(ids(FILE, "other", "lines")) & set(first)
    assert not set(ids(f"{FILE}.trigger.1.log", "one", "two")) & set(first)
    assert len(set(ids(FILE, "same", "same"))) == 2
