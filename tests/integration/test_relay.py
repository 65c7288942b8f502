"""The relay on a real PostgreSQL and Kafka: each commit is published, and heartbeats say so."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from itertools import count

import pytest

from keeper.domain.changes import Change, ChangeKind
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.streams.changes.subscriber import ChangeSubscriber
from keeper.streams.config import KafkaConfig
from tests.relaying import quick, relaying
from tests.stored_prices import store_current_price
from tests.waiting import wait_until

pytestmark = pytest.mark.services
AT = datetime(2026, 3, 1, tzinfo=UTC)


Read = Callable[[ChangeKind], list[Change]]


@pytest.fixture
def read(kafka: KafkaConfig, topic: str) -> Iterator[Read]:
    """Reads the topic up to the next message of a kind."""
    with closing(ChangeSubscriber(kafka, topic=topic)) as subscriber:
        subscriber.begin()
        waiting: list[Change] = []

        def until(kind: ChangeKind) -> list[Change]:
            found: list[Change] = []
            while not found or found[-1].kind is not kind:
                while not waiting:
                    waiting.extend(one.change for one in subscriber.receive(0.2))
                found.append(waiting.pop(0))
            return found

        yield until


def test_what_is_committed_comes_before_the_heartbeat_that_sets_out_after_it(
    database: PostgresConfig, connection: Connection, kafka: KafkaConfig, topic: str, read: Read
) -> None:
    with relaying(quick(database, kafka, topic)):
        assert read(ChangeKind.HEARTBEAT)[0].kind is ChangeKind.ANYTHING
        for number in range(3):
            store_current_price(connection, f"B00000000{number}", at=AT, price=100)
        with connection.transaction():
            store_current_price(connection, "B000000009", at=AT, price=100)
            before = read(ChangeKind.HEARTBEAT) + read(ChangeKind.HEARTBEAT)
            ids = {one for change in before for one in change.ids or ()}
            assert ids == {f"us/B00000000{number}" for number in range(3)}
        assert read(ChangeKind.PRODUCT)[-1].ids == ("us/B000000009",)


def test_a_second_relay_stands_by_and_takes_over_with_anything(
    database: PostgresConfig, kafka: KafkaConfig, topic: str, read: Read
) -> None:
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(relaying(quick(database, kafka, topic)))
        read(ChangeKind.HEARTBEAT)
        second.enter_context(relaying(quick(database, kafka, topic)))
        more = read(ChangeKind.HEARTBEAT) + read(ChangeKind.HEARTBEAT)
        assert {one.kind for one in more} == {ChangeKind.HEARTBEAT}
        first.close()
        assert ChangeKind.ANYTHING in {one.kind for one in read(ChangeKind.ANYTHING)}
        read(ChangeKind.HEARTBEAT)


def test_a_relay_that_loses_a_service_ends_so_that_another_begins_with_anything(
    database: PostgresConfig, connection: Connection, kafka: KafkaConfig, topic: str, read: Read
) -> None:
    with relaying(quick(database, kafka, topic)) as ended:
        read(ChangeKind.HEARTBEAT)
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        wait_until(lambda: ended, "the relay has ended")
    # Committed while nobody listened.
    store_current_price(connection, "B000000009", at=AT, price=100)
    with relaying(quick(database, kafka, topic)):
        assert read(ChangeKind.ANYTHING)[-1].ids is None


def test_more_ids_than_a_message_holds_come_in_several(
    database: PostgresConfig, connection: Connection, kafka: KafkaConfig, topic: str, read: Read
) -> None:
    with relaying(quick(database, kafka, topic)):
        read(ChangeKind.HEARTBEAT)
        connection.execute(
            "INSERT INTO price_series (asin, domain, price_type, currency)"
            " SELECT to_char(n, 'FM0000000000'), 'us', 'NEW', 'USD' FROM generate_series(1, 1200) n"
        )
        sizes: list[int] = []
        for _ in count():
            sizes += [len(one.ids or ()) for one in read(ChangeKind.PRODUCT) if one.ids]
            if sum(sizes) == 1200:
                break
        assert max(sizes) <= 500


def test_a_kind_of_a_later_version_may_be_a_change_of_anything(
    database: PostgresConfig, connection: Connection, kafka: KafkaConfig, topic: str, read: Read
) -> None:
    with relaying(quick(database, kafka, topic)):
        read(ChangeKind.HEARTBEAT)
        connection.execute("SELECT pg_notify('keeper_changes', 'moon 7')")
        read(ChangeKind.ANYTHING)
