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

READERS = 60
BURST_S = 12
"""A time-out of three seconds, twice for the few who get in between, on a busy machine; a time-out
for each ten readers would be longer."""
AT_ONCE_S = 2.5
"""Less than the time-out of whoever asks PostgreSQL."""
BACK_AFTER_S = 15
"""The first pause, five seconds, or the second if the first trial was in vain, and a margin."""


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
def open_link(console: str) -> Callable[[], tuple[httpx.Response, float]]:
    """Opens a link about a watch that is gone, and returns the answer and the seconds it took."""
    link = Links(console, SECRET).to(LinkAction.STOP, 1)

    def ask() -> tuple[httpx.Response, float]:
        started = time.monotonic()
        answer = httpx.get(link, timeout=60, trust_env=False)
        return answer, time.monotonic() - started

    return ask


def is_sorry(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and 1 <= int(answer.headers["Retry-After"]) <= 30


def test_a_database_that_hangs_is_asked_by_few_and_by_all_again_once_it_answers(
    relay: Relay, console: str, open_link: Callable[[], tuple[httpx.Response, float]]
) -> None:
    assert open_link()[0].status_code == 404

    with relay.blocked():
        with ThreadPoolExecutor(READERS) as readers:
            asked = [readers.submit(open_link) for _ in range(READERS)]
            live = httpx.get(f"{console}/health/live", timeout=60, trust_env=False)
            answers = [one.result() for one in asked]
        assert live.elapsed.total_seconds() < AT_ONCE_S
        assert all(is_sorry(answer) for answer, _ in answers)
        assert max(seconds for _, seconds in answers) < BURST_S

        later = [open_link() for _ in range(5)]
        assert all(is_sorry(answer) for answer, _ in later)
        # One of them may have been the one that tried for all.
        assert sorted(seconds for _, seconds in later)[-2] < AT_ONCE_S

    deadline = time.monotonic() + BACK_AFTER_S
    while (answer := open_link()[0]).status_code == 503:
        assert time.monotonic() < deadline
    assert (answer.status_code, "not watched any more" in answer.text) == (404, True)


def test_a_database_that_freezes_while_it_works_is_given_up(
    connection: Connection,
    database: PostgresConfig,
    relay: Relay,
    open_link: Callable[[], tuple[httpx.Response, float]],
) -> None:
    # Within a transaction it would be a picture of the transaction's start.
    waiting = "SELECT count(*) AS number FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with ThreadPoolExecutor(1) as reader, session(database) as observer:
        with connection.transaction():
            connection.execute("LOCK TABLE watched_products")
            asked = reader.submit(open_link)
            while observer.execute(waiting).fetchall() == [{"number": 0}]:
                assert not asked.done()
            with relay.blocked():
                answer, seconds = asked.result()
        assert is_sorry(answer)
        # Longer than the statement's own time-out, of which no word came through.
        assert 5 < seconds < BURST_S

    assert open_link()[0].status_code == 404


def test_a_statement_may_be_given_little_time(database: PostgresConfig) -> None:
    started = time.monotonic()
    with (
        pytest.raises(DatabaseUnavailableError, match="statement timeout"),
        session(replace(database, statement_timeout_s=1)) as connection,
    ):
        connection.execute("SELECT pg_sleep(30)")
    assert time.monotonic() - started < 10
