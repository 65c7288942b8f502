"""Older price points: from a reply through `price-backfill` into the stores, once."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from keeper.domain.intervals import Interval
from keeper.domain.locales import locale_of
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.watches.product_choice import EVERYTHING, ProductChoice
from keeper.domain.watches.watch import ProductToCheck, Watch
from keeper.pipeline.prices.backfill import InvalidIntervalError, plan_backfill, preview_backfill
from keeper.pipeline.prices.fetch import FetchResult, fetch_batch
from keeper.pipeline.prices.plan import PlannedBatch
from keeper.pipeline.prices.publish import publish_prices
from keeper.pipeline.prices.validate import CheckResult, validate_batch
from keeper.pipeline.runs.consumers import price_consumer
from keeper.sources.keepa.client import KeepaClient
from keeper.stores.lake.history_files import HistoryFiles
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.lake.run_plans import keep_plan
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.prices.writer import BackfillWriter, PriceWriter
from keeper.stores.postgres.runs.runs import start_run
from keeper.stores.postgres.watches.watch_list import (
    list_watches,
    products_to_check,
    save_watches,
)
from keeper.streams.codec import decode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_admin import make_topics
from keeper.streams.topics import dead_letter_topic
from tests.keepa_simulator import AT, Simulator, watch_list
from tests.lake_pages import add_page
from tests.price_events import price_event

USER = "reader@example.org"
ASIN = "B000000001"
DAY = timedelta(days=1)
COUNTS = """
SELECT (SELECT count(*) FROM price_history) AS points,
    (SELECT count(*) FROM current_prices) AS current,
    (SELECT count(*) FROM price_alerts) AS alerts,
    (SELECT count(*) FROM price_corrections) AS corrections
"""


@pytest.fixture
def topics(admin: AdminClient) -> Iterator[tuple[str, str]]:
    """Topics of the test's own for updates and backfill."""
    names = tuple(f"test-{uuid.uuid4().hex}" for _ in range(2))
    every = (*names, *map(dead_letter_topic, names))
    make_topics(admin, every)
    yield names[0], names[1]
    for future in admin.delete_topics(list(every)).values():
        future.result()


@dataclass(frozen=True)
class Tracker:
    """Runs of one watch list over one lake."""

    connection: Connection
    database: PostgresConfig
    kafka: KafkaConfig
    topics: tuple[str, str]
    lake: Path

    def folder(self, run: str) -> BatchFolder:
        return BatchFolder.of(self.lake, run, 0)

    def plan(self, run: str) -> None:
        """Plan every watched product, as a run of track_prices with enough tokens."""
        begin(self.connection, run)
        self.folder(run).write_plan(products_to_check(self.connection))

    def fetch(self, run: str, client: KeepaClient, since: datetime | None = None) -> FetchResult:
        return fetch_batch(self.folder(run), client, received_from=since)

    def check(self, run: str, interval: Interval | None = None) -> CheckResult:
        return validate_batch(
            self.folder(run),
            self.connection,
            run_id=run,
            batch=0,
            source="simulator",
            price_types=("AMAZON",),
            interval=interval,
        )

    def publish(self, run: str) -> int:
        return publish_prices(
            self.folder(run),
            self.kafka,
            self.connection,
            run_id=run,
            topic=self.topics[0],
            backfill_topic=self.topics[1],
        ).history

    def load(self) -> None:
        """Load both topics from their start, as a replay would."""
        for topic, kind in zip(self.topics, (PriceWriter, BackfillWriter), strict=True):
            with closing(kind(self.database)) as writer:
                price_consumer(
                    self.kafka,
                    writer,
                    group=f"test-{uuid.uuid4().hex}",
                    topic=topic,
                    on_cycle=lambda: None,
                ).run(until_idle=True)

    def counts(self) -> dict[str, int]:
        row = self.connection.execute(COUNTS).fetchone()
        assert row is not None
        return row


def begin(connection: Connection, run: str) -> None:
    start_run(connection, run_id=run, dag_id=run, source="simulator", started_at=AT)


@pytest.fixture
def tracker(
    connection: Connection,
    database: PostgresConfig,
    kafka: KafkaConfig,
    topics: tuple[str, str],
    tmp_path: Path,
) -> Tracker:
    return Tracker(connection, database, kafka, topics, tmp_path / "lake")


