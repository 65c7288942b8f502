"""Storing price events in a real PostgreSQL."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from keeper.domain.watches.watch import Watch, WatchStatus
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.prices.writer import LoadResult, PriceWriter
from keeper.stores.postgres.runs.runs import start_run
from keeper.stores.postgres.watches.watch_list import save_watches, set_status
from tests.price_events import START, price_event

USER = "reader@example.org"
WATCH = Watch("B000000001", "us", "NEW", 1000)


@pytest.fixture
def writer(database: PostgresConfig) -> Iterator[PriceWriter]:
    writer = PriceWriter(database)
    yield writer
    writer.close()


def prices(connection: Connection) -> list[tuple[object, ...]]:
    rows = connection.execute(
        "SELECT observed_at, price_minor FROM price_history ORDER BY asin, observed_at"
    )
    return [(row["observed_at"].hour, row["price_minor"]) for row in rows]


def everything(connection: Connection) -> list[list[dict[str, object]]]:
    """Return all that loading writes, without the columns that say when a row was written."""
    queries = (
        "SELECT * FROM price_history ORDER BY asin, domain, price_type, observed_at",
        "SELECT * FROM current_prices ORDER BY asin, domain, price_type",
        "SELECT asin, observed_at, former_price_minor, price_minor, checked_at"
        " FROM price_corrections ORDER BY asin, observed_at, checked_at",
        # What the position says matters only while a price awaits its confirmation.
        "SELECT watch_id, armed, alerted_price_minor, awaiting_price_minor,"
        " CASE WHEN awaiting_price_minor IS NOT NULL THEN (checked_at, observed_at) END AS position"
        " FROM alert_states ORDER BY watch_id",
        "SELECT watch_id, price_minor, observed_at, checked_at, reason FROM price_alerts"
        " ORDER BY watch_id, checked_at",
        "SELECT watch_id, last_checked_at FROM watched_products ORDER BY watch_id",
        "SELECT asin, domain, title FROM products ORDER BY asin, domain",
    )
    return [connection.execute(query).fetchall() for query in queries]


def test_a_price_lands_in_history_and_current_prices(
    writer: PriceWriter, connection: Connection
) -> None:
    result = writer.store([price_event(1999, shipping=None)])

    assert result == LoadResult(points=1, alerts=0)
    (current,) = connection.execute("SELECT * FROM current_prices").fetchall()
    assert (current["price_minor"], current["currency"], current["source"]) == (
        1999,
        "USD",
        "simulator",
    )
    assert prices(connection) == [(0, 1999)]


def test_an_unchanged_price_only_moves_last_checked_at(
    writer: PriceWriter, connection: Connection
) -> None:
    writer.store([price_event(1999, run_id="first")])
    result = writer.store([price_event(1999, check=6, run_id="second")])

    assert result == LoadResult(points=0, alerts=0)
    (row,) = connection.execute("SELECT * FROM price_history").fetchall()
    assert row["run_id"] == "first"
    assert row["checked_at"] == datetime(2026, 3, 1, 0, 30, tzinfo=UTC)
    assert row["last_checked_at"] == datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


def test_no_offer_is_stored_as_null_and_becomes_current(
    writer: PriceWriter, connection: Connection
) -> None:
    writer.store([price_event(1999), price_event(None, hour=3)])

    assert prices(connection) == [(0, 1999), (3, None)]
    (current,) = connection.execute("SELECT price_minor FROM current_prices").fetchall()
    assert current["price_minor"] is None


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "two batches"])
def test_a_correction_wins_and_the_former_value_is_kept(
    writer: PriceWriter, connection: Connection, together: bool
) -> None:
    first, second = price_event(1999), price_event(1899, check=6)
    for batch in [[first, second]] if together else [[first], [second]]:
        writer.store(batch)

    assert prices(connection) == [(0, 1899)]
    (kept,) = connection.execute("SELECT * FROM price_corrections").fetchall()
    assert (kept["former_price_minor"], kept["price_minor"]) == (1999, 1899)


def test_an_older_check_never_corrects_a_later_one(
    writer: PriceWriter, connection: Connection
) -> None:
    writer.store([price_event(1999, check=1), price_event(1999, check=12)])
    writer.store([price_event(1899, check=6)])

    assert prices(connection) == [(0, 1999)]
    assert connection.execute("SELECT * FROM price_corrections").fetchall() == []


def test_the_base_rule_alerts_every_user_once_and_again_on_a_further_drop(
    writer: PriceWriter, connection: Connection
) -> None:
    save_watches(connection, USER, [WATCH])
    save_watches(connection, "second@example.org", [WATCH])

    assert writer.store([price_event(1010)]).alerts == 2
    assert writer.store([price_event(1010, check=6)]).alerts == 0
    assert writer.store([price_event(990, hour=7, check=12)]).alerts == 0
    assert writer.store([price_event(950, hour=13, check=18)]).alerts == 2
    assert writer.store([price_event(1200, hour=19, check=24)]).alerts == 0
    assert writer.store([price_event(1000, hour=25, check=30)]).alerts == 2
    counts = connection.execute(
        "SELECT email, count(*) AS alerts FROM price_alerts JOIN users USING (user_id)"
        " GROUP BY email ORDER BY email"
    ).fetchall()
    assert counts == [
        {"email": USER, "alerts": 3},
        {"email": "second@example.org", "alerts": 3},
    ]


def test_a_dip_between_two_checks_alerts_too(writer: PriceWriter, connection: Connection) -> None:
    save_watches(connection, USER, [WATCH])
    writer.store([price_event(1500)])

    result = writer.store([price_event(900, hour=2, check=6), price_event(1500, hour=4, check=6)])

    assert result.alerts == 1


def test_an_implausible_price_alerts_only_when_the_next_check_confirms_it(
    writer: PriceWriter, connection: Connection
) -> None:
    save_watches(connection, USER, [WATCH])

    assert writer.store([price_event(99, implausible=True)]).alerts == 0
    assert writer.store([price_event(99, implausible=True)]).alerts == 0
    assert writer.store([price_event(99, check=6, implausible=True)]).alerts == 1


@pytest.mark.parametrize("status", [WatchStatus.PAUSED, WatchStatus.INACTIVE])
def test_a_watch_that_is_not_active_never_alerts(
    writer: PriceWriter, connection: Connection, status: WatchStatus
) -> None:
    save_watches(connection, USER, [WATCH])
    assert len(set_status(connection, USER, WATCH.asin, status)) == 1

    assert writer.store([price_event(900)]).alerts == 0


def test_a_changed_target_is_evaluated_afresh(writer: PriceWriter, connection: Connection) -> None:
    save_watches(connection, USER, [WATCH])
    assert writer.store([price_event(900)]).alerts == 1
    save_watches(connection, USER, [Watch("B000000001", "us", "NEW", 950)])

    assert writer.store([price_event(900, check=6)]).alerts == 1
    save_watches(connection, USER, [Watch("B000000001", "us", "NEW", 950)])
    assert writer.store([price_event(900, check=12)]).alerts == 0


@pytest.mark.parametrize("previous", [None, 0, -500], ids=["none", "zero", "below zero"])
def test_an_alert_does_not_depend_on_the_price_before(
    writer: PriceWriter, connection: Connection, previous: int | None
) -> None:
    save_watches(connection, USER, [WATCH])

    assert writer.store([price_event(900, previous=previous)]).alerts == 1


def test_counts_are_added_to_the_run_that_brought_the_points(
    writer: PriceWriter, connection: Connection
) -> None:
    start_run(
        connection,
        run_id="run-1",
        dag_id="track_prices",
        source="simulator",
        started_at=START,
        products_planned=1,
    )
    save_watches(connection, USER, [WATCH])
    batch = [price_event(1999), price_event(900, hour=1)]
    writer.store(batch)
    writer.store(batch)

    (run,) = connection.execute("SELECT * FROM pipeline_runs").fetchall()
    assert (run["points_stored"], run["alerts_raised"]) == (2, 1)


@pytest.mark.parametrize("seed", range(5))
def test_replay_in_other_batches_changes_nothing(
    writer: PriceWriter, connection: Connection, seed: int
) -> None:
    chance = random.Random(seed)
    asins = [f"B00000000{number}" for number in range(4)]
    save_watches(connection, USER, [Watch(asin, "us", "NEW", 1000) for asin in asins])
    events = []
    for check in range(0, 60, 6):
        for asin in asins:
            price = chance.choice([None, 900, 940, 999, 1010, 1025, 1040, 1500])
            hour = check - chance.choice([0, 0, 1, 7])
            events.append(price_event(price, hour=max(hour, 0), check=check, asin=asin))

    def load(size: int) -> None:
        for start in range(0, len(events), size):
            writer.store(events[start : start + size])

    load(1)
    before = everything(connection)
    for size in (3, 11, len(events)):
        load(size)
        assert everything(connection) == before, "a replay changed something"

    for size in (3, 11, len(events)):
        connection.execute(
            "TRUNCATE products, price_points, price_corrections, price_series, alert_states,"
            " price_alerts CASCADE"
        )
        connection.execute("UPDATE watched_products SET last_checked_at = NULL")
        load(size)
        assert everything(connection) == before, f"batches of {size} gave something else"
