"""How long trends take to count what a run of six hours brings of 10,000 products."""

import time
from contextlib import closing
from datetime import timedelta
from itertools import islice
from typing import Final

from bench.fresh import fresh_database
from bench.registry import Run, Values, benchmark
from bench.seeded_prices import EVERY, START, asin_of, seeded_events
from keeper.domain.prices.listing import Labels
from keeper.domain.product_kinds import ProductKind
from keeper.pipeline.trends.update import update_trends
from keeper.stores.postgres.connection import session
from keeper.stores.postgres.prices.roll_ups import roll_up
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.product_kinds import SeenKind, save_labels

LIMIT_S: Final = 5.0


@benchmark
def trends(run: Run) -> Values:
    """Counting the trends of a six-hour run of 10,000 products, after 15 days of such runs."""
    series, checks = run.size(10_000, 200), run.size(60, 12)
    seen = [
        SeenKind(
            asin_of(one),
            "us",
            ProductKind.STANDARD,
            START,
            labels=Labels(1000 + one % 20, f"Brand {one % 400}"),
        )
        for one in range(series)
    ]
    url = run.stack.environment("postgres")["DATABASE_URL"]
    with fresh_database(url) as database, session(database) as connection:
        save_labels(connection, seen)
        events = seeded_events(series * (checks + 1), series=series)
        with closing(PriceWriter(database)) as writer:
            for _ in range(checks):
                writer.store(list(islice(events, series)))
            before = START + checks * EVERY
            began = time.perf_counter()
            update_trends(connection, at=before)
            before_s = time.perf_counter() - began
            writer.store(list(events))
        at = before + EVERY + timedelta(hours=1)
        began = time.perf_counter()
        rolled_up = roll_up(connection, at=at)
        roll_up_s = time.perf_counter() - began
        began = time.perf_counter()
        done = update_trends(connection, at=at)
        update_s = time.perf_counter() - began
    run.say(
        f"{rolled_up.series:,} series rolled up in {roll_up_s:.2f} s; {done.windows} windows, "
        f"{done.rows:,} rows in {update_s:.2f} s (at most {LIMIT_S:.0f} s); "
        f"the days before, roll-up included: {before_s:.1f} s"
    )
    return {
        "series": rolled_up.series,
        "windows": done.windows,
        "rows": done.rows,
        "roll_up_s": round(roll_up_s, 2),
        "update_s": round(update_s, 2),
        "before_s": round(before_s, 1),
    }