def stored(connection: Connection) -> set[tuple[object, ...]]:
    rows = connection.execute(
        "SELECT asin, domain, price_type, observed_at, price_minor FROM price_history"
    )
    return {tuple(row.values()) for row in rows}


def test_a_first_check_brings_the_whole_history_for_the_same_token(
    tracker: Tracker, simulate: Callable[..., Simulator]
) -> None:
    save_watches(tracker.connection, USER, watch_list(10))
    keepa = simulate()
    tracker.plan("first")

    assert tracker.fetch("first", keepa.client()).tokens == 10
    checked = tracker.check("first")
    assert tracker.publish("first") == checked.history > 500
    tracker.load()

    counts = tracker.counts()
    assert counts["points"] == checked.history + checked.events
    assert counts["current"] == checked.events
    row = tracker.connection.execute("SELECT * FROM pipeline_runs").fetchone()
    assert row is not None
    assert (row["history_stored"], row["points_stored"]) == (checked.history, checked.events)

    tracker.plan("second")
    tracker.fetch("second", keepa.client())
    again = tracker.check("second")
    assert (again.history, again.events) == (0, checked.events)
    tracker.publish("second")
    tracker.load()
    assert tracker.counts() == counts


def test_the_stored_history_is_what_the_reply_says(
    tracker: Tracker, simulate: Callable[..., Simulator]
) -> None:
    watches = watch_list(4)
    save_watches(tracker.connection, USER, watches)
    keepa = simulate()
    tracker.plan("first")
    tracker.fetch("first", keepa.client())
    tracker.check("first")
    tracker.publish("first")
    tracker.load()

    expected = set()
    for watch in watches:
        (page,) = keepa.client().product_pages(locale_of(watch.domain), [watch.asin])
        (product,) = json.loads(page.body)["products"]
        for index, name in ((0, "AMAZON"), (1, "NEW")):
            if name not in ("AMAZON", watch.price_type) or product["csv"][index] is None:
                continue
            series = product["csv"][index]
            for minute, price in zip(series[::2], series[1::2], strict=True):
                at = datetime.fromtimestamp((minute + 21_564_000) * 60, tz=UTC)
                expected.add((watch.asin, watch.domain, name, at, None if price < 0 else price))
    assert {watch.price_type for watch in watches} <= {"AMAZON", "NEW"}
    assert stored(tracker.connection) == expected


def test_history_is_published_again_until_it_is_acknowledged(
    tracker: Tracker, simulate: Callable[..., Simulator]
) -> None:
    save_watches(tracker.connection, USER, watch_list(3))
    keepa = simulate()
    for run in ("killed before publish", "next"):
        tracker.plan(run)
        tracker.fetch(run, keepa.client())
        assert tracker.check(run).history > 0

    tracker.publish("next")

    tracker.plan("after")
    tracker.fetch("after", keepa.client())
    assert tracker.check("after").history == 0


def reply_with(*prices: int, **facts: object) -> bytes:
    """Return a reply whose product's NEW price was each of `prices` for a day, until AT."""
    minute = to_keepa_minutes(AT - len(prices) * DAY)
    series = [n for day, price in enumerate(prices) for n in (minute + 1440 * day, price)]
    product = {"asin": ASIN, "domainId": 1, "csv": [None, series], **facts}
    return json.dumps({"tokensLeft": 1, "products": [product]}).encode()


def test_a_bad_old_point_costs_only_itself(tracker: Tracker) -> None:
    folder = tracker.folder("run")
    folder.write_plan([ProductToCheck(ASIN, "us", {"NEW": None}, {})])
    add_page(folder, 0, reply_with(1000, 0, 1200, -1, 1300), received_at=AT)

    checked = tracker.check("run")

    assert (checked.history, checked.history_quarantined, checked.quarantined) == (3, 1, 0)
    (row,) = tracker.connection.execute("SELECT * FROM quarantined_records").fetchall()
    assert row["record"]["price_minor"] == 0
    assert row["row_number"] >= 1_000_000
    begin(tracker.connection, "run")
    tracker.publish("run")
    tracker.load()
    prices = [price for *_, price in sorted(stored(tracker.connection), key=lambda row: row[3])]  # type: ignore[arg-type,return-value]  # a time
    assert prices == [1000, 1200, None, 1300]


