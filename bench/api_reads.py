"""How long programs wait for the console: a product nobody has asked for, a chart of ten years."""

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx

from bench.analytics import DOMAINS, SERIES, fill
from bench.console import served_console
from bench.fresh import fresh_database
from bench.registry import Run, Values, benchmark
from keeper.stores.postgres.connection import session

ASKED: Final = 400
CHARTS: Final = 40
CHART_POINTS: Final = 2_000
TEN_YEARS: Final = "B0TENYEARS"
_ADD_TEN_YEARS: Final = """
WITH series AS (
    INSERT INTO price_series (asin, domain, price_type, currency)
    VALUES (%(asin)s, 'us', 'NEW', 'USD') RETURNING series_id
)
INSERT INTO price_points (series_id, origin_id, observed_at, checked_at, last_checked_at,
    price_minor)
SELECT s.series_id, o.origin_id, at, at, at,
    CASE WHEN random() > 0.03 THEN 2000 + (random() * 900)::integer END
FROM series s, price_origins o, LATERAL (
    SELECT date_trunc('minute', %(at)s::timestamptz - interval '2 hours' * n) AS at
    FROM generate_series(1, %(points)s::int) AS n
) AS moments
"""


@benchmark
def api_reads(run: Run) -> Values:
    """One console on 20 million points, each product asked for once: milliseconds."""
    environment = run.stack.environment("postgres")
    series = run.size(SERIES, 100)
    with fresh_database(environment["DATABASE_URL"]) as config:
        at = datetime.now(UTC)
        points = run.size(10 * 365 * 12, 500)
        with session(config) as connection:
            fill(connection, series, at, run.say)
            connection.execute(_ADD_TEN_YEARS, {"asin": TEN_YEARS, "at": at, "points": points})
            connection.execute("VACUUM ANALYZE")
        with (
            session(config) as connection,
            served_console(config, connection, environment) as console,
            console.client() as client,
        ):
            asked = random.Random(23).sample(range(1, series + 1), k=run.size(ASKED, 10))
            paths = [f"/api/v1/prices/B{n:09d}?domain={DOMAINS[n % 4]}" for n in asked]
            cold = _milliseconds(client, paths)
            run.say(f"what a product costs: {_p95(cold):.1f} ms at p95")
            for what in ("stats", "assessment", "history"):
                taken = _milliseconds(client, [path.replace("?", f"/{what}?") for path in paths])
                run.say(f"its {what}: {_p95(taken):.1f} ms at p95")
            charts = _milliseconds(client, _charts(at, run.size(CHARTS, 3)))
            run.say(f"a chart of {points:,} points: {_p95(charts):.1f} ms at p95")
    return {
        "api_cold_read_p95_ms": _p95(cold),
        "api_history_10y_ms": sorted(charts)[len(charts) // 2],
    }


def _charts(at: datetime, count: int) -> list[str]:
    """Return addresses of the same chart that differ, so that no cache answers."""
    path = f"/api/v1/prices/{TEN_YEARS}/history/columns?domain=us&points={CHART_POINTS}"
    moments = (at + timedelta(minutes=n) for n in range(count))
    return [f"{path}&until={moment:%Y-%m-%dT%H:%M:%SZ}" for moment in moments]


def _milliseconds(client: httpx.Client, paths: Sequence[str]) -> list[float]:
    # The first requests connect and compile.
    client.get(paths[0]).raise_for_status()
    taken = []
    for path in paths[1:]:
        started = time.perf_counter()
        client.get(path).raise_for_status()
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]
