"""Deals in PostgreSQL: once each, their prices as price points, their products as quiet watches."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from keeper.domain.deals.deal import DealFilter, DealScore
from keeper.domain.deals.events import DealEvent
from keeper.domain.watches.watch import Watch, WatchStatus
from keeper.pipeline.runs.consumers import deal_consumer
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.deals.filters import active_filters, save_filter
from keeper.stores.postgres.deals.writer import DealLoadResult, DealWriter
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.watch_list import products_to_check, save_watches, set_status
from keeper.streams.codec import encode_deal_event
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from tests.deals import CHECKED_AT, SCORE, a_deal
from tests.price_events import START, price_event

USER = "reader@example.org"
HOUR = timedelta(hours=1)
TABLES = "collected_deals, price_points, price_series, price_alerts, products"


@pytest.fixture
def found_by(connection: Connection) -> DealFilter:
    save_filter(connection, USER, DealFilter("kettles", "us", "NEW"))
    (saved,) = active_filters(connection)
    return saved


@pytest.fixture
def writer(database: PostgresConfig) -> Iterator[DealWriter]:
    with closing(DealWriter(database)) as writer:
        yield writer


def deal_event(
    found_by: DealFilter, *, hours: int = 0, score: int = 63, run: str = "run-1", **changes: Any
) -> DealEvent:
    """Return a deal as seen `hours` after its first check."""
    evaluated = DealScore(score, SCORE.reasons, SCORE.original_minor, SCORE.discount_percent, 800)
    return DealEvent.of_deal(
        a_deal(**changes),
        found_by=found_by,
        score=evaluated,
        checked_at=CHECKED_AT + hours * HOUR,
        source="simulator",
        run_id=run,
    )


def content(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Everything deals may change, without surrogate keys and clocks."""
    return {
        "deals": connection.execute("SELECT * FROM collected_deals ORDER BY event_id").fetchall(),
        "points": connection.execute(
            "SELECT asin, price_type, observed_at, price_minor, last_checked_at"
            " FROM price_history ORDER BY asin, price_type, observed_at"
        ).fetchall(),
        "current": connection.execute(
            "SELECT asin, price_minor, last_checked_at FROM current_prices ORDER BY asin"
        ).fetchall(),
        "alerts": connection.execute(
            "SELECT watch_id, price_minor, observed_at, checked_at, reason FROM price_alerts"
        ).fetchall(),
        "corrections": connection.execute("SELECT asin FROM price_corrections").fetchall(),
    }


def test_a_deal_is_stored_with_its_reasons_price_and_product(
    connection: Connection, writer: DealWriter, found_by: DealFilter
) -> None:
    assert writer.store([deal_event(found_by)]) == DealLoadResult(deals=1, points=1, alerts=0)

    stored = content(connection)
    (deal,) = stored["deals"]
    assert (deal["score"], deal["reasons"], deal["original_minor"]) == (63, ["It is cheap."], 3000)
    assert deal["discount_percent"] == 33
    assert deal["first_seen_at"] == deal["last_seen_at"] == CHECKED_AT
    (point,) = stored["points"]
    assert (point["price_minor"], point["observed_at"]) == (2000, CHECKED_AT - 3 * HOUR)
    assert stored["current"][0]["price_minor"] == 2000
    product = connection.execute("SELECT title FROM products").fetchone()
    assert product == {"title": "A kettle"}


def test_the_same_deal_seen_again_is_the_same_row_with_the_latest_score(
    connection: Connection, writer: DealWriter, found_by: DealFilter
) -> None:
    writer.store([deal_event(found_by)])
    again = writer.store([deal_event(found_by, hours=6, score=40, run="run-2")])

    (deal,) = content(connection)["deals"]
    assert again.deals == 0
    assert (deal["score"], deal["first_run_id"], deal["last_run_id"]) == (40, "run-1", "run-2")
    assert deal["last_seen_at"] - deal["first_seen_at"] == 6 * HOUR


