"""A console whose database hangs: its readers learn that soon, however many they are."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest

from keeper.alerts.links import LinkAction, Links
from keeper.console.database import ConsoleDatabase
from keeper.stores.postgres.connection import (
    Connection,
    DatabaseUnavailableError,
    PostgresConfig,
    StatementCanceledError,
    session,
)
from keeper.stores.postgres.pool import ConnectionPool
from keeper.streams.config import KafkaConfig
from tests.console_server import LINK_SECRET, console_by_settings
from tests.relay import Relay
from tests.waiting import HUNG_AFTER_S

READERS = 60
ASK_TWICE = 20
"""The console asks ten things at once; while the first of them fail as many get in between."""


@pytest.fixture
def relay(database: PostgresConfig) -> Iterator[Relay]:
    """A way to PostgreSQL that can be blocked."""
    address = urlsplit(database.url)
    assert address.hostname is not None
    with Relay.running(address.hostname, address.port or 5432) as relay:
        yield relay


@pytest.fixture
def console(
    relay: Relay, database: PostgresConfig, kafka: KafkaConfig, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A console whose way to PostgreSQL it is, and which soon gives up."""
    monkeypatch.setattr("keeper.console.database._ANSWER_S", 3.0)
    parts = urlsplit(database.url)
    login = parts.netloc.rpartition("@")[0]
    there = urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{relay.port}"))
    with console_by_settings(PostgresConfig(there), kafka) as url:
        yield url


@pytest.fixture
def open_link(console: str) -> Callable[[], httpx.Response]:
    """Opens a link about a watch that is gone."""
    link = Links(console, [LINK_SECRET]).to(LinkAction.STOP, 1, "mark")

    return lambda: httpx.get(link, timeout=HUNG_AFTER_S, trust_env=False)


def is_sorry(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and 1 <= int(answer.headers["Retry-After"]) <= 30


def test_a_database_that_hangs_is_asked_by_few_and_by_all_again_once_it_answers(
    relay: Relay, console: str, open_link: Callable[[], httpx.Response]
) -> None:
    assert open_link().status_code == 404

    with relay.blocked():
        before = relay.taken
        with ThreadPoolExecutor(READERS) as readers:
            asked = [readers.submit(open_link) for _ in range(READERS)]
            live = httpx.get(f"{console}/health/live", timeout=HUNG_AFTER_S, trust_env=False)
            assert not all(one.done() for one in asked), "it was answered after all the others"
            answers = [one.result() for one in asked]
        assert live.status_code == 200
        assert all(map(is_sorry, answers))
        assert 0 < relay.taken - before <= ASK_TWICE

        before = relay.taken
        assert all(is_sorry(open_link()) for _ in range(5))
        # One of them may have been the one that tried for all.
        assert relay.taken - before <= 1

    while (answer := open_link()).status_code == 503:
        pass
    assert (answer.status_code, "not watched any more" in answer.text) == (404, True)


def test_a_database_that_freezes_while_it_works_is_given_up(
    connection: Connection,
    database: PostgresConfig,
    relay: Relay,
    open_link: Callable[[], httpx.Response],
) -> None:
    # Within a transaction it would be a picture of the transaction's start.
    waiting = "SELECT count(*) AS number FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with (
        ThreadPoolExecutor(1) as reader,
        session(database) as observer,
        connection.transaction(),
    ):
        connection.execute("LOCK TABLE watched_products")
        asked = reader.submit(open_link)
        while observer.execute(waiting).fetchall() == [{"number": 0}]:
            assert not asked.done()
        with relay.blocked():
            # The statement's own time-out says so to nobody: no word comes through.
            assert is_sorry(asked.result())

    assert open_link().status_code == 404


def test_a_statement_may_be_given_little_time(database: PostgresConfig) -> None:
    started = time.monotonic()
    with (
        pytest.raises(DatabaseUnavailableError, match="statement timeout"),
        session(replace(database, statement_timeout_s=1)) as connection,
    ):
        connection.execute("SELECT pg_sleep(600)")
    assert time.monotonic() - started < 300


def backend(connection: Connection) -> int:
    return connection.info.backend_pid


@pytest.fixture
def pool(database: PostgresConfig) -> Iterator[ConnectionPool]:
    """Connections that are kept."""
    pool = ConnectionPool(database)
    yield pool
    pool.close()


def test_a_connection_is_used_again_by_the_next(pool: ConnectionPool) -> None:
    with pool.session() as first:
        used = backend(first)
        with pool.session() as other:
            assert backend(other) != used
    for _ in range(5):
        with pool.session() as again:
            assert backend(again) == used
    assert (pool.opened, pool.idle) == (2, 2)


def test_a_connection_that_the_server_has_ended_is_not_handed_out(
    pool: ConnectionPool, connection: Connection
) -> None:
    with pool.session() as first:
        ended = backend(first)
    gone = "SELECT FROM pg_stat_activity WHERE pid = %s"
    connection.execute("SELECT pg_terminate_backend(%s, 10000)", (ended,))
    assert connection.execute(gone, (ended,)).fetchall() == []

    with pool.session() as second:
        assert second.execute("SELECT 1 AS one").fetchall() == [{"one": 1}]
    assert pool.opened == 2


def test_what_failed_or_left_something_open_is_closed(pool: ConnectionPool) -> None:
    def take_too_long() -> None:
        with pool.session() as slow:
            slow.execute("SET statement_timeout = '10ms'")
            slow.execute("SELECT pg_sleep(60)")

    with pytest.raises(StatementCanceledError):
        take_too_long()
    with pool.session() as careless:
        careless.execute("BEGIN")
    assert pool.idle == 0

    with pytest.raises(ZeroDivisionError), pool.session():
        raise ZeroDivisionError
    assert pool.idle == 1


def test_one_that_comes_back_after_the_end_is_closed(pool: ConnectionPool) -> None:
    with pool.session() as working:
        pool.close()
    assert working.closed
    assert pool.idle == 0


def test_after_a_failover_connections_are_kept_again(pool: ConnectionPool) -> None:
    """A server that has become another's copy refuses what writes."""

    def write() -> None:
        with pool.session() as refused:
            refused.execute("SET default_transaction_read_only = on")
            refused.execute("CREATE TABLE mine ()")

    with pool.session(), pool.session():
        pass
    with pytest.raises(DatabaseUnavailableError):
        write()
    assert pool.idle == 0

    for _ in range(2):
        with pool.session():
            pass
    assert (pool.opened, pool.idle) == (3, 1)


def test_a_connection_grows_old(database: PostgresConfig) -> None:
    now = [0.0]
    pool = ConnectionPool(database, most_age_s=60, monotonic=lambda: now[0])
    with pool.session(), pool.session():
        pass
    assert pool.idle == 2
    now[0] = 61
    with pool.session():
        pass
    assert pool.idle == 0


def test_a_lock_that_somebody_holds_does_not_shut_the_others_out(
    connection: Connection, database: PostgresConfig
) -> None:
    store = ConsoleDatabase(database, statement_s=1)

    def watches(connection: Connection) -> int:
        return len(connection.execute("SELECT FROM watched_products").fetchall())

    def one(connection: Connection) -> int:
        return len(connection.execute("SELECT 1").fetchall())

    async def ask() -> tuple[list[int | BaseException], int]:
        slow = await asyncio.gather(*(store.run(watches) for _ in range(5)), return_exceptions=True)
        return slow, await store.run(one)

    with connection.transaction():
        connection.execute("LOCK TABLE watched_products")
        slow, quick = asyncio.run(ask())
    store.close()
    assert [type(error) for error in slow] == [StatementCanceledError] * 5
    assert quick == 1
