"""The views and functions for analysts, on data whose answers are known."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from keeper.domain.deals.deal import DealFilter, DealScore
from keeper.domain.deals.events import DealEvent
from keeper.stores.postgres.analytics.views import analyses
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.deals.filters import active_filters, save_filter
from keeper.stores.postgres.deals.writer import DealWriter
from keeper.stores.postgres.migrations import migrate
from keeper.stores.postgres.prices.roll_ups import roll_up
from tests.deals import a_deal
from tests.stored_prices import store_current_price, store_history

ASIN = "B000000001"
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
Ask = Callable[..., list[tuple[Any, ...]]]

# Ten days at 10.00, five without an offer, five at 8.00, then 9.00.
POINTS = [
    (MONDAY, 1000),
    (MONDAY + 10 * DAY, None),
    (MONDAY + 15 * DAY, 800),
    (MONDAY + 20 * DAY, 900),
]
NOW = MONDAY + 30 * DAY


@pytest.fixture
def ask(connection: Connection) -> Ask:
    """Runs a query for a session of an analyst, whose time zone is not UTC."""
    connection.execute("SET timezone = 'America/New_York'")

    def run(query: str, *values: object) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in connection.execute(query, values)]

    return run


@pytest.fixture
def _kettle(connection: Connection) -> None:
    store_history(connection, ASIN, POINTS)
    store_current_price(connection, ASIN, at=POINTS[-1][0], price=900)


@pytest.mark.usefixtures("_kettle")
def test_spans_say_what_it_cost_from_when_to_when(ask: Ask) -> None:
    spans = ask(
        "SELECT * FROM analytics.price_spans(%s, 'us', since => %s, until => %s)",
        ASIN,
        MONDAY + 5 * DAY,
        NOW,
    )

    starts = [MONDAY + days * DAY for days in (5, 10, 15, 20)]
    assert spans == list(zip(starts, [*starts[1:], NOW], (1000, None, 800, 900), strict=True))


def test_an_implausible_price_counts_as_not_seen(connection: Connection, ask: Ask) -> None:
    store_history(connection, ASIN, [(MONDAY, 1000), (MONDAY + DAY, 1), (MONDAY + 2 * DAY, 900)])
    connection.execute("UPDATE price_points SET implausible = true WHERE price_minor = 1")

    spans = ask(
        "SELECT ended_at, landed_minor FROM analytics.price_spans(%s, 'us', until => %s)",
        ASIN,
        NOW,
    )

    assert spans == [(MONDAY + 2 * DAY, 1000), (NOW, 900)]


def test_days_carry_the_price_and_average_by_time(connection: Connection, ask: Ask) -> None:
    store_history(
        connection,
        ASIN,
        [
            (MONDAY + 12 * HOUR, 1000),
            (MONDAY + 2 * DAY + 6 * HOUR, 700),
            (MONDAY + 2 * DAY + 18 * HOUR, None),
        ],
    )

    days = ask(
        "SELECT * FROM analytics.daily_prices(%s, 'us', 'NEW', %s, %s)",
        ASIN,
        MONDAY.date() - DAY,
        MONDAY.date() + 3 * DAY,
    )

    # A quarter of the third day at 10.00, half of it at 7.00, then nothing.
    assert days == [
        (MONDAY.date(), 1000, 1000, 1000, 1000, 1000, 1, 1),
        (MONDAY.date() + DAY, 1000, 1000, 1000, 1000, 1000, 1, 0),
        (MONDAY.date() + 2 * DAY, 1000, 1000, 700, None, 800, Decimal("0.75"), 2),
        (MONDAY.date() + 3 * DAY, None, None, None, None, None, 0, 0),
    ]


@pytest.mark.usefixtures("_kettle")
def test_the_lowest_price_of_each_time_is_said(ask: Ask) -> None:
    found = ask("SELECT * FROM analytics.lowest_prices(%s, 'us', at => %s)", ASIN, NOW)

    assert found == [
        (7, 900, NOW - 7 * DAY, 900, True),
        *((days, 800, MONDAY + 15 * DAY, 900, False) for days in (30, 90, 180, 365, None)),
    ]


@pytest.mark.usefixtures("_kettle")
def test_the_percentile_is_weighted_by_time(ask: Ask) -> None:
    # 25 days with an offer: 5 cheaper, 10 the same, 10 dearer.
    found = ask("SELECT * FROM analytics.price_percentile(%s, 'us', at => %s)", ASIN, NOW)

    assert found == [(900, Decimal("40.0"), timedelta(days=25))]


@pytest.mark.usefixtures("_kettle")
def test_time_without_an_offer_is_said(ask: Ask) -> None:
    found = ask("SELECT * FROM analytics.out_of_stock(%s, 'us', days => 20, at => %s)", ASIN, NOW)

    assert found == [(20 * DAY, 5 * DAY, Decimal("0.25"), 1, 5 * DAY)]


@pytest.mark.usefixtures("_kettle")
def test_volatility_is_the_deviation_weighted_by_time(ask: Ask) -> None:
    found = ask("SELECT * FROM analytics.volatility(%s, 'us', days => 40, at => %s)", ASIN, NOW)

    # Mean of 10 days at 1000, 5 at 800, 10 at 900: 920; variance (64000 + 72000 + 4000) / 25.
    ((changes, average, deviation, variation, daily),) = found
    assert (changes, average, deviation) == (4, 920, 75)
    assert variation == Decimal("0.0813")
    assert 0 < daily < Decimal("0.1")


def test_a_product_cheaper_on_mondays_is_seen(connection: Connection, ask: Ask) -> None:
    points = [
        (MONDAY + week * 7 * DAY + day * DAY, 700 if day == 0 else 1000)
        for week in range(4)
        for day in (0, 1)
    ]
    store_history(connection, ASIN, points)

    found = ask(
        "SELECT weekday, average_minor, of_average FROM analytics.weekday_prices"
        "(%s, 'us', days => 28, at => %s)",
        ASIN,
        MONDAY + 28 * DAY,
    )

    # The average over all days is 6700 / 7.
    assert found[0] == (1, 700, Decimal("73.1"))
    assert found[1:] == [(day, 1000, Decimal("104.5")) for day in range(2, 8)]


@pytest.mark.usefixtures("_kettle")
def test_a_drop_is_against_averages_by_time(connection: Connection, ask: Ask) -> None:
    found = ask("SELECT * FROM analytics.price_drop(%s, 'us', at => %s)", ASIN, NOW)

    assert found == [(900, 920, 920, Decimal("2.2"), Decimal("2.2"))]

    connection.execute("SET timezone = 'UTC'")
    connection.execute("UPDATE price_series SET due_from = '2011-01-01Z'")
    roll_up(connection, at=NOW)
    drops = ask(
        "SELECT asin, landed_minor, average_30_minor, below_90_percent, lowest_minor, is_lowest"
        " FROM analytics.drops WHERE asin = %s",
        ASIN,
    )
    assert drops == [(ASIN, 900, 920, Decimal("2.2"), 800, False)]


def test_locales_are_compared_in_euros_of_the_day(connection: Connection, ask: Ask) -> None:
    for domain, price, currency in (("us", 1100, "USD"), ("de", 1200, "EUR"), ("jp", 1600, "JPY")):
        store_history(connection, ASIN, [(MONDAY, price)], domain=domain)
        connection.execute(
            "UPDATE price_series SET currency = %s WHERE domain = %s", [currency, domain]
        )
    connection.execute(
        "INSERT INTO exchange_rates (day, currency, per_euro) VALUES"
        " (%s, 'USD', 1.10), (%s, 'USD', 2), (%s, 'JPY', 160)",
        [MONDAY.date() - 3 * DAY, MONDAY.date() + 3 * DAY, MONDAY.date()],
    )

    found = ask(
        "SELECT domain, euros, rate, rate_day, above_cheapest_percent"
        " FROM analytics.locale_prices(%s, at => %s)",
        ASIN,
        MONDAY + 2 * DAY,
    )

    assert found == [
        ("jp", 10, 160, MONDAY.date(), 0),
        ("us", 10, Decimal("1.10"), MONDAY.date() - 3 * DAY, 0),
        ("de", 12, 1, None, 20),
    ]


def test_deals_are_evaluated_by_what_came_before_and_after(
    connection: Connection, database: PostgresConfig, ask: Ask
) -> None:
    save_filter(connection, "reader@example.org", DealFilter("kettles", "us", "NEW"))
    (found_by,) = active_filters(connection)
    began = MONDAY + 100 * DAY
    events = [
        DealEvent.of_deal(
            a_deal(asin=asin, observed_at=began, price_minor=800),
            found_by=found_by,
            score=DealScore(60, ("cheap",), 1000, 20, 90),
            checked_at=began + HOUR,
            source="simulator",
            run_id="run-1",
        )
        for asin in (ASIN, "B000000002")
    ]
    with closing(DealWriter(database, follow=False)) as writer:
        writer.store(events)
    # Half a year ago it was cheaper still; the price that the 90 days began with counts.
    store_history(
        connection,
        ASIN,
        [
            (began - 180 * DAY, 500),
            (began - 105 * DAY, 900),
            (began - 10 * DAY, 1000),
            (began + 2 * DAY, 750),
            (began + 3 * DAY, 1000),
        ],
    )
    store_history(connection, "B000000002", [(began - 20 * DAY, 700), (began - DAY, 1000)])

    found = ask(
        "SELECT asin, lowest_before_minor, was_lowest, held_for, lowest_after_minor, fell_further"
        " FROM analytics.deal_quality ORDER BY asin"
    )

    assert found == [
        (ASIN, 900, True, 3 * DAY, 750, True),
        ("B000000002", 700, False, None, None, None),
    ]


def test_tokens_are_counted_by_day_and_endpoint(connection: Connection, ask: Ask) -> None:
    connection.execute(
        "INSERT INTO token_ledger (account, endpoint, products, state, tokens_estimated,"
        " tokens_charged, requested_at) VALUES"
        " ('a', 'product', 100, 'CHARGED', 100, 98, '2026-03-02T23:30Z'),"
        " ('a', 'product', 10, 'UNKNOWN', 12, NULL, '2026-03-02T01:00Z'),"
        " ('a', 'deal', 0, 'REFUSED', 5, NULL, '2026-03-02T01:00Z'),"
        " ('a', 'product', 10, 'CHARGED', 10, 10, '2026-03-03T00:00Z')"
    )

    found = ask("SELECT * FROM analytics.token_use(%s, %s)", MONDAY.date(), MONDAY.date() + DAY)

    assert found == [
        (MONDAY.date(), "deal", 1, 0, 0, None, 1, 0),
        (MONDAY.date(), "product", 2, 110, 110, 1, 0, 1),
        (MONDAY.date() + DAY, "product", 1, 10, 10, 1, 0, 0),
    ]


def test_locales_and_days_are_summed_up(connection: Connection, ask: Ask) -> None:
    for number, price in enumerate((900, 1100, None)):
        asin = f"B{number:09d}"
        points = [(MONDAY, 1000), (MONDAY + DAY + HOUR, price)]
        store_history(connection, asin, points)
        store_current_price(connection, asin, at=points[-1][0], price=price)
    connection.execute("UPDATE price_series SET due_from = '2011-01-01Z'")
    connection.execute("SET timezone = 'UTC'")
    roll_up(connection, at=NOW)

    assert ask(
        "SELECT series, out_of_stock, share_out_of_stock, stale FROM analytics.locale_summary"
    ) == [(3, 1, Decimal("0.3333"), 3)]
    assert ask(
        "SELECT * FROM analytics.daily_changes(%s, %s)", MONDAY.date(), MONDAY.date() + DAY
    ) == [
        (MONDAY.date(), "us", 3, 3, 0, 0, 0),
        (MONDAY.date() + DAY, "us", 3, 3, 1, 1, 1),
    ]


OF_ONE_PRODUCT = sorted(one.name for one in analyses() if one.parameters.startswith("asin text"))


@pytest.fixture
def crowded(connection: Connection) -> Connection:
    """A database with enough points that a scan of them all would be seen in the plan."""
    connection.execute("INSERT INTO price_origins (run_id, source) VALUES ('r', 'simulator')")
    connection.execute(
        "INSERT INTO price_series (asin, domain, price_type, currency)"
        " SELECT 'B' || lpad(n::text, 9, '0'), 'us', 'NEW', 'USD' FROM generate_series(1, 500) AS n"
    )
    connection.execute(
        "INSERT INTO price_points (series_id, origin_id, observed_at, checked_at, last_checked_at,"
        " price_minor) SELECT s.series_id, o.origin_id, at, at, at, 1000"
        " FROM price_series s, price_origins o, generate_series("
        " timestamptz '2025-10-01Z', '2026-03-01Z', '12 hours') AS at"
    )
    connection.execute("ANALYZE")
    return connection


@pytest.mark.parametrize("name", OF_ONE_PRODUCT)
def test_one_products_history_is_read_by_its_index(crowded: Connection, name: str) -> None:
    domain = "" if name == "analytics.locale_prices" else ", 'us'"
    before = _scans(crowded)
    crowded.execute(f"SELECT * FROM {name}('B000000007'{domain})").fetchall()
    after = _scans(crowded)

    assert after["seq_tup_read"] == before["seq_tup_read"]
    assert after["idx_scan"] > before["idx_scan"]


def _scans(connection: Connection) -> dict[str, int]:
    """Return how often the points have been read in whole, and by index, by PostgreSQL's count."""
    connection.execute("SELECT pg_stat_force_next_flush()")
    (row,) = connection.execute(
        "SELECT sum(seq_tup_read)::int AS seq_tup_read, sum(idx_scan)::int AS idx_scan"
        " FROM pg_stat_user_tables WHERE relname LIKE 'price_points_%%'"
    ).fetchall()
    return row


