"""Lines of task logs in a real Elasticsearch: written, found, read back and dropped."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from keeper.domain.search.task_logs import TaskLog
from keeper.stores.elasticsearch.connection import (
    ElasticsearchConfig,
    SearchRejectedError,
    SearchUnavailableError,
)
from keeper.stores.elasticsearch.task_log_index import (
    drop_months,
    files_of,
    lines_of,
    set_up,
    write_log,
)
from tests.services import free_port, remove_alias

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FOLDER = "dag_id=track_prices/run_id=manual__1/task_id=fetch"
FILE = f"{FOLDER}/attempt=1.log"
LOG = TaskLog(FILE, "track_prices", "manual__1", "fetch", -1, 1)


@pytest.fixture
def name(search: Elasticsearch) -> Iterator[str]:
    """A beginning of the test's own for the names of indices."""
    name = f"test-{uuid.uuid4().hex}"
    assert set_up(search, name)
    yield name
    remove_alias(search, name)


@pytest.fixture
def write(search: Elasticsearch, name: str) -> Callable[..., int]:
    """Writes lines, of LOG but for what is said to be other."""

    def write(*lines: str, at: datetime = AT, **other: Any) -> int:
        written = write_log(search, replace(LOG, **other), lines, at=at, name=name)
        search.indices.refresh(index=f"{name}-*")
        return written

    return write


def test_a_log_is_read_back_as_it_was_written(
    search: Elasticsearch, name: str, write: Callable[..., int]
) -> None:
    lines = [f'{{"event":"line {n}","n":{n}}}' for n in range(4_500)]
    odd = ["Getötet", '{"event": {"asin": 1}, "level": 3}', "x" * 40_000, '{"n": "no number"}']

    assert write(*lines, *odd) == 4_504

    assert files_of(search, FILE, name) == [FILE]
    assert list(lines_of(search, FILE, name)) == [*lines, *odd]


def test_written_again_with_more_lines_each_is_there_once(
    search: Elasticsearch, name: str, write: Callable[..., int]
) -> None:
    assert write("deferred") == 1
    assert write("deferred", "resumed", at=datetime(2026, 3, 9, tzinfo=UTC)) == 1
    assert write("deferred", "resumed") == 0

    assert list(lines_of(search, FILE, name)) == ["deferred", "resumed"]


def test_logs_whose_names_are_alike_do_not_mix(
    search: Elasticsearch, name: str, write: Callable[..., int]
) -> None:
    names = [
        FILE,
        f"{FILE}.trigger.7.log",
        f"{FOLDER}/attempt=10.log",
        f"{FOLDER}/map_index=1/attempt=1.log",
        f"{FOLDER}/map_index=11/attempt=1.log",
        FILE.replace("manual__1", "manual__1 fetch"),
        FILE.replace("task_id=fetch", "task_id=fetch_fetch"),
    ]
    for file in names:
        write(f"of {file}", file=file)

    assert files_of(search, FILE, name) == names[:2]
    assert files_of(search, names[3], name) == [names[3]]
    assert [list(lines_of(search, file, name)) for file in names] == [[f"of {f}"] for f in names]


def test_a_line_is_found_by_its_words_its_level_and_its_run(
    search: Elasticsearch, name: str, write: Callable[..., int]
) -> None:
    write(
        '{"event": "Batch 3 published", "level": "info"}',
        '{"event": "Task failed", "level": "error",'
        ' "error_detail": [{"exc_type": "KeepaError", "exc_value": "no tokens left"}]}',
    )
    write("Batch 4 published", dag_id="collect_deals", map_index=4)

    def offsets(query: str) -> list[int]:
        found = search.search(index=f"{name}-*", q=query, sort="offset")["hits"]["hits"]
        return [hit["_source"]["offset"] for hit in found]

    assert offsets("event:published AND dag_id:track_prices") == [1]
    assert offsets("exception:tokens AND level:error AND run_id:manual__1") == [2]
    assert offsets("map_index:4") == [1]


def test_months_that_are_over_go_with_their_index(
    search: Elasticsearch, name: str, write: Callable[..., int]
) -> None:
    for month in (1, 2, 3):
        write("a line", file=f"{month}.log", at=datetime(2026, month, 28, 23, 59, tzinfo=UTC))
    drop = partial(drop_months, search, datetime(2026, 3, 31, tzinfo=UTC), name=name)
    old = [f"{name}-2026-01", f"{name}-2026-02"]

    assert drop(apply=False) == old
    assert drop(apply=True) == old
    assert drop(apply=True) == []
    assert list(search.indices.get(index=f"{name}-*")) == [f"{name}-2026-03"]


def test_a_log_stays_in_the_month_in_which_it_began(
    search: Elasticsearch, name: str, write: Callable[..., int]
) -> None:
    began, resumed = '{"timestamp":"2026-01-31T23:59:59Z"}', '{"timestamp":"2026-02-01T00:00:01Z"}'
    write(began)
    write(began, resumed)

    assert list(search.indices.get(index=f"{name}-*")) == [f"{name}-2026-01"]
    assert list(lines_of(search, FILE, name)) == [began, resumed]


def test_fields_that_come_later_are_added_to_the_months_there_are(
    search: Elasticsearch, name: str, write: Callable[..., int]
) -> None:
    write("a line")

    assert set_up(search, name) is False


def test_where_nothing_was_logged_yet_nothing_is_found(search: Elasticsearch, name: str) -> None:
    assert files_of(search, FILE, name) == []
    assert list(lines_of(search, FILE, name)) == []
    assert drop_months(search, AT, apply=True, name=name) == []


def test_without_the_template_nothing_is_written_and_the_remedy_is_said(
    search: Elasticsearch,
) -> None:
    name = f"test-{uuid.uuid4().hex}"

    with pytest.raises(SearchRejectedError, match="keeper migrate"):
        write_log(search, LOG, ["a line"], at=AT, name=name)

    assert not search.indices.get(index=f"{name}-*")


def test_an_elasticsearch_that_is_away_is_said() -> None:
    nobody = ElasticsearchConfig(f"http://127.0.0.1:{free_port()}")

    with nobody.client() as client, pytest.raises(SearchUnavailableError, match="does not answer"):
        write_log(client, LOG, ["a line"], at=AT)
