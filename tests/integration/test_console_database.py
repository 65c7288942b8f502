"""A console whose database hangs: its readers are told so soon, however many they are."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest

from keeper.alerts.links import LinkAction, Links
from keeper.stores.postgres.connection import (
    Connection,
    DatabaseUnavailableError,
    PostgresConfig,
    session,
)
from tests.integration.test_message_links import SECRET, running_console
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
def console(relay: Relay, database: PostgresConfig, tmp_path: Path) -> Iterator[str]:
    """A console whose way to PostgreSQL it is."""
    parts = urlsplit(database.url)
    login = parts.netloc.rpartition("@")[0]
    there = urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{relay.port}"))
    with running_console(PostgresConfig(there), tmp_path) as url:
        yield url


@pytest.fixture
def open_link(console: str) -> Callable[[], httpx.Response]:
    """Opens a link about a watch that is gone."""
    link = Links(console, [SECRET]).to(LinkAction.STOP, 1, "mark")

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
