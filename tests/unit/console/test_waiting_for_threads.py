"""The console waits for its threads no longer than it says, and counts only who did not answer."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, current_thread

import pytest
from anyio import to_thread
from elasticsearch import Elasticsearch

from keeper.console import database, operations, search
from keeper.console.database import ConsoleDatabase, when_late
from keeper.console.operations import Operations, PartAwayError
from keeper.console.search import ConsoleSearch
from keeper.pipeline.services.health import HealthState, PartHealth
from keeper.sources.airflow.api import AirflowUnavailableError
from keeper.stores.elasticsearch.connection import ElasticsearchConfig, SearchUnavailableError
from keeper.stores.postgres.connection import (
    Connection,
    DatabaseUnavailableError,
    PostgresConfig,
)
from tests.waiting import HUNG_AFTER_S

SOON = 0.05


class _Pool:
    """Connections to nowhere."""

    def __init__(self, config: PostgresConfig) -> None:
        self.config = config

    @contextmanager
    def session(self) -> Iterator[object]:
        yield object()

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def go_on() -> Iterator[Event]:
    """Ends the work that waits for it, at the end at the latest."""
    event = Event()
    yield event
    event.set()


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, go_on: Event) -> Iterator[ConsoleDatabase]:
    """One that does one thing at once, and soon gives it up."""
    monkeypatch.setattr(database, "ConnectionPool", _Pool)
    monkeypatch.setattr(database, "_AT_ONCE", 1)
    monkeypatch.setattr(database, "_ANSWER_S", SOON)
    store = ConsoleDatabase(PostgresConfig("postgresql://"))
    yield store
    go_on.set()
    store.close()


def hanging(go_on: Event) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        go_on.wait()
        return "done"

    return work


def test_work_that_found_no_thread_is_never_done_and_counts_against_nobody(
    store: ConsoleDatabase, go_on: Event
) -> None:
    done: list[int] = []

    async def ask() -> list[BaseException | str | None]:
        first = asyncio.create_task(store.run(hanging(go_on)))
        others = [store.run(lambda _: done.append(1)) for _ in range(5)]
        return await asyncio.gather(first, *others, return_exceptions=True)

    assert {type(error) for error in asyncio.run(ask())} == {DatabaseUnavailableError}
    assert not store.is_left_alone
    go_on.set()

    async def ask_again() -> str:
        return await store.run(lambda _: "well")

    assert asyncio.run(ask_again()) == "well"
    assert done == []


def test_work_that_does_not_end_counts(
    monkeypatch: pytest.MonkeyPatch, store: ConsoleDatabase, go_on: Event
) -> None:
    monkeypatch.setattr(database, "_AT_ONCE", 3)
    store = ConsoleDatabase(PostgresConfig("postgresql://"))

    async def ask() -> list[BaseException | str]:
        asked = [store.run(hanging(go_on)) for _ in range(3)]
        return await asyncio.gather(*asked, return_exceptions=True)

    assert {type(error) for error in asyncio.run(ask())} == {DatabaseUnavailableError}
    assert store.is_left_alone


def test_who_must_not_do_it_twice_learns_that_it_is_late_and_waits_on(
    store: ConsoleDatabase, go_on: Event
) -> None:
    late: list[bool] = []

    def be_late() -> None:
        late.append(True)
        go_on.set()

    async def ask() -> str:
        when_late.set(be_late)
        return await store.run(hanging(go_on))

    assert asyncio.run(ask()) == "done"
    assert late == [True]


@pytest.fixture
def searcher(monkeypatch: pytest.MonkeyPatch, go_on: Event) -> ConsoleSearch:
    """One that searches one thing at once, and soon gives it up."""
    monkeypatch.setattr(search, "_AT_ONCE", 1)
    monkeypatch.setattr(search, "_SEARCH_S", SOON)
    return ConsoleSearch(ElasticsearchConfig("http://127.0.0.1:1"))


def test_a_search_that_does_not_end_is_given_up_and_those_behind_it_were_never_made(
    searcher: ConsoleSearch, go_on: Event
) -> None:
    made: list[int] = []

    def work(client: Elasticsearch) -> None:
        made.append(1)
        go_on.wait()

    async def ask() -> list[BaseException | None]:
        return await asyncio.gather(*(searcher.run(work) for _ in range(4)), return_exceptions=True)

    assert {type(error) for error in asyncio.run(ask())} == {SearchUnavailableError}
    assert made == [1]
    go_on.set()
    # One failure alone leaves nobody out.
    asyncio.run(searcher.run(work))
    assert made == [1, 1]


def test_nothing_queues_for_an_elasticsearch_that_is_left_alone(
    searcher: ConsoleSearch, go_on: Event
) -> None:
    def fail(client: Elasticsearch) -> None:
        raise SearchUnavailableError("away")

    async def ask() -> None:
        for _ in range(2):
            with pytest.raises(SearchUnavailableError, match="away"):
                await searcher.run(fail)
        # Were it queued, it would end no sooner than the search that hangs.
        searcher._threads.submit(go_on.wait)
        with pytest.raises(SearchUnavailableError, match="not answered lately"):
            await searcher.run(fail)

    asyncio.run(ask())


def test_who_asks_for_health_waits_in_one_thread_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, go_on: Event
) -> None:
    monkeypatch.setattr(operations, "_HEALTH_S", SOON)
    asked: list[int] = []

    def ask_health() -> list[PartHealth]:
        asked.append(1)
        go_on.wait()
        return [PartHealth("kafka", HealthState.DOWN, "no answer")]

    parts = Operations(ask_health=ask_health)

    async def ask() -> list[object]:
        return await asyncio.gather(*(parts.health() for _ in range(50)), return_exceptions=True)

    errors = asyncio.run(ask())
    assert [error.part for error in errors if isinstance(error, PartAwayError)] == ["health"] * 50
    assert asked == [1]
    go_on.set()
    assert [one.part for one in asyncio.run(parts.health())] == ["kafka"]


def test_an_airflow_that_hangs_takes_none_of_the_shared_threads(
    monkeypatch: pytest.MonkeyPatch, go_on: Event
) -> None:
    monkeypatch.setattr(operations, "_RUNS_S", SOON)
    threads: set[str] = set()

    def look() -> str:
        threads.add(current_thread().name.partition("_")[0])
        go_on.wait()
        return "running"

    parts = Operations()

    async def ask() -> list[str | BaseException]:
        asked = (parts.of_runs(look) for _ in range(60))
        waiting = asyncio.gather(*asked, return_exceptions=True)
        # One that FastAPI's threads do, all of which would be taken.
        await asyncio.wait_for(to_thread.run_sync(threads.add, "shared"), HUNG_AFTER_S)
        return await waiting

    assert {type(error) for error in asyncio.run(ask())} == {AirflowUnavailableError}
    assert threads == {"airflow", "shared"}
    go_on.set()
    assert asyncio.run(parts.of_runs(look)) == "running"
