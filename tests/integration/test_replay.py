"""Archived replies bring lost prices back, for no token and without alerts."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keeper.domain.intervals import Interval
from keeper.domain.prices.detail import Detail
from keeper.domain.watches.watch import Watch, WatchStatus
from keeper.pipeline.prices.fetch import fetch_batch
from keeper.pipeline.prices.publish import publish_prices
from keeper.pipeline.prices.replay import Replayed, ReplayOptions, replay
from keeper.pipeline.prices.replay_plan import ReplayPlan, plan_replay
from keeper.pipeline.prices.validate import validate_batch
from keeper.pipeline.runs.consumers import price_consumer
from keeper.sources.keepa.client import KeepaClient
from keeper.sources.keepa.products.requests import ProductQuery
from keeper.stores.lake.archive import ArchivedReply, ReplyArchive
from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.lake.storage import lake_at
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.prices.writer import BackfillWriter, PriceWriter
from keeper.stores.postgres.runs.runs import start_run
from keeper.stores.postgres.watches.watch_list import products_to_check, save_watches, set_status
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_admin import make_topics
from keeper.streams.topics import dead_letter_topic
from tests.databases import Databases
from tests.keepa_simulator import AT, Simulator, simulators, watch_list
from tests.object_storage import lake_url, s3_server
from tests.services import Stack

__all__ = ["s3_server"]

USER = "reader@example.org"
DAY = timedelta(days=1)
LATER = AT + 2 * DAY
ALL = Interval(AT, LATER + DAY)
EVER = Interval(AT - 9999 * DAY, ALL.until)
TYPES = ("AMAZON", "NEW")
ASINS = ("B000000001", "B000000002", "B000000003")


@pytest.fixture(scope="module")
def make_topic_pair(stack: Stack) -> Iterator[Callable[[], tuple[str, str]]]:
    """Makes topics for updates and backfill of one use."""
    admin = KafkaConfig(stack["KAFKA_BOOTSTRAP_SERVERS"]).admin()
    made: list[str] = []

    def make() -> tuple[str, str]:
        names = f"test-{uuid.uuid4().hex}", f"test-{uuid.uuid4().hex}"
        every = (*names, *map(dead_letter_topic, names))
        make_topics(admin, every, partitions=1)
        made.extend(every)
        return names

    yield make
    admin.delete_topics(made)


@dataclass(frozen=True)
class Keeper:
    """A watch list, a lake and what is published, loaded at once."""

    connection: Connection
    database: PostgresConfig
    kafka: KafkaConfig
    make_topic_pair: Callable[[], tuple[str, str]]
    lake: LakePath

    def track(self, run: str, keepa: Simulator, at: datetime) -> None:
        """Do what a run of track_prices does, with the simulator's clock and Keeper's at `at`."""
        keepa.post("clock", {"at": at.isoformat()})
        start_run(self.connection, run_id=run, dag_id="track", source="simulator", started_at=at)
        folder = BatchFolder.of(self.lake, run, 0)
        folder.write_plan(products_to_check(self.connection))
        with KeepaClient(keepa.config(), sleep=lambda _: None, clock=lambda: at) as client:
            # One batch for all details: the dearest brings what the others do.
            fetch_batch(folder, client, ProductQuery(Detail.OFFERS), page_products=8)
        validate_batch(
            folder, self.connection, run_id=run, batch=0, source="simulator", price_types=TYPES
        )
        topics = self.make_topic_pair()
        publish_prices(
            folder,
            self.kafka,
            self.connection,
            run_id=run,
            topic=topics[0],
            backfill_topic=topics[1],
        )
        self.load(topics)

    def plan(self, received: Interval = ALL) -> ReplayPlan:
        return plan_of(self.connection, self.lake, received=received)

    def replay(self, run: str, plan: ReplayPlan, batch_products: int = 10) -> Replayed:
        topics = self.make_topic_pair()
        options = ReplayOptions(
            run=run,
            source="simulator",
            price_types=TYPES,
            batch_products=batch_products,
            max_quarantine_share=0.05,
            topic=topics[0],
            backfill_topic=topics[1],
        )
        done = replay(self.connection, self.lake, self.kafka, plan, options, clock=lambda: LATER)
        self.load(topics)
        return done

    def load(self, topics: tuple[str, str]) -> None:
        for topic, kind in zip(topics, (PriceWriter, BackfillWriter), strict=True):
            with closing(kind(self.database)) as writer:
                price_consumer(
                    self.kafka,
                    writer,
                    group=f"test-{uuid.uuid4().hex}",
                    topic=topic,
                    on_cycle=lambda: None,
                ).run(until_idle=True)

    def rows(self) -> dict[str, set[tuple[object, ...]]]:
        """Return what is known of prices, and which alerts were raised."""
        columns = "asin, domain, price_type, observed_at, price_minor, shipping_minor, implausible"
        return {
            table: {
                tuple(row.values())
                for row in self.connection.execute(f"SELECT {columns} FROM {table}")
            }
            for table in ("price_history", "current_prices")
        } | {
            "alerts": {
                tuple(row.values())
                for row in self.connection.execute("SELECT alert_id FROM price_alerts")
            }
        }


@pytest.fixture(scope="module")
def two_runs(
    stack: Stack,
    databases: Databases,
    make_topic_pair: Callable[[], tuple[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[PostgresConfig, Path]]:
    """What two runs over 20 products, two days apart, leave: a database and a lake's folder."""
    folder = tmp_path_factory.mktemp("lake")
    lake = lake_at(folder.as_uri())
    kafka = KafkaConfig(stack["KAFKA_BOOTSTRAP_SERVERS"])
    with databases.lent() as database:
        with simulators() as simulate, session(database) as connection:
            keeper = Keeper(connection, database, kafka, make_topic_pair, lake)
            save_watches(connection, USER, watch_list(20))
            simulator = simulate()
            for run, at in (("first", AT), ("second", LATER)):
                keeper.track(run, simulator, at)
        yield database, folder


