"""Elasticsearch compared with PostgreSQL and put right, on real services."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from elasticsearch import Elasticsearch
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.domain.deals.deal import DealFilter
from keeper.domain.prices.events import PriceEvent
from keeper.domain.search.mirroring import DayOfLocale
from keeper.pipeline.runs.consumers import price_consumer
from keeper.pipeline.search import mirrors
from keeper.pipeline.search.mirrors import DEALS, Mirror
from keeper.pipeline.search.past_retention import expired_in
from keeper.pipeline.search.wait_for_workers import WorkersBehindError, wait_for_workers
from keeper.settings import load_settings
from keeper.stores.elasticsearch import deal_index
from keeper.stores.elasticsearch.bulk import version_of
from keeper.stores.elasticsearch.day_sums import StoredDocument
from keeper.stores.elasticsearch.deal_index import DealIndex
from keeper.stores.elasticsearch.price_index import PriceIndex
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.deals.filters import active_filters, save_filter
from keeper.stores.postgres.deals.writer import DealWriter
from keeper.stores.postgres.prices.writer import BackfillWriter, PriceWriter
from keeper.streams.config import KafkaConfig
from keeper.streams.topics import DEAL_UPDATES
from tests.deals import CHECKED_AT, a_deal_event
from tests.price_events import START, price_event
from tests.search_mirror import HISTORY, compare, documents, feed_like, rebuild
from tests.services import Stack, remove_alias


def test_what_is_missing_altered_or_surplus_is_put_right(
    connection: Connection,
    search: Elasticsearch,
    mirror: Mirror,
    store: Callable[[Sequence[PriceEvent]], object],
) -> None:
    store(HISTORY)
    index = PriceIndex(search, mirror.alias)
    missing, cheaper, newer, older = HISTORY[3], HISTORY[20], HISTORY[40], HISTORY[61]
    index.store([event for event in HISTORY if event not in (missing, older)])
    index.store([msgspec.structs.replace(cheaper, price_minor=1)])
    index.store(
        [
            msgspec.structs.replace(
                newer, price_minor=2, checked_at=newer.checked_at + timedelta(minutes=1)
            )
        ]
    )
    early = older.checked_at - timedelta(minutes=30)
    index.store([msgspec.structs.replace(older, checked_at=early)])
    index.store([price_event(77, asin="B00000SPAM"), price_event(78, hour=1000, check=0)])

    seen = compare(connection, search, mirror, dry_run=True)
    found = compare(connection, search, mirror)
    again = compare(connection, search, mirror)

    assert (found.missing, found.outdated, found.surplus) == (1, 3, 2)
    assert (seen.missing, seen.outdated, seen.surplus) == (1, 3, 2), "a dry run changes nothing"
    assert found.different == len(
        {
            (e.domain, e.timestamp.date())
            for e in (missing, cheaper, newer, older, price_event(77), price_event(78, hour=1000))
        }
    )
    assert (again.different, again.wrong) == (0, 0)
    assert {
        name: (fields["price_minor"], fields["checked_at"])
        for name, fields in documents(search, mirror.alias).items()
    } == {
        mirror.contents.document(event).id: (
            event.price_minor,
            event.checked_at.isoformat().replace("+00:00", "Z"),
        )
        for event in HISTORY
    }
    rows = connection.execute(
        "SELECT is_dry_run, missing, outdated, surplus, cardinality(examples) > 0 AS has_examples"
        " FROM reconciliations ORDER BY reconciliation_id"
    ).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        (True, 1, 3, 2, True),
        (False, 1, 3, 2, True),
        (False, 0, 0, 0, False),
    ]


def test_after_a_loss_in_postgresql_its_documents_stay_until_somebody_asks(
    connection: Connection,
    search: Elasticsearch,
    mirror: Mirror,
    store: Callable[[Sequence[PriceEvent]], object],
) -> None:
    store(HISTORY)
    lost = [price_event(100 + n, asin=f"B1{n:08d}") for n in range(1_001)]
    PriceIndex(search, mirror.alias).store([*HISTORY[1:], *lost])

    seen = compare(connection, search, mirror, dry_run=True)
    found = compare(connection, search, mirror)
    kept = documents(search, mirror.alias)

    assert (found.missing, found.surplus, found.surplus_kept) == (1, 1_001, 1_001)
    assert seen.surplus_kept == 1_001, "a dry run says what a comparison would leave"
    assert len(kept) == len(HISTORY) + 1_001, "all else was put right"
    assert found.refusal is not None
    assert "keeper search reconcile prices --delete-surplus" in found.refusal
    rows = connection.execute("SELECT surplus_kept FROM reconciliations").fetchall()
    assert [row["surplus_kept"] for row in rows] == [1_001, 1_001]

    asked = compare(connection, search, mirror, delete_surplus=True)

    assert (asked.surplus, asked.surplus_kept, asked.refusal) == (1_001, 0, None)
    assert len(documents(search, mirror.alias)) == len(HISTORY)


def test_documents_past_their_retention_go_however_many_they_are(
    connection: Connection,
    search: Elasticsearch,
    mirror: Mirror,
    store: Callable[[Sequence[PriceEvent]], object],
) -> None:
    store(HISTORY)
    hours = int((datetime(2016, 1, 1, tzinfo=UTC) - START) / timedelta(hours=1))
    old = [price_event(100, hour=hours, check=0, asin=f"B2{n:08d}") for n in range(1_001)]
    lost = [price_event(100 + n, asin=f"B1{n:08d}") for n in range(1_001)]
    PriceIndex(search, mirror.alias).store([*HISTORY, *old, *lost])
    # As retention does with the partition of 2011 to 2018.
    connection.execute("DROP TABLE price_points_2011")
    expired = expired_in(mirror, connection, records_days=400, at=CHECKED_AT)

    found = compare(connection, search, mirror, is_expired=expired)

    assert (found.surplus, found.surplus_kept) == (2_002, 1_001)
    assert len(documents(search, mirror.alias)) == len(HISTORY) + 1_001


def test_a_deal_is_past_its_retention_by_when_it_was_last_seen(connection: Connection) -> None:
    expired = expired_in(DEALS, connection, records_days=400, at=CHECKED_AT)
    day = DayOfLocale("us", date(2011, 1, 1))

    def seen(days_ago: int) -> StoredDocument:
        return StoredDocument(1, version_of(CHECKED_AT - timedelta(days=days_ago)), {})

    assert [expired(day, seen(days)) for days in (1, 399, 401)] == [False, False, True]


def test_a_share_of_five_percent_is_deleted_however_many_that_is(
    connection: Connection,
    search: Elasticsearch,
    mirror: Mirror,
    store: Callable[[Sequence[PriceEvent]], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("keeper.pipeline.search.reconcile._ALWAYS_DELETED", 0)
    store(HISTORY)
    most = len(HISTORY) // 19  # a twentieth of all documents with the surplus ones
    surplus = [price_event(100 + n, asin=f"B1{n:08d}") for n in range(most + 1)]
    index = PriceIndex(search, mirror.alias)
    index.store([*HISTORY, *surplus[:most]])
    allowed = compare(connection, search, mirror)
    index.store(
        [msgspec.structs.replace(e, checked_at=e.checked_at + timedelta(1)) for e in surplus]
    )
    refused = compare(connection, search, mirror)

    assert (allowed.surplus, allowed.surplus_kept) == (most, 0)
    assert (refused.surplus, refused.surplus_kept) == (most + 1, most + 1)


def test_what_was_put_right_can_be_checked_again(
    connection: Connection,
    search: Elasticsearch,
    mirror: Mirror,
    store: Callable[[Sequence[PriceEvent]], object],
) -> None:
    event = price_event(1000)
    store([event])
    index = PriceIndex(search, mirror.alias)
    index.store([msgspec.structs.replace(event, price_minor=1, checked_at=START + timedelta(1))])
    compare(connection, search, mirror)

    index.store([price_event(1000, check=48)])

    (document,) = documents(search, mirror.alias).values()
    assert (document["price_minor"], document["checked_at"]) == (1000, "2026-03-03T00:30:00Z")


def test_an_older_point_said_again_is_not_wrong(
    connection: Connection,
    database: PostgresConfig,
    search: Elasticsearch,
    mirror: Mirror,
) -> None:
    index = PriceIndex(search, mirror.alias)
    for check in (12, 18):
        events = [price_event(1000, check=check), price_event(900, hour=6, check=check)]
        with closing(BackfillWriter(database)) as writer:
            writer.store(events)
        index.store(events)

    assert compare(connection, search, mirror).different == 0


def test_what_was_checked_a_moment_ago_is_left_to_the_workers(
    connection: Connection,
    search: Elasticsearch,
    mirror: Mirror,
    store: Callable[[Sequence[PriceEvent]], object],
) -> None:
    here, there = price_event(1000), price_event(2000, asin="B000000002")
    store([here])
    PriceIndex(search, mirror.alias).store([there])
    now = here.checked_at + timedelta(minutes=5)

    found = compare(connection, search, mirror, at=now)

    assert (found.wrong, found.in_motion) == (0, 2)
    assert len(documents(search, mirror.alias)) == 1


def test_only_the_days_asked_for_are_compared(
    connection: Connection,
    search: Elasticsearch,
    mirror: Mirror,
    store: Callable[[Sequence[PriceEvent]], object],
) -> None:
    store(HISTORY)

    found = compare(connection, search, mirror, since=(START + timedelta(days=3)).date())

    assert found.days == 3, "one day in three locales"
    assert found.missing == sum(event.timestamp >= START + timedelta(days=3) for event in HISTORY)


def test_deals_are_rebuilt_and_reconciled_too(
    connection: Connection,
    database: PostgresConfig,
    search: Elasticsearch,
    kafka: KafkaConfig,
    topic: str,
    alias: str,
) -> None:
    save_filter(connection, "reader@example.org", DealFilter("kettles", "us", "NEW"))
    (found_by,) = active_filters(connection)
    events = [a_deal_event(found_by, asin=f"B{n:09d}", price_minor=1000 + n) for n in range(8)]
    name = f"test-{uuid.uuid4().hex}"
    deals = replace(DEALS, alias=name, topics={topic: feed_like(DEALS, DEAL_UPDATES)})
    try:
        deal_index.set_up(search, name)
        DealIndex(search, name, alias).store(events)
        expected = documents(search, name)
        with closing(DealWriter(database, follow=False)) as writer:
            writer.store(events)

        assert rebuild(database, search, kafka, deals).copied == 8
        assert documents(search, name) == expected
        assert compare(connection, search, deals).different == 0

        DealIndex(search, name, alias).store(
            [msgspec.structs.replace(events[0], score=1, checked_at=CHECKED_AT)]
        )
        assert compare(connection, search, deals).outdated == 1
        assert documents(search, name) == expected
    finally:
        remove_alias(search, name)


def test_a_worker_that_is_behind_is_waited_for(
    kafka: KafkaConfig,
    mirror: Mirror,
    publish: Callable[[Sequence[PriceEvent]], None],
    store: Callable[[Sequence[PriceEvent]], object],
    search: Elasticsearch,
    database: PostgresConfig,
) -> None:
    ((topic, feed),) = mirror.topics.items()
    loader, indexer = feed.groups
    publish(HISTORY[:3])
    said: list[str] = []

    with pytest.raises(WorkersBehindError, match=f"{loader} has still to read 3 messages"):
        wait_for_workers(kafka, mirror, timeout_s=0)

    def load(seconds: float) -> None:
        with closing(PriceWriter(database)) as writer:
            for group, target in (
                (loader, writer),
                (indexer, PriceIndex(search, mirror.alias)),
            ):
                price_consumer(kafka, target, group=group, topic=topic).run(until_idle=True)

    wait_for_workers(kafka, mirror, timeout_s=60, on_wait=said.append, pause=load)

    assert len(said) == 1


class TestCommands:
    """`keeper search rebuild|reconcile`, as a person types it."""

    @pytest.fixture(autouse=True)
    def _settings(
        self,
        stack: Stack,
        database: PostgresConfig,
        mirror: Mirror,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Iterator[None]:
        for name in ("ELASTICSEARCH_URL", "KAFKA_BOOTSTRAP_SERVERS"):
            monkeypatch.setenv(name, stack[name])
        monkeypatch.setenv("DATABASE_URL", database.url)
        monkeypatch.setattr(mirrors, "MIRRORS", {"prices": mirror})
        load_settings.cache_clear()
        yield
        load_settings.cache_clear()

    def test_rebuild_says_what_it_did(
        self, store: Callable[[Sequence[PriceEvent]], object], mirror: Mirror
    ) -> None:
        store(HISTORY)

        result = keeper("rebuild", "prices", "--keep")

        assert result.stdout.splitlines() == [
            f"{mirror.alias} is now {mirror.alias}-000002: 144 documents from PostgreSQL, "
            "0 messages from Kafka since",
            f"kept: {mirror.alias}-000001",
        ]

    def test_reconcile_says_what_it_found(
        self, store: Callable[[Sequence[PriceEvent]], object]
    ) -> None:
        store(HISTORY)

        first, second = keeper("reconcile"), keeper("reconcile", "prices", "--dry-run")

        assert "144" in first.stdout
        assert first.stdout.splitlines()[-1] == "put right"
        assert "2026-03-01 us: 12 missing" in first.stdout
        assert "missing" in second.stdout
        assert "nothing was changed" not in second.stdout

    def test_what_cannot_be_rebuilt_is_said(self) -> None:
        refused = keeper("rebuild", "price")

        assert refused.exit_code == 2
        assert "'price' is none of prices" in refused.stderr


def keeper(*words: str) -> Result:
    result = CliRunner().invoke(app, ["search", *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
