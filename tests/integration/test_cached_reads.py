"""What the API keeps of prices: gone with the commit that changes them, shown to who may ask."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from keeper.console.cache.reads import ReadCache
from keeper.domain.users.access import Scope
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.streams.config import KafkaConfig
from tests.console_server import ANN, BEN, Console
from tests.relaying import caching_console, quick, relaying, trusted
from tests.stored_prices import store_current_price, store_history
from tests.waiting import wait_until

pytestmark = pytest.mark.services
AT = datetime(2026, 3, 1, tzinfo=UTC)
ASIN = "B000000001"
NOW = f"/api/v1/prices/{ASIN}"
PROXIED = "Remote-Email"
HISTORY = f"{NOW}/history/columns"


@pytest.fixture
def served(
    request: pytest.FixtureRequest,
    database: PostgresConfig,
    connection: Connection,
    kafka: KafkaConfig,
    topic: str,
) -> Iterator[tuple[Console, ReadCache]]:
    store_current_price(connection, ASIN, at=AT, price=100)
    store_history(connection, ASIN, [(AT, 100)])
    connection.execute(
        "INSERT INTO products (asin, domain, title, source, described_at)"
        " VALUES ('B000000001', 'us', 'A kettle', 'keepa', now())"
    )
    # For so long that no slow machine ends it, but where a test is about that.
    trusted_s = getattr(request, "param", 600.0)
    with caching_console(
        database, connection, kafka, topic, trusted_s=trusted_s, proxy_user_header=PROXIED
    ) as (console, cache):
        yield console, cache


def price(client: httpx.Client) -> int:
    answer = client.get(NOW)
    assert answer.status_code == 200, answer.text
    (one,) = answer.json()["prices"]
    return int(one["amount"]["minor"])


def set_unnoticed(connection: Connection, price: int) -> None:
    """Change a price so that no trigger fires."""
    with connection.transaction():
        connection.execute("ALTER TABLE price_series DISABLE TRIGGER USER")
        connection.execute("UPDATE price_series SET price_minor = %s", (price,))
        connection.execute("ALTER TABLE price_series ENABLE TRIGGER USER")


def test_an_update_in_psql_is_in_the_next_answer_and_without_one_nothing_is_read_twice(
    served: tuple[Console, ReadCache],
    database: PostgresConfig,
    connection: Connection,
    kafka: KafkaConfig,
    topic: str,
) -> None:
    console, cache = served
    ann = console.program(ANN, Scope.PRICES_READ)
    with relaying(quick(database, kafka, topic)):
        trusted(cache)
        wait_until(lambda: price(ann) == 100 and cache.memory.get(f"{NOW}?"), "it is kept")
        set_unnoticed(connection, 300)
        # Nobody was notified, so that the database was not asked again.
        assert price(ann) == 100
        connection.execute("UPDATE price_series SET price_minor = 200")
        committed = time.monotonic()
        wait_until(lambda: price(ann) == 200, "the new price", every_s=0.001)
        took = time.monotonic() - committed
        connection.execute("UPDATE products SET title = 'A pan'")
        wait_until(lambda: ann.get(NOW).json()["title"] == "A pan", "the new title")
        before = ann.get(HISTORY).json()
        connection.execute("UPDATE price_points SET price_minor = 50")
        wait_until(lambda: ann.get(HISTORY).json() != before, "the new history")
    assert took < 2


@pytest.mark.parametrize("served", [1.0], indirect=True)
def test_a_console_that_misses_heartbeats_asks_the_database_until_they_come_again(
    served: tuple[Console, ReadCache],
    database: PostgresConfig,
    connection: Connection,
    kafka: KafkaConfig,
    topic: str,
) -> None:
    console, cache = served
    ann = console.program(ANN, Scope.PRICES_READ)
    with relaying(quick(database, kafka, topic)):
        trusted(cache)
        wait_until(lambda: price(ann) == 100 and cache.memory.get(f"{NOW}?"), "it is kept")
    # The relay is gone, and its last heartbeats are soon over.
    connection.execute("UPDATE price_series SET price_minor = 200")
    gone = time.monotonic()
    wait_until(lambda: price(ann) == 200, "the new price, without a relay")
    assert time.monotonic() - gone < 10
    assert not cache.trust
    set_unnoticed(connection, 300)
    assert price(ann) == 300
    with relaying(quick(database, kafka, topic)):
        trusted(cache)
        assert price(ann) == 300


def test_each_endpoint_answers_only_who_may_ask_also_from_what_is_kept(
    served: tuple[Console, ReadCache],
    database: PostgresConfig,
    connection: Connection,
    kafka: KafkaConfig,
    topic: str,
) -> None:
    console, cache = served
    ann = console.program(ANN, Scope.PRICES_READ)
    with relaying(quick(database, kafka, topic)):
        trusted(cache)
        wait_until(lambda: price(ann) == 100 and cache.memory.get(f"{NOW}?"), "it is kept")

        assert console.nobody().get(NOW).status_code == 401
        assert console.program(BEN, Scope.DEALS_READ).get(NOW).status_code == 403
        assert price(console.program(BEN, Scope.PRICES_READ)) == 100
        browser = console.browser(BEN)
        assert price(browser) == price(browser) == 100
        # Who has signed in at the proxy since is not the one of the cookie.
        stranger = {PROXIED: "stranger@example.org"}
        assert browser.get(NOW, headers=stranger).status_code == 401
        assert browser.delete("/api/v1/me/session").status_code < 300
        wait_until(lambda: browser.get(NOW).status_code == 401, "the session is over")

        connection.execute("UPDATE api_tokens SET revoked_at = created_at WHERE name = 'test'")
        wait_until(lambda: ann.get(NOW).status_code == 401, "the token is refused")
        late = console.program(ANN, Scope.PRICES_READ)
        assert price(late) == price(late) == 100
        console.clock.move(hours=24, seconds=-1)
        assert price(late) == price(late) == 100
        console.clock.move(seconds=1)
        assert late.get(NOW).status_code == 401


def test_what_is_kept_has_its_tag_and_headers_and_errors_are_not_kept(
    served: tuple[Console, ReadCache],
    database: PostgresConfig,
    connection: Connection,
    kafka: KafkaConfig,
    topic: str,
) -> None:
    console, cache = served
    ann = console.program(ANN, Scope.PRICES_READ)
    fresh = ann.get(NOW)
    with relaying(quick(database, kafka, topic)):
        trusted(cache)
        # Who has an answer already leaves one behind all the same.
        known = {"If-None-Match": fresh.headers["ETag"]}
        wait_until(
            lambda: (ann.get(NOW, headers=known), cache.memory.get(f"{NOW}?"))[1], "it is kept"
        )
        kept = ann.get(NOW)
        ours = ("date", "server")
        assert kept.text == fresh.text
        assert {k: v for k, v in kept.headers.items() if k not in ours} == {
            k: v for k, v in fresh.headers.items() if k not in ours
        }
        again = ann.get(NOW, headers=known)
        assert (again.status_code, again.content) == (304, b"")

        missing = NOW.replace(ASIN, "B000000002")
        assert ann.get(missing).status_code == 404
        store_current_price(connection, "B000000002", at=AT, price=100)
        connection.execute(
            "INSERT INTO products (asin, domain, source, described_at)"
            " VALUES ('B000000002', 'us', 'keepa', now())"
        )
        assert ann.get(missing).status_code == 200