def test_a_past_interval_is_published_from_archived_replies_without_a_token(
    tracker: Tracker, simulate: Callable[..., Simulator]
) -> None:
    save_watches(tracker.connection, USER, watch_list(5))
    keepa = simulate()
    tracker.plan("live")
    tracker.fetch("live", keepa.client())
    week = [Interval(AT - (n + 1) * DAY, AT - n * DAY) for n in range(7)]

    for interval in week:
        run = f"track_prices/backfill__{interval.since:%Y-%m-%d}"
        plan = plan_history(tracker, run, interval)
        assert plan == 5
        assert tracker.fetch(run, keepa.client(), interval.until).tokens == 0
        tracker.check(run, interval)
        tracker.publish(run)
    tracker.load()

    counts = tracker.counts()
    assert counts["points"] > 0
    assert (counts["current"], counts["alerts"]) == (0, 0)
    times = [row[3] for row in stored(tracker.connection)]
    assert all(week[-1].since <= at < week[0].until for at in times)  # type: ignore[operator]  # a time
    whole = Interval(week[-1].since, week[0].until)
    plan_history(tracker, "whole", whole)
    tracker.fetch("whole", keepa.client(), whole.until)
    tracker.check("whole", whole)
    tracker.publish("whole")
    tracker.load()
    assert tracker.counts() == counts


def plan_history(
    tracker: Tracker,
    run: str,
    interval: Interval,
    *,
    source: str = "simulator",
    only: ProductChoice = EVERYTHING,
) -> int:
    batches = plan_backfill(
        tracker.connection,
        tracker.lake,
        run=run,
        dag_id="track_prices",
        source=source,
        batch_products=1000,
        interval=interval,
        only=only,
        started_at=AT + DAY,
    )
    assert {batch.interval for batch in batches} <= {interval}
    return sum(batch.products for batch in batches)


def test_a_run_that_is_reprocessed_as_a_backfill_keeps_nothing_of_its_former_plan(
    tracker: Tracker, simulate: Callable[..., Simulator]
) -> None:
    save_watches(tracker.connection, USER, watch_list(5))
    keepa, run = simulate(), "track_prices/scheduled__2026-03-01"
    (first, *_) = products_to_check(tracker.connection)
    begin(tracker.connection, run)
    tracker.folder(run).write_plan([first])
    keep_plan(tracker.lake, run, [PlannedBatch(run, 0, 1, "today's prices")])
    assert tracker.fetch(run, keepa.client()).tokens == 1

    assert plan_history(tracker, run, Interval(AT - DAY, AT)) == 5
    # What the run has paid for already serves again.
    tracker.fetch(run, keepa.client(), AT)
    assert sum(entry.tokens_consumed for entry in tracker.folder(run).pages()) == 5
    assert plan_history(tracker, run, Interval(AT - DAY, AT)) == 5
    before = keepa.client().token_status().tokens_left
    tracker.fetch(run, keepa.client(), AT)
    assert keepa.client().token_status().tokens_left >= before


def test_what_is_not_archived_is_fetched_once_for_all_intervals(
    tracker: Tracker, simulate: Callable[..., Simulator]
) -> None:
    save_watches(tracker.connection, USER, watch_list(5))
    keepa = simulate()
    spent = []
    for day in range(3):
        interval = Interval(AT - (day + 1) * DAY, AT - day * DAY)
        plan_history(tracker, f"past {day}", interval)
        spent.append(tracker.fetch(f"past {day}", keepa.client(), interval.until).tokens)
        tracker.check(f"past {day}", interval)

    assert spent == [5, 0, 0]


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [(AT, AT, "is empty"), (AT, AT - DAY, "is empty"), (AT, AT + 9 * DAY, "ends in the future")],
    ids=["empty", "backwards", "in the future"],
)
def test_an_interval_that_is_none_is_refused(
    tracker: Tracker, since: datetime, until: datetime, said: str
) -> None:
    with pytest.raises(InvalidIntervalError, match=said):
        plan_history(tracker, "run", Interval(since, until))


