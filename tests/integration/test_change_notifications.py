"""Whatever changes what the console shows notifies of it, with the commit, by whatever way."""

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from keeper.domain.changes import Notification, merged
from keeper.domain.watches.watch import Watch
from keeper.stores.postgres.changes.notifications import (
    listen,
    products_of,
    received,
    send_heartbeat,
)
from keeper.stores.postgres.connection import (
    Connection,
    PostgresConfig,
    SchemaMissingError,
    session,
)
from keeper.stores.postgres.prices.writer import BackfillWriter, PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.price_events import price_event
from tests.stored_prices import store_current_price, store_history

AT = datetime(2026, 3, 1, tzinfo=UTC)
ASIN = "B000000001"


@pytest.fixture
def listener(database: PostgresConfig) -> Iterator[Connection]:
    with session(database) as connection:
        listen(connection)
        yield connection


def notified(listener: Connection) -> list[Notification]:
    # Whoever asks the server is given first what it has been notified of.
    listener.execute("SELECT")
    return received(listener, 0)


def kinds(listener: Connection) -> dict[str, frozenset[str] | None]:
    return merged(notified(listener))


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE price_series SET price_minor = 1", "series"),
        ("UPDATE price_points SET price_minor = 1", "series"),
        ("DELETE FROM price_points", "series"),
        ("DELETE FROM price_history WHERE asin = 'B000000001'", "series"),
        ("INSERT INTO price_statistics (series_id, reckoned_at) SELECT series_id, now()"
         " FROM price_series", "series"),
        ("UPDATE price_statistics SET lowest_minor = 1", "series"),
        ("DELETE FROM price_statistics", "series"),
        ("DELETE FROM price_series", "product"),
        ("UPDATE products SET title = 'Another'", "product"),
        ("DELETE FROM products", "product"),
        ("INSERT INTO product_kinds (asin, domain, kind, asked_at)"
         " SELECT asin, domain, 'e-book', now() FROM products", "product"),
    ],
)  # fmt: skip
def test_a_statement_in_psql_names_the_product(
    connection: Connection, listener: Connection, statement: str, kind: str
) -> None:
    store_current_price(connection, ASIN, at=AT, price=100)
    store_history(connection, ASIN, [(AT, 100)])
    connection.execute(
        "INSERT INTO products (asin, domain, source, described_at)"
        " VALUES ('B000000001', 'us', 'keepa', now())"
    )
    if "price_statistics" in statement and not statement.startswith("INSERT"):
        connection.execute(
            "INSERT INTO price_statistics (series_id, reckoned_at)"
            " SELECT series_id, now() FROM price_series"
        )
    notified(listener)

    with connection.transaction():
        connection.execute(statement)
        assert notified(listener) == []

    ids = kinds(listener)[kind] or ()
    products = products_of(connection, ids) if kind == "series" else list(ids)
    assert products == [f"us/{ASIN}"]


@pytest.mark.parametrize(
    "table", ["price_series", "price_points", "price_statistics", "products", "product_kinds"]
)
def test_emptying_a_table_and_points_that_no_loader_adds_name_everything(
    connection: Connection, listener: Connection, table: str
) -> None:
    connection.execute(f"TRUNCATE {table}")
    assert None in kinds(listener).values()

    store_history(connection, ASIN, [(AT, 100)])
    assert kinds(listener)["series"] is None


def test_a_statement_that_changes_nothing_notifies_nobody(
    connection: Connection, listener: Connection
) -> None:
    for table in ("price_series", "price_points", "price_statistics", "products", "price_alerts"):
        connection.execute(f"DELETE FROM {table} WHERE false")
    connection.execute("UPDATE watched_products SET status = 'PAUSED'")
    assert notified(listener) == []


def test_thousands_of_series_come_in_few_parts_and_more_of_them_as_everything(
    connection: Connection, listener: Connection
) -> None:
    add = (
        "INSERT INTO price_series (asin, domain, price_type, currency)"
        " SELECT to_char(n, 'FM0000000000'), 'us', 'NEW', 'USD'"
        " FROM generate_series(%s::int, %s::int) n"
    )
    connection.execute(add, (1, 5_000))
    parts = notified(listener)
    assert len(parts) <= 5
    assert len(merged(parts)["series"] or ()) == 5_000

    connection.execute(add, (5_001, 100_000))
    assert notified(listener) == [Notification("series", None)]