def test_a_check_that_is_loaded_after_a_later_one_changes_no_score(
    connection: Connection, writer: DealWriter, found_by: DealFilter
) -> None:
    writer.store([deal_event(found_by, hours=6, score=40, run="run-2")])
    writer.store([deal_event(found_by)])

    (deal,) = content(connection)["deals"]
    assert (deal["score"], deal["first_run_id"], deal["last_run_id"]) == (40, "run-1", "run-2")
    assert deal["last_seen_at"] == CHECKED_AT + 6 * HOUR


@pytest.mark.parametrize("table", ["collected_deals", "products"])
def test_a_check_that_says_the_title_or_the_picture_alone_leaves_the_other(
    connection: Connection, writer: DealWriter, found_by: DealFilter, table: str
) -> None:
    def known() -> list[dict[str, object]]:
        return connection.execute(f"SELECT title, image_url FROM {table}").fetchall()

    first, other = "https://example.org/1.jpg", "https://example.org/2.jpg"
    writer.store([deal_event(found_by, image_url=first)])

    writer.store([deal_event(found_by, hours=6, title=None, image_url=other)])
    assert known() == [{"title": "A kettle", "image_url": other}]
    writer.store([deal_event(found_by, hours=12, title="Newer", image_url=None)])
    assert known() == [{"title": "Newer", "image_url": other}]


def test_order_batches_and_replays_make_no_difference(
    connection: Connection, writer: DealWriter, found_by: DealFilter
) -> None:
    events = [
        deal_event(found_by),
        deal_event(found_by, hours=6, score=40, run="run-2"),
        deal_event(
            found_by,
            hours=12,
            run="run-3",
            price_minor=1900,
            previous_minor=2000,
            observed_at=CHECKED_AT + 9 * HOUR,
        ),
    ]
    results = []
    for order in permutations(events):
        connection.execute(f"TRUNCATE {TABLES} CASCADE")
        for event in order:
            writer.store([event])
        writer.store(order)
        results.append(content(connection))

    assert len(results[0]["deals"]) == len(results[0]["points"]) == 2
    for result in results[1:]:
        assert result == results[0]


def test_two_filters_that_find_a_deal_have_a_row_each_and_one_price(
    connection: Connection, writer: DealWriter, found_by: DealFilter
) -> None:
    save_filter(connection, USER, DealFilter("all kettles", "us", "NEW"))
    other = next(saved for saved in active_filters(connection) if saved != found_by)

    assert writer.store([deal_event(found_by), deal_event(other)]) == DealLoadResult(2, 1, 0)


def test_a_deal_whose_filter_is_gone_costs_only_itself(
    connection: Connection, writer: DealWriter, found_by: DealFilter
) -> None:
    gone = DealFilter("gone", "us", "NEW", filter_id=999_999)

    stored = writer.store([deal_event(gone), deal_event(found_by, asin="B000000002")])

    assert stored.deals == 1
    assert [deal["asin"] for deal in content(connection)["deals"]] == ["B000000002"]


@pytest.mark.parametrize("deal_first", [True, False], ids=["deal first", "price first"])
def test_a_watcher_learns_of_a_price_once_from_whichever_says_it_first(
    connection: Connection, database: PostgresConfig, found_by: DealFilter, deal_first: bool
) -> None:
    save_watches(connection, USER, [Watch("B000000001", "us", "NEW", 2100)])
    deal = deal_event(found_by, observed_at=START)
    price = price_event(2000, check=11 if not deal_first else 13)

    with closing(DealWriter(database)) as deals, closing(PriceWriter(database)) as prices:
        if deal_first:
            assert (deals.store([deal]).alerts, prices.store([price]).alerts) == (1, 0)
        else:
            assert (prices.store([price]).alerts, deals.store([deal]).alerts) == (1, 0)

    stored = content(connection)
    assert len(stored["points"]) == len(stored["alerts"]) == 1
    assert stored["corrections"] == []


def test_a_series_with_shipping_is_left_to_the_price_checks(
    connection: Connection, writer: DealWriter, found_by: DealFilter
) -> None:
    stored = writer.store([deal_event(found_by, price_type="BUY_BOX_SHIPPING")])

    assert stored == DealLoadResult(deals=1, points=0, alerts=0)
    assert content(connection)["points"] == []


