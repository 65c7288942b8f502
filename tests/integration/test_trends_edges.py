"""Where trends could go wrong: dropped points, made-up prices, labels and bases that come late."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import pytest

from keeper.domain.deals.deal import DealFilter
from keeper.domain.intervals import Interval
from keeper.domain.prices.events import PriceEvent
from keeper.domain.prices.listing import Labels
from keeper.domain.product_kinds import ProductKind
from keeper.pipeline.prices.product_kinds import record_kinds
from keeper.pipeline.trends.update import update_trends
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.deals.filters import active_filters, save_filter
from keeper.stores.postgres.deals.writer import DealWriter
from keeper.stores.postgres.prices.writer import BackfillWriter, PriceWriter
from keeper.stores.postgres.storage.retention import drop_old_points
from keeper.stores.postgres.watches.product_kinds import SeenKind
from tests.deals import a_deal, a_deal_event
from tests.price_events import START, price_event

DAY: Final = timedelta(days=1)
KITCHEN, TOYS = 284507, 165793011
FIRST, SECOND, THIRD = "B000000001", "B000000002", "B000000003"
Store = Callable[[Sequence[PriceEvent]], object]


@pytest.fixture
def store(database: PostgresConfig) -> Iterator[Store]:
    with closing(PriceWriter(database)) as writer:
        yield writer.store


@pytest.fixture
def store_older(database: PostgresConfig) -> Iterator[Store]:
    with closing(BackfillWriter(database)) as writer:
        yield writer.store


def rows(connection: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in connection.execute(query, values)]


def base_of(connection: Connection, at: datetime) -> int:
    found = rows(
        connection,
        "SELECT products FROM trend_bases WHERE day = %s AND scope = 'locale'",
        at.date(),
    )
    return int(found[0][0])


def label(connection: Connection, asin: str, at: datetime, category: int) -> None:
    kind = SeenKind(asin, "us", ProductKind.STANDARD, at, labels=Labels(category, "Acme"))
    record_kinds(connection, [kind])


def from_keepa(event: PriceEvent) -> PriceEvent:
    return msgspec.structs.replace(event, source="keepa", run_id="run-2")


def test_a_first_price_that_comes_late_counts_in_the_bases_of_all_days_from_it_on(
    connection: Connection, store: Store, store_older: Store
) -> None:
    at = START + 40 * DAY
    store([price_event(1000, hour=24 * day, asin=SECOND) for day in (0, 25, 35)])
    store([price_event(1000, hour=24 * 30)])
    update_trends(connection, at=at)
    assert base_of(connection, START + 25 * DAY) == 1

    # First that it was sold out, which is no price yet.
    store_older([price_event(None, hour=24 * 10)])
    update_trends(connection, at=at)
    assert base_of(connection, START + 25 * DAY) == 1
    store_older([price_event(900, hour=24 * 20)])
    update_trends(connection, at=at)
    assert base_of(connection, START + 25 * DAY) == 2


def test_a_late_change_keeps_its_product_in_the_bases_for_another_year(
    connection: Connection, store: Store, store_older: Store
) -> None:
    at = START + 390 * DAY
    store([price_event(1000)])
    store([price_event(1000 + day, hour=24 * day, asin=SECOND) for day in (0, 100, 370)])
    update_trends(connection, at=at)
    assert base_of(connection, START + 370 * DAY) == 1

    store_older([price_event(900, hour=24 * 100)])
    update_trends(connection, at=at)
    assert base_of(connection, START + 370 * DAY) == 2


def test_what_was_fetched_before_any_label_counts_by_the_first_one(
    connection: Connection, store: Store
) -> None:
    at = START + 40 * DAY
    store([price_event(1000), price_event(900, hour=30)])
    update_trends(connection, at=at)
    for since, category in ((START + 10 * DAY, KITCHEN), (START + 20 * DAY, TOYS)):
        label(connection, FIRST, since, category)
    update_trends(connection, at=at, interval=Interval(START, at))

    counted = (
        "SELECT root_category, t.products, b.products AS base FROM price_trends t"
        " JOIN trend_bases b USING (domain, price_type, scope, root_category, brand)"
        " WHERE (span, started_at, day, scope) = ('day', %s, %s, 'category')"
    )
    day = START + DAY
    assert rows(connection, counted, day, day.date()) == [(KITCHEN, 1, 1)]


def test_made_up_prices_count_only_while_nothing_has_come_from_keepa(
    connection: Connection, store: Store
) -> None:
    at = START + 100 * DAY
    made_up = [
        price_event(price, hour=24 * 99 - back, asin=asin)
        for asin in (FIRST, SECOND)
        for price, back in ((1000, 24 * 90), (300, 0))
    ]
    store(made_up)
    update_trends(connection, at=at)
    counted = "SELECT products, changes FROM price_trends WHERE (span, started_at) = ('day', %s)"
    assert rows(connection, counted, START + 99 * DAY) == [(2, 2)]

    real = [price_event(2000, hour=24 * 9), price_event(1900, hour=24 * 99)]
    store([from_keepa(msgspec.structs.replace(event, asin=THIRD)) for event in real])
    update_trends(connection, at=at)
    assert rows(connection, counted, START + 99 * DAY) == [(1, 1)]
    assert base_of(connection, START + 99 * DAY) == 1
    movers = "SELECT asin FROM analytics.movers(%s)"
    assert rows(connection, movers, (START + 99 * DAY).date()) == [(THIRD,)]


def test_a_deal_that_changes_its_category_leaves_the_former_one(
    connection: Connection, database: PostgresConfig
) -> None:
    save_filter(connection, "ann@example.org", DealFilter("kettles", "us", "NEW"))
    (found_by,) = active_filters(connection)
    at = a_deal().observed_at + 2 * DAY
    query = "SELECT root_category, deals FROM price_trends WHERE span = 'day' AND deals > 0"
    with closing(DealWriter(database)) as writer:
        for hours, category in enumerate((KITCHEN, TOYS)):
            event = a_deal_event(found_by, root_category=category)
            later = event.checked_at + timedelta(hours=hours)
            writer.store([msgspec.structs.replace(event, checked_at=later)])
            update_trends(connection, at=at)
            assert sorted(rows(connection, query)) == [(0, 1), (category, 1)]


def test_windows_of_dropped_points_stay_and_what_follows_them_is_counted_as_before(
    connection: Connection, store: Store, store_older: Store
) -> None:
    at = START + 60 * DAY
    store([price_event(1000 - day, hour=24 * day + 3) for day in (0, 20, 40, 50)])
    store([price_event(500, hour=24 * 2, asin=SECOND)])
    update_trends(connection, at=at)
    query = "SELECT * FROM price_trends ORDER BY span, started_at"
    bases = "SELECT * FROM trend_bases ORDER BY day"
    before = rows(connection, query), rows(connection, bases)

    dropped = drop_old_points(connection, START + 35 * DAY, apply=True)
    assert dropped[-1].name == "price_points_2026_03"
    done = update_trends(connection, at=at, interval=Interval(START, at))
    assert (rows(connection, query), rows(connection, bases)) == before
    assert done.rows == 0

    # A product with a whole history comes; of what was dropped no day is counted again.
    store_older([price_event(700, hour=24 * day, asin=THIRD) for day in (33, 45)])
    update_trends(connection, at=at)
    march = "SELECT * FROM price_trends WHERE started_at < '2026-03-31Z' ORDER BY span, started_at"
    assert rows(connection, march) == [row for row in before[0] if row[1] < START + 30 * DAY]
    assert base_of(connection, START + 40 * DAY) == 3
