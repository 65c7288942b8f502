"""What the loader finds in PostgreSQL that it has not put there, and what PostgreSQL refuses."""

from collections.abc import Iterator

import psycopg
import pytest
from msgspec.structs import replace

from keeper.domain.watches.watch import Watch
from keeper.errors import EventsRefusedError
from keeper.metrics import WorkerMetrics
from keeper.stores.postgres.connection import (
    Connection,
    DatabaseUnavailableError,
    PostgresConfig,
    session,
    translated_errors,
)
from keeper.stores.postgres.prices.writer import BackfillWriter, PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.price_events import price_event
from tests.stored_prices import store_history


@pytest.fixture
def writer(database: PostgresConfig) -> Iterator[PriceWriter]:
    writer = PriceWriter(database)
    yield writer
    writer.close()


def prices(connection: Connection) -> list[int | None]:
    rows = connection.execute("SELECT price_minor FROM price_history ORDER BY asin, observed_at")
    return [row["price_minor"] for row in rows]


def test_points_somebody_else_has_stored_are_compared_like_all_others(
    writer: PriceWriter, connection: Connection
) -> None:
    events = [price_event(100 + hour, hour=hour) for hour in range(3)]
    # As a restore or a hand-written INSERT leaves them: the series knows nothing of it.
    store_history(connection, events[1].asin, [(events[1].timestamp, 101)])

    assert writer.store(events).points == 2
    assert prices(connection) == [100, 101, 102]
    assert writer.store(events).points == 0


def test_a_migration_under_a_prepared_statement_is_passing_trouble(
    connection: Connection, database: PostgresConfig
) -> None:
    connection.execute("CREATE TABLE migrated (a integer)")
    try:
        with session(database) as other:
            other.execute("SELECT * FROM migrated", prepare=True)
            connection.execute("ALTER TABLE migrated ADD COLUMN b integer")
            with pytest.raises(DatabaseUnavailableError, match="cached plan"), translated_errors():
                other.execute("SELECT * FROM migrated", prepare=True)
            # What PostgreSQL really does not support stays a defect.
            with pytest.raises(psycopg.errors.FeatureNotSupported), translated_errors():
                other.execute("SELECT count(*) FROM migrated FOR UPDATE")
    finally:
        connection.execute("DROP TABLE migrated")


def test_an_event_postgres_refuses_is_named_and_its_neighbours_are_stored(
    writer: PriceWriter, connection: Connection
) -> None:
    save_watches(connection, "reader@example.org", [Watch("B000000001", "us", "NEW", 200)])
    connection.execute("ALTER TABLE price_points ADD CHECK (price_minor NOT IN (102, 105))")
    events = [price_event(100 + hour, hour=hour) for hour in range(7)]

    with pytest.raises(EventsRefusedError) as refused:
        writer.store(events)

    assert refused.value.reasons.keys() == {2, 5}
    assert all("violates check constraint" in reason for reason in refused.value.reasons.values())
    assert prices(connection) == [100, 101, 103, 104, 106]
    (alerts,) = connection.execute("SELECT count(*) AS n FROM price_alerts").fetchall()
    assert alerts["n"] == 1


def test_a_single_event_postgres_refuses_leaves_the_writer_fit_for_the_next(
    writer: PriceWriter, connection: Connection
) -> None:
    connection.execute("ALTER TABLE price_points ADD CHECK (price_minor <> 102)")

    with pytest.raises(EventsRefusedError):
        writer.store([price_event(102)])

    assert writer.store([price_event(103, hour=1)]).points == 1


def test_deleted_points_come_back_when_their_messages_are_read_again(
    writer: PriceWriter, connection: Connection
) -> None:
    events = [price_event(100 + hour, hour=hour) for hour in range(4)]
    writer.store(events)
    deleted = connection.execute(
        "DELETE FROM price_history WHERE asin = 'B000000001' AND price_minor > 101"
    )
    assert deleted.rowcount == 2
    assert prices(connection) == [100, 101]

    assert writer.store(events).points == 2

    assert prices(connection) == [100, 101, 102, 103]


def test_points_of_months_that_have_no_partition_yet_are_stored(
    writer: PriceWriter, connection: Connection
) -> None:
    years = 24 * 366
    events = [price_event(100, hour=3 * years), price_event(101, hour=3 * years + 24 * 40)]

    assert writer.store(events).points == 2
    assert prices(connection) == [100, 101]


def test_a_description_is_never_overruled_by_an_earlier_check_or_by_older_prices(
    writer: PriceWriter, database: PostgresConfig, connection: Connection
) -> None:
    def title() -> str | None:
        (row,) = connection.execute("SELECT title FROM products").fetchall()
        return None if row["title"] is None else str(row["title"])

    writer.store([price_event(100, hour=6, title="Newer")])
    writer.store([price_event(100, hour=0, title="Older")])
    writer.store([price_event(100, hour=1, title="Older", price_type="AMAZON")])
    assert title() == "Newer"

    older = BackfillWriter(database)
    older.store([price_event(90, hour=3, check=12, title="From the past")])
    older.close()
    assert title() == "Newer"

    writer.store([price_event(100, hour=12, title=None)])
    assert title() == "Newer"
    writer.store([price_event(100, hour=18, title="Newest")])
    assert title() == "Newest"


def test_a_check_that_says_the_title_or_the_picture_alone_leaves_the_other(
    writer: PriceWriter, connection: Connection
) -> None:
    def known() -> list[dict[str, object]]:
        return connection.execute("SELECT title, image_url FROM products").fetchall()

    first, other = "https://example.org/1.jpg", "https://example.org/2.jpg"
    writer.store([replace(price_event(100), image_url=first)])

    writer.store([replace(price_event(100, hour=6, title=None), image_url=other)])
    assert known() == [{"title": "A kettle", "image_url": other}]
    writer.store([price_event(100, hour=12, title="Newer")])
    assert known() == [{"title": "Newer", "image_url": other}]


def test_older_prices_of_a_product_nobody_knows_name_it(
    database: PostgresConfig, connection: Connection
) -> None:
    older = BackfillWriter(database)
    older.store([price_event(90, title="From the past")])
    older.close()

    (product,) = connection.execute("SELECT title FROM products").fetchall()
    assert product["title"] == "From the past"
    assert connection.execute("SELECT 1 FROM current_prices").fetchall() == []


def test_the_time_of_each_stage_is_counted(database: PostgresConfig) -> None:
    metrics = WorkerMetrics()
    writer = PriceWriter(database, metrics=metrics)
    writer.store([price_event(100)])
    writer.close()

    assert {"group", "lock", "sort", "copy", "alerts", "move"} <= metrics.seconds.keys()
    assert all(spent >= 0 for spent in metrics.snapshot()["seconds"].values())