def test_a_price_far_below_what_it_was_waits_for_a_second_look(
    connection: Connection, writer: DealWriter, found_by: DealFilter
) -> None:
    save_watches(connection, USER, [Watch("B000000001", "us", "NEW", 2100)])

    assert writer.store([deal_event(found_by, price_minor=20)]).alerts == 0
    row = connection.execute("SELECT implausible FROM current_prices").fetchone()
    assert row == {"implausible": True}


def test_products_are_followed_only_if_asked_for_and_never_woken(
    connection: Connection, database: PostgresConfig, found_by: DealFilter
) -> None:
    def statuses() -> list[tuple[object, ...]]:
        rows = connection.execute(
            "SELECT asin, status, priority, target_minor FROM watched_products"
            " JOIN users USING (user_id) WHERE is_system ORDER BY asin"
        )
        return [tuple(row.values()) for row in rows]

    with closing(DealWriter(database)) as writer:
        writer.store([deal_event(found_by)])
    assert statuses() == [("B000000001", "PAUSED", -1, None)]

    set_status(connection, "system@keeper.invalid", "B000000001", WatchStatus.INACTIVE)
    with closing(DealWriter(database, follow=True)) as writer:
        writer.store([deal_event(found_by), deal_event(found_by, asin="B000000002")])
    assert statuses() == [
        ("B000000001", "INACTIVE", -1, None),
        ("B000000002", "ACTIVE", -1, None),
    ]


def test_a_price_type_that_is_dear_to_check_is_followed_in_new(
    connection: Connection, database: PostgresConfig
) -> None:
    save_filter(connection, USER, DealFilter("returns", "us", "WAREHOUSE"))
    (found_by,) = active_filters(connection)
    with closing(DealWriter(database, follow=True)) as writer:
        writer.store([deal_event(found_by)])

    rows = connection.execute("SELECT asin, price_type FROM watched_products").fetchall()
    assert rows == [{"asin": "B000000001", "price_type": "NEW"}]


def test_the_run_counts_what_it_found(
    connection: Connection, writer: DealWriter, found_by: DealFilter
) -> None:
    connection.execute(
        "INSERT INTO pipeline_runs (run_id, dag_id, source, state, started_at)"
        " VALUES ('run-1', 'collect_deals', 'simulator', 'RUNNING', now())"
    )
    for _ in range(2):
        writer.store([deal_event(found_by), deal_event(found_by, asin="B000000002")])

    row = connection.execute("SELECT deals_stored, points_stored FROM pipeline_runs").fetchone()
    assert row == {"deals_stored": 2, "points_stored": 2}


def test_messages_that_are_no_deals_go_to_the_dead_letters_and_the_others_are_stored(
    connection: Connection,
    writer: DealWriter,
    found_by: DealFilter,
    kafka: KafkaConfig,
    topic: str,
) -> None:
    good = encode_deal_event(deal_event(found_by))
    with EventProducer(kafka) as producer:
        producer.send_all(topic, [(b"B000000001", value) for value in (b"{", good, b"[]")])

    def consume() -> int:
        group = f"test-{uuid.uuid4().hex}"
        consumer = deal_consumer(kafka, writer, group=group, topic=topic, on_cycle=lambda: None)
        return consumer.run(until_idle=True)

    assert consume() == 3
    before = content(connection)
    assert consume() == 3
    assert content(connection) == before
    assert len(before["deals"]) == 1


def test_a_deal_does_not_hide_changes_before_it_from_the_next_price_check(
    connection: Connection, database: PostgresConfig, found_by: DealFilter
) -> None:
    save_watches(connection, USER, [Watch("B000000001", "us", "NEW", None)])
    with closing(PriceWriter(database)) as prices:
        prices.store([price_event(2500, run_id="track_prices/1")])
    with closing(DealWriter(database)) as deals:
        deals.store([deal_event(found_by, run="collect_deals/1")])
    current = connection.execute("SELECT price_minor, run_id FROM current_prices").fetchone()
    assert current == {"price_minor": 2000, "run_id": "collect_deals/1"}

    (product,) = products_to_check(connection)

    assert product.stored_until == {"NEW": START}