def test_loaders_name_each_product_of_which_they_store_anything(
    database: PostgresConfig, connection: Connection, listener: Connection
) -> None:
    dice = random.Random(7)
    asins = [f"B{number:09d}" for number in range(6)]
    with closing(PriceWriter(database)) as prices, closing(BackfillWriter(database)) as backfill:
        for _ in range(40):
            events = [
                price_event(
                    dice.choice((100, 200, None)),
                    hour=dice.randrange(12),
                    check=12 + dice.randrange(12),
                    asin=dice.choice(asins),
                )
                for _ in range(dice.randrange(1, 5))
            ]
            before = points(connection)
            dice.choice((prices, backfill)).store(events)
            changed = {one[0] for one in points(connection) ^ before}

            series = kinds(listener).get("series", frozenset())
            assert series is not None, "a loader named everything"
            assert {f"us/{asin}" for asin in changed} <= set(products_of(connection, series))


def points(connection: Connection) -> set[tuple[object, ...]]:
    rows = connection.execute(
        "SELECT asin, observed_at, price_minor, implausible, last_checked_at FROM price_history"
    )
    return {tuple(row.values()) for row in rows}


def test_what_is_somebodys_names_its_owner_and_a_check_is_no_change_of_a_watch(
    database: PostgresConfig, connection: Connection, listener: Connection
) -> None:
    save_watches(connection, "ann@example.org", [Watch(ASIN, "us", "NEW", 1000)])
    (row,) = connection.execute("SELECT user_id, watch_id FROM watched_products").fetchall()
    watch = f"{row['user_id']}:{row['watch_id']}"
    assert kinds(listener)["watch"] == frozenset({watch})

    with closing(PriceWriter(database)) as writer:
        writer.store([price_event(900)])
    found = kinds(listener)
    (alert,) = connection.execute("SELECT alert_id FROM price_alerts").fetchall()
    assert found["alert"] == frozenset({f"{row['user_id']}:{alert['alert_id']}"})
    assert "watch" not in found

    connection.execute("UPDATE watched_products SET target_minor = 800")
    assert kinds(listener) == {"watch": frozenset({watch})}
    connection.execute("DELETE FROM users WHERE user_id = %s", (row["user_id"],))
    assert kinds(listener) == {"watch": frozenset({watch}), "access": None}


def test_a_user_who_is_looked_up_again_has_no_other_access(
    connection: Connection, listener: Connection
) -> None:
    for target in (1000, 900):
        save_watches(connection, "ann@example.org", [Watch(ASIN, "us", "NEW", target)])
        assert "access" not in kinds(listener)


def test_without_the_triggers_there_are_no_heartbeats_either(database: PostgresConfig) -> None:
    with session(database) as connection:
        connection.execute("BEGIN")
        connection.execute("ALTER FUNCTION notify_changes(text, text[]) RENAME TO of_before")
        with pytest.raises(SchemaMissingError, match="keeper migrate"):
            send_heartbeat(connection, "one")
        connection.execute("ROLLBACK")


def test_that_a_token_was_used_changes_no_access_but_that_it_was_revoked_does(
    connection: Connection, listener: Connection
) -> None:
    connection.execute("INSERT INTO users (email) VALUES ('ann@example.org')")
    connection.execute(
        "INSERT INTO api_tokens (user_id, name, digest, scopes, created_at, expires_at)"
        " SELECT user_id, 'x', 'x', '{}', %(at)s, %(at)s FROM users WHERE NOT is_system",
        {"at": AT + timedelta(days=1)},
    )
    notified(listener)

    connection.execute("UPDATE api_tokens SET last_used_at = now()")
    assert notified(listener) == []
    connection.execute("UPDATE api_tokens SET revoked_at = now()")
    assert kinds(listener) == {"access": None}
    connection.execute("UPDATE users SET role = 'operator'")
    assert kinds(listener) == {"access": None}