def test_a_preview_of_a_past_interval_notes_nothing(tracker: Tracker) -> None:
    save_watches(tracker.connection, USER, [Watch(ASIN, "us", "NEW", None)])
    options: dict[str, Any] = {
        "source": "simulator",
        "batch_products": 10,
        "interval": Interval(AT - DAY, AT),
        "at": AT + DAY,
    }

    answered = preview_backfill(tracker.connection, **options)
    nowhere = preview_backfill(tracker.connection, only=ProductChoice.of(["de"]), **options)

    assert answered.startswith(f"1 products (us 1: {ASIN}) in 1 batches; their points from ")
    assert nowhere.startswith("0 products in 0 batches")
    assert tracker.connection.execute("SELECT * FROM pipeline_runs").fetchall() == []


def test_older_points_never_move_current_prices_nor_alert(database: PostgresConfig) -> None:
    with session(database) as connection:
        save_watches(connection, USER, [Watch(ASIN, "us", "NEW", 5000)])
        with closing(BackfillWriter(database)) as writer:
            writer.store([price_event(1000, hour=hour) for hour in range(3)])

        row = connection.execute(COUNTS).fetchone()
        (watched,) = list_watches(connection, USER)
    assert row == {"points": 3, "current": 0, "alerts": 0, "corrections": 0}
    assert watched.last_checked_at is None


def test_of_two_values_of_a_point_the_one_checked_later_wins(database: PostgresConfig) -> None:
    early, late = price_event(1000, check=1), price_event(900, check=2)
    for order in ([early, late], [late, early]):
        with session(database) as connection:
            connection.execute("TRUNCATE price_points, price_series, price_corrections, products")
            with closing(BackfillWriter(database)) as writer:
                for event in order:
                    writer.store([event])
            (point,) = connection.execute("SELECT * FROM price_history").fetchall()
            corrections = connection.execute("SELECT * FROM price_corrections").fetchall()
        assert point["price_minor"] == 900
        assert len(corrections) == (order[0] is early)


def test_a_watched_series_without_history_has_been_checked(
    tracker: Tracker, simulate: Callable[..., Simulator]
) -> None:
    (watch,) = watch_list(1)
    never = Watch(watch.asin, watch.domain, "TRADE_IN", 100)
    save_watches(tracker.connection, USER, [never])
    tracker.plan("run")
    tracker.fetch("run", simulate().client())
    tracker.check("run")

    (watched,) = list_watches(tracker.connection, USER)
    assert watched.last_checked_at is not None
    assert watched.price_minor is None


def test_history_messages_are_events_like_all_others(tracker: Tracker) -> None:
    folder = tracker.folder("run")
    folder.write_plan([ProductToCheck(ASIN, "us", {"NEW": 700}, {})])
    add_page(folder, 0, reply_with(1000, 1100, 1200), received_at=AT)
    tracker.check("run")

    first, second = [decode_price_event(value) for _, value in HistoryFiles(folder).read()]

    assert (first.price_minor, first.previous_price) == (1000, None)
    assert (second.price_minor, str(second.previous_price), str(second.price_change)) == (
        1100,
        "10.00",
        "1.00",
    )
    assert second.checked_at == AT
    assert second.target_price is None


@pytest.mark.parametrize("interval", [None, Interval(AT - 3 * DAY, AT - DAY)])
def test_older_points_say_category_brand_and_ratio_as_live_ones_do(
    tracker: Tracker, interval: Interval | None
) -> None:
    folder = tracker.folder("run")
    folder.write_plan([ProductToCheck(ASIN, "us", {"NEW": 700}, {})])
    prices = (1000, 1200, 0, -1, 1300, 1170, 1200)
    reply = reply_with(*prices, rootCategory=284507, brand="Acme &amp; Co")
    add_page(folder, 0, reply, received_at=AT)
    tracker.check("run", interval)

    events = [decode_price_event(value) for _, value in HistoryFiles(folder).read()]

    assert {(event.root_category, event.brand) for event in events} == {(284507, "Acme & Co")}
    # The first is of before prices included shipping. A price of zero is a mistake, and after being
    # sold out the offer before it counts.
    before = [(1000, None), (1200, None), (None, None)] if interval is None else []
    ratios = [(event.price_minor, event.log_ratio_e9) for event in events]
    assert ratios == [*before, (1300, 80042708), (1170, -105360516)]