@pytest.fixture
def tracked(
    request: pytest.FixtureRequest,
    two_runs: tuple[PostgresConfig, Path],
    databases: Databases,
    kafka: KafkaConfig,
    make_topic_pair: Callable[[], tuple[str, str]],
    tmp_path: Path,
) -> Iterator[Keeper]:
    """A copy of it for the test, its lake on files or on a test's parameter."""
    kind = getattr(request, "param", "file://")
    if kind == "s3://":
        request.getfixturevalue("s3_server")
    original, archive = two_runs
    lake = lake_at(lake_url(kind, tmp_path))
    for file in filter(Path.is_file, archive.rglob("*")):
        copy = lake / str(file.relative_to(archive))
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    with databases.copy_of(original) as database, session(database) as connection:
        yield Keeper(connection, database, kafka, make_topic_pair, lake)


@pytest.mark.parametrize("tracked", ["file://", "s3://"], ids=["files", "S3"], indirect=True)
def test_lost_prices_come_back_the_same_and_a_second_replay_changes_nothing(
    tracked: Keeper,
) -> None:
    before = tracked.rows()
    assert len(before["price_history"]) > 1000
    assert len(before["current_prices"]) > 20
    assert before["alerts"]
    spent = tracked.connection.execute("SELECT count(*) AS requests FROM token_ledger").fetchone()
    tracked.connection.execute("TRUNCATE price_points, price_series")

    plan = tracked.plan()
    done = tracked.replay("replay/lost", plan)

    assert {reply.run_id for reply in plan.products} == {"second"}
    assert (plan.total, plan.without_reply, done.missing, done.quarantined) == (20, 0, 0, 0)
    assert tracked.rows() == before
    (row,) = tracked.connection.execute(
        "SELECT * FROM pipeline_runs WHERE dag_id = 'replay'"
    ).fetchall()
    assert (row["state"], row["run_id"], row["tokens_spent"]) == ("SUCCESS", "replay/lost", 0)
    assert row["points_stored"] + row["history_stored"] == len(before["price_history"])

    again = tracked.replay("replay/again", tracked.plan())

    assert again.history == 0
    assert again.events >= len(before["current_prices"])
    assert tracked.rows() == before
    now = tracked.connection.execute("SELECT count(*) AS requests FROM token_ledger").fetchone()
    assert now == spent


def test_points_lost_within_the_window_come_back_though_newer_ones_are_stored(
    tracked: Keeper,
) -> None:
    before = tracked.rows()
    lost = tracked.connection.execute(
        "DELETE FROM price_history WHERE observed_at > %s RETURNING 1", [AT]
    ).fetchall()
    assert len(lost) >= 5

    tracked.replay("replay/window", tracked.plan())

    assert tracked.rows() == before


