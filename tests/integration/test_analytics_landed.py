"""What analysts get of prices that began to include shipping, where the answers are known."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from keeper.domain.deals.deal import DealFilter, DealScore
from keeper.domain.deals.events import DealEvent
from keeper.domain.prices.landed import LANDED_SINCE
from keeper.domain.prices.types import PRICE_TYPES
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.deals.filters import active_filters, save_filter
from keeper.stores.postgres.deals.writer import DealWriter
from keeper.stores.postgres.prices.roll_ups import roll_up
from tests.deals import a_deal
from tests.stored_prices import store_current_price, store_history

ASIN = "B000000001"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
Ask = Callable[..., list[tuple[Any, ...]]]
# 34.99 until prices included shipping, 39.98 from that minute, 37.99 sixty days later.
CHANGED = LANDED_SINCE + 60 * DAY
LANDED_POINTS = [(LANDED_SINCE - 400 * DAY, 3499), (LANDED_SINCE, 3998), (CHANGED, 3799)]
SEEN = CHANGED + DAY
# 61 days: 60 at 39.98, one at 37.99.
AVERAGE_30, AVERAGE_90 = 3991, 3995


@pytest.fixture
def ask(connection: Connection) -> Ask:
    """Runs a query for a session of an analyst."""

    def run(query: str, *values: object) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in connection.execute(query, values)]

    return run


@pytest.fixture
def _landed(connection: Connection) -> None:
    store_history(connection, ASIN, LANDED_POINTS)
    store_current_price(connection, ASIN, at=CHANGED, price=3799)


def test_prices_are_comparable_as_the_domain_says(ask: Ask) -> None:
    moments = [LANDED_SINCE + offset for offset in (-HOUR, timedelta(0), 300 * DAY)]

    for price_type in PRICE_TYPES:
        found = ask(
            "SELECT analytics.comparable_since(%s, at) FROM unnest(%s::timestamptz[]) AS at",
            price_type.name,
            moments,
        )
        assert [since for (since,) in found] == list(map(price_type.comparable_since, moments))


@pytest.mark.usefixtures("_landed")
def test_figures_of_new_look_back_to_when_it_began_to_include_shipping(ask: Ask) -> None:
    of_it = "(%s, 'us', at => %s)"

    lowest = ask(f"SELECT * FROM analytics.lowest_prices{of_it}", ASIN, SEEN)
    assert lowest == [(days, 3799, CHANGED, 3799, True) for days in (7, 30, 90, 180, 365, None)]
    assert ask(f"SELECT * FROM analytics.price_percentile{of_it}", ASIN, SEEN) == [
        (3799, Decimal("0.8"), 61 * DAY)
    ]
    assert ask(f"SELECT * FROM analytics.price_drop{of_it}", ASIN, SEEN) == [
        (3799, AVERAGE_30, AVERAGE_90, Decimal("4.8"), Decimal("4.9"))
    ]
    ((changes, average, deviation, _, daily),) = ask(
        f"SELECT * FROM analytics.volatility{of_it}", ASIN, SEEN
    )
    assert (changes, average, deviation) == (2, AVERAGE_90, 25)
    assert daily < Decimal("0.01"), "the day it began to include shipping is no change of the price"
    weekdays = ask(
        f"SELECT weekday, average_minor FROM analytics.weekday_prices{of_it}", ASIN, SEEN
    )
    # It fell on the ninth Friday.
    assert weekdays == [(day, 3976 if day == 5 else 3998) for day in range(1, 8)]
    assert ask(f"SELECT known, share FROM analytics.out_of_stock{of_it}", ASIN, SEEN) == [
        (90 * DAY, 0)
    ]


@pytest.mark.usefixtures("_landed")
def test_other_price_types_look_back_past_it(connection: Connection, ask: Ask) -> None:
    connection.execute("UPDATE price_series SET price_type = 'AMAZON'")

    found = ask(
        "SELECT days, lowest_minor, is_lowest FROM analytics.lowest_prices(%s, 'us', 'AMAZON', %s)"
        " WHERE days >= 30 OR days IS NULL",
        ASIN,
        SEEN,
    )

    assert found[0] == (30, 3799, True)
    assert found[1:] == [(days, 3499, False) for days in (90, 180, 365, None)]


@pytest.mark.usefixtures("_landed")
def test_before_it_item_prices_are_compared(ask: Ask) -> None:
    found = ask(
        "SELECT lowest_minor, is_lowest FROM analytics.lowest_prices(%s, 'us', at => %s)",
        ASIN,
        LANDED_SINCE - HOUR,
    )

    assert found == [(3499, True)] * 6


def test_a_price_that_ended_soon_after_that_moment_does_not_count(
    connection: Connection, ask: Ask
) -> None:
    soon = LANDED_SINCE + 29 * DAY
    store_history(connection, ASIN, [(LANDED_SINCE - HOUR, 3499), (soon, 3799)])

    assert ask(
        "SELECT * FROM analytics.comparable_spans(%s, 'us', until => %s)", ASIN, soon + DAY
    ) == [(soon, soon + DAY, 3799)]
    # Also where the time asked for begins long after.
    spans = "SELECT * FROM analytics.comparable_spans(%s, 'us', 'NEW', %s, %s)"
    assert ask(spans, ASIN, soon - 9 * DAY, soon + DAY) == [(soon, soon + DAY, 3799)]
    assert ask(spans, ASIN, soon - 9 * DAY, soon) == []
    for name in ("lowest_prices", "price_drop", "price_percentile", "volatility", "weekday_prices"):
        assert ask(f"SELECT * FROM analytics.{name}(%s, 'us', at => %s)", ASIN, soon) == []


def test_a_price_that_went_on_for_a_month_counts_from_that_moment_on(
    connection: Connection, ask: Ask
) -> None:
    store_history(connection, ASIN, [(LANDED_SINCE - 400 * DAY, 3499), (CHANGED, 3799)])

    assert ask(
        "SELECT * FROM analytics.comparable_spans(%s, 'us', until => %s)", ASIN, CHANGED + DAY
    ) == [(LANDED_SINCE, CHANGED, 3499), (CHANGED, CHANGED + DAY, 3799)]
    connection.execute("UPDATE price_series SET due_from = '2011-01-01Z'")
    roll_up(connection, at=SEEN)
    assert ask("SELECT lowest_minor, lowest_at FROM price_statistics") == [(3499, LANDED_SINCE)]


@pytest.mark.usefixtures("_landed")
def test_drops_of_all_products_look_back_to_it(connection: Connection, ask: Ask) -> None:
    connection.execute("UPDATE price_series SET due_from = '2011-01-01Z'")
    roll_up(connection, at=SEEN)

    assert ask(
        "SELECT average_30_minor, average_90_minor, below_90_percent, lowest_minor, is_lowest"
        " FROM analytics.drops"
    ) == [(AVERAGE_30, AVERAGE_90, Decimal("4.9"), 3799, True)]


def test_deals_are_compared_with_prices_of_their_own_side(
    connection: Connection, database: PostgresConfig, ask: Ask
) -> None:
    save_filter(connection, "reader@example.org", DealFilter("kettles", "us", "NEW"))
    (found_by,) = active_filters(connection)
    deals = {ASIN: (LANDED_SINCE - DAY, 3499), "B000000002": (CHANGED, 3799)}
    with closing(DealWriter(database, follow=False)) as writer:
        writer.store(
            [
                DealEvent.of_deal(
                    a_deal(asin=asin, observed_at=at, price_minor=price),
                    found_by=found_by,
                    score=DealScore(60, ("cheap",), 4000, 20, 90),
                    checked_at=at + HOUR,
                    source="simulator",
                    run_id="run-1",
                )
                for asin, (at, price) in deals.items()
            ]
        )
    store_history(connection, ASIN, [(LANDED_SINCE - 50 * DAY, 3600), (LANDED_SINCE, 3998)])
    store_history(connection, "B000000002", LANDED_POINTS[:2])

    assert ask(
        "SELECT asin, lowest_before_minor, was_lowest, held_for, lowest_after_minor"
        " FROM analytics.deal_quality ORDER BY asin"
    ) == [
        (ASIN, 3600, True, None, None),
        ("B000000002", 3998, True, None, None),
    ]
