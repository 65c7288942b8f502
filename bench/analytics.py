"""How long analysts wait: for one product, and for what dashboards ask, on 20 million points."""

import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, LiteralString

from psycopg import sql

from bench.fresh import fresh_database
from bench.registry import Run, Values, benchmark
from keeper.stores.postgres.analytics.views import analyses
from keeper.stores.postgres.connection import Connection, session
from keeper.stores.postgres.prices.roll_ups import roll_up

SERIES: Final = 10_000
ASKED: Final = 200
DOMAINS: Final = ("us", "de", "jp", "uk")
DASHBOARD: Final[dict[str, LiteralString]] = {
    "the state of each locale": "SELECT * FROM analytics.locale_summary",
    "what costs far less than usual": (
        "SELECT * FROM analytics.drops WHERE domain = 'de' AND below_90_percent >= 20"
        " ORDER BY below_90_percent DESC LIMIT 20"
    ),
    "what never cost less": (
        "SELECT * FROM analytics.drops WHERE is_lowest ORDER BY below_30_percent DESC LIMIT 20"
    ),
    "how much prices moved this week": "SELECT * FROM analytics.daily_changes()",
    "out of stock now": (
        "SELECT asin, observed_at FROM current_prices WHERE domain = 'us' AND price_minor IS NULL"
        " ORDER BY observed_at DESC LIMIT 50"
    ),
    "tokens of a month": "SELECT * FROM analytics.token_use()",
}
_ADD_SERIES: Final = """
INSERT INTO price_series (asin, domain, price_type, currency)
SELECT 'B' || lpad(n::text, 9, '0'), (ARRAY['us', 'de', 'jp', 'uk'])[n %% 4 + 1], 'NEW',
    (ARRAY['USD', 'EUR', 'JPY', 'GBP'])[n %% 4 + 1]
FROM generate_series(1, %(series)s::int) AS n
"""
_ADD_POINTS: Final = """
INSERT INTO price_points (series_id, origin_id, observed_at, checked_at, last_checked_at,
    price_minor)
SELECT s.series_id, o.origin_id, at, at, at,
    CASE WHEN random() > 0.05 THEN 1000 + (s.series_id * 7 %% 9000)
        + (random() * 400)::integer END
FROM price_origins o, generate_series(%(first)s::int, %(last)s::int) AS s (series_id),
    LATERAL (
        SELECT date_trunc('minute', %(at)s::timestamptz - %(step)s * n
            - make_interval(mins => s.series_id %% 60)) AS at
        FROM generate_series(1, %(points)s::int) AS n
    ) AS moments
ORDER BY s.series_id, at
"""
_SET_CURRENT: Final = """
UPDATE price_series s SET newest_at = p.observed_at, observed_at = p.observed_at,
    price_minor = p.price_minor, last_checked_at = %(at)s, origin_id = p.origin_id,
    due_from = '2011-01-01Z'
FROM (
    SELECT DISTINCT ON (series_id) series_id, observed_at, price_minor, origin_id
    FROM price_points WHERE observed_at > %(at)s::timestamptz - interval '30 days'
    ORDER BY series_id, observed_at DESC
) AS p
WHERE s.series_id = p.series_id
"""
_ADD_TOKENS: Final = """
INSERT INTO token_ledger (account, endpoint, products, state, tokens_estimated, tokens_charged,
    requested_at)
SELECT 'bench', 'product', 100, 'CHARGED', 100, 100, %(at)s::timestamptz - make_interval(mins => n)
FROM generate_series(1, 100000) AS n
"""


@benchmark
def analytics(run: Run) -> Values:
    """20 million points of 10,000 series in five years, warm: milliseconds, at p95 or at most."""
    url = run.stack.environment("postgres")["DATABASE_URL"]
    series = run.size(SERIES, 100)
    with fresh_database(url) as config, session(config) as connection:
        at = datetime.now(UTC)
        fill(connection, series, at, run.say)
        started = time.perf_counter()
        done = roll_up(connection, at=at)
        run.say(
            f"{done.series:,} series rolled up into {done.days:,} days in "
            f"{time.perf_counter() - started:.0f} s"
        )
        connection.execute("VACUUM ANALYZE")
        asked = random.Random(20).choices(range(1, series + 1), k=run.size(ASKED, 5))
        of_product = _ask_of_products(connection, asked, run.say)
        of_dashboard = [
            (_median([_milliseconds(connection, query) for _ in range(5)]), title)
            for title, query in DASHBOARD.items()
        ]
        for milliseconds, title in sorted(of_dashboard, reverse=True):
            run.say(f"{title}: {milliseconds:.0f} ms")
    return {
        "analytics_product_p95_ms": _p95(of_product),
        "analytics_dashboard_max_ms": max(milliseconds for milliseconds, _ in of_dashboard),
    }


def fill(connection: Connection, series: int, at: datetime, say: Callable[[str], None]) -> None:
    """Store series of five years with 2,000 points each, their current prices and some requests."""
    connection.execute("INSERT INTO price_origins (run_id, source) VALUES ('bench', 'simulator')")
    connection.execute(_ADD_SERIES, {"series": series})
    points = 200 if series == 100 else 2_000
    step = timedelta(days=5 * 365) / points
    for first in range(1, series + 1, 500):
        connection.execute(
            _ADD_POINTS,
            {
                "at": at,
                "first": first,
                "last": min(first + 499, series),
                "points": points,
                "step": step,
            },
        )
    connection.execute(_SET_CURRENT, {"at": at})
    connection.execute(_ADD_TOKENS, {"at": at})
    say(f"{series * points:,} points of {series:,} series")


def _ask_of_products(
    connection: Connection, asked: Sequence[int], say: Callable[[str], None]
) -> list[float]:
    taken: list[float] = []
    for one in analyses():
        if not one.parameters.startswith("asin text"):
            continue
        takes_domain = "domain" in one.parameters
        call = sql.SQL("SELECT * FROM {}(%s, %s)" if takes_domain else "SELECT * FROM {}(%s)")
        query = call.format(sql.Identifier(*one.name.split(".")))
        products = [(f"B{number:09d}", DOMAINS[number % 4])[: 1 + takes_domain] for number in asked]
        for product in products:
            connection.execute(query, product).fetchall()
        own = [_milliseconds(connection, query, product) for product in products]
        say(f"{one.name}: {_p95(own):.1f} ms at p95")
        taken += own
    return taken


def _milliseconds(
    connection: Connection, query: LiteralString | sql.Composed, values: Sequence[str] = ()
) -> float:
    started = time.perf_counter()
    connection.execute(query, values or None).fetchall()
    return 1000 * (time.perf_counter() - started)


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]