def test_a_lost_history_comes_back_whole_from_a_replay_since_long_ago(tracked: Keeper) -> None:
    before = tracked.rows()
    tracked.connection.execute("TRUNCATE price_points")

    done = tracked.replay("replay/history", tracked.plan(EVER))

    assert done.quarantined == 0
    assert tracked.rows() == before


def test_a_value_checked_before_the_reply_is_corrected_and_one_of_that_check_stays(
    tracked: Keeper,
) -> None:
    before = tracked.rows()
    # Currencies here have no price of that much.
    misread = """UPDATE price_points SET price_minor = price_minor + 1000000007
        WHERE price_minor IS NOT NULL AND last_checked_at < %s"""
    changed = tracked.connection.execute(misread, [LATER]).rowcount
    assert changed > 1000

    tracked.replay("replay/corrected", tracked.plan(EVER))

    assert tracked.rows() == before
    (kept,) = tracked.connection.execute("SELECT count(*) FROM price_corrections").fetchall()
    assert kept["count"] == changed

    tracked.connection.execute(misread, [LATER + DAY])
    wrong = tracked.rows()
    tracked.replay("replay/stays", tracked.plan(EVER))
    assert tracked.rows() == wrong

    tracked.connection.execute("DELETE FROM price_history WHERE price_minor > 1000000000")
    tracked.replay("replay/deleted", tracked.plan(EVER))
    assert tracked.rows() == before


def test_replies_of_before_the_end_give_older_prices_and_move_nothing_back(
    tracked: Keeper,
) -> None:
    before = tracked.rows()

    plan = tracked.plan(Interval(AT, LATER))
    tracked.replay("replay/old", plan)

    assert {reply.run_id for reply in plan.products} == {"first"}
    assert tracked.rows() == before


def archived(lake: Path, *asked: str, at: datetime = AT, run: str = "first") -> ArchivedReply:
    return ReplyArchive(lake).write(
        f"{run} {asked}".encode(),
        endpoint="product",
        domain="us",
        asked=asked,
        received_at=at,
        tokens_consumed=len(asked),
        source="simulator",
        run_id=run,
    )


def watch(connection: Connection, *asins: str) -> None:
    save_watches(connection, USER, [Watch(asin, "us", "NEW", None) for asin in asins])


def test_a_damaged_reply_is_passed_over_for_an_older_one_and_kept(
    connection: Connection, tmp_path: Path
) -> None:
    watch(connection, *ASINS)
    older = archived(tmp_path, *ASINS)
    newer, damaged = (archived(tmp_path, asin, at=LATER, run="second") for asin in ASINS[:2])
    (tmp_path / damaged.key).write_bytes(b"no gzip")

    plan = plan_of(connection, tmp_path)

    assert plan.damaged == [damaged]
    held = {reply: [p.asin for p in products] for reply, products in plan.products.items()}
    assert held == {older: [ASINS[1], ASINS[2]], newer: [ASINS[0]]}
    assert (tmp_path / damaged.key).exists()


def test_only_what_is_watched_and_asked_for_is_planned(
    connection: Connection, tmp_path: Path
) -> None:
    watch(connection, *ASINS, "B0NEWWATCH")
    archived(tmp_path, *ASINS, "B0UNWATCHD")
    set_status(connection, USER, ASINS[0], WatchStatus.INACTIVE)

    plan = plan_of(connection, tmp_path)
    one = plan_of(connection, tmp_path, asins=[ASINS[1], "B0UNWATCHD"])
    other = plan_of(connection, tmp_path, domains=["de"])

    assert (plan.total, plan.without_reply) == (2, 1)
    assert (one.total, one.without_reply) == (1, 0)
    assert (other.total, other.without_reply) == (0, 0)


def test_replies_of_another_time_or_source_are_not_planned(
    connection: Connection, tmp_path: Path
) -> None:
    watch(connection, *ASINS)
    archived(tmp_path, *ASINS)

    before = plan_of(connection, tmp_path, received=Interval(AT - DAY, AT))
    after = plan_of(connection, tmp_path, received=Interval(AT + DAY, LATER))
    real = plan_of(connection, tmp_path, source="keepa")

    for plan in (before, after, real):
        assert (dict(plan.products), plan.without_reply) == ({}, 3)


def plan_of(connection: Connection, lake: LakePath, **options: Any) -> ReplayPlan:
    return plan_replay(
        connection, ReplyArchive(lake), **{"received": ALL, "source": "simulator", **options}
    )