@pytest.mark.parametrize("view", ["drops", "deal_quality"])
def test_views_take_a_product_by_its_index(crowded: Connection, view: str) -> None:
    plan = crowded.execute(
        f"EXPLAIN SELECT * FROM analytics.{view} WHERE asin = 'B000000007' AND domain = 'us'"
    ).fetchall()

    text = "\n".join(row["QUERY PLAN"] for row in plan)
    # Partitions without a row are read in whole, for nothing.
    for with_rows in ("2025", "2026_01", "2026_02"):
        assert f"Seq Scan on price_points_{with_rows}" not in text
    assert "Seq Scan on price_series" not in text


def test_every_example_runs(connection: Connection) -> None:
    for one in analyses():
        connection.execute(one.example.rstrip(";")).fetchall()


def test_a_replaced_function_keeps_what_analysts_made_beside_it(database: PostgresConfig) -> None:
    with session(database) as connection:
        connection.execute("CREATE VIEW analytics.mine AS SELECT * FROM analytics.drops")
        connection.execute("COMMENT ON SCHEMA analytics IS 'an older version'")

    assert migrate(database) == ["analytics"]
    assert migrate(database) == []
    with psycopg.connect(database.url) as connection:
        connection.execute("SELECT * FROM analytics.mine")
        said = connection.execute(
            "SELECT obj_description('analytics.price_spans'::regproc)"
        ).fetchone()
    assert said == ("What a product cost from when to when; the other functions are built on it.",)
