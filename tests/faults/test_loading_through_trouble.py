"""Services that stop, stall and refuse while a worker loads; messages nobody can load."""

import signal
import subprocess
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, without an __all__
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from elasticsearch import Elasticsearch

from keeper.clock import utc_now
from keeper.pipeline.search.mirrors import PRICES
from keeper.pipeline.search.reconcile import reconcile
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.streams.codec import encode_price_event
from keeper.streams.config import KafkaConfig
from tests.faults.loader import Job
from tests.faults.loading import (
    State,
    behind,
    changed,
    dead_letters,
    finish,
    job_for,
    points,
    publish,
    start,
    state_of,
    watch_all,
)
from tests.price_events import price_event
from tests.services import Stack
from tests.waiting import HUNG_AFTER_S, wait_until

EVENTS = 6_000
SHORT_SESSION_MS = 6_000
"""The least that brokers allow."""
GOOD = encode_price_event(price_event(1000))


def edited(**fields: object) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(GOOD) | fields)


POISON = (
    b"\xff\xfe no text",
    GOOD.replace(b"A kettle", b"A \xc3 kettle"),
    b"not json",
    b"",
    b"[]",
    GOOD[:-20],
    edited(price_minor="cheap"),
    edited(checked_at="yesterday"),
    edited(asin="B1"),
    msgspec.json.encode({k: v for k, v in msgspec.json.decode(GOOD).items() if k != "checked_at"}),
    edited(schema_version=2),
    edited(price_minor=10**15),
    edited(price_minor=-5),
    edited(timestamp="1999-01-01T00:00:00Z"),
    edited(product_title="\0"),
    edited(image_url="x" * 5_000_000),
)


@pytest.fixture
def disturbed(make_database: Callable[[], PostgresConfig]) -> PostgresConfig:
    return watch_all(make_database())


def publish_poison(kafka: KafkaConfig, topic: str, count: int) -> list[bytes]:
    """Put messages on the topic that no loader can take, the large ones by raising its limit."""
    limit = ConfigEntry("max.message.bytes", "6000000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[limit])
    admin = kafka.admin()
    for future in admin.incremental_alter_configs([resource]).values():
        future.result()
    # Not everybody's mistake is large.
    values = [POISON[number % (len(POISON) - 1)] for number in range(count - 1)] + [POISON[-1]]
    producer = Producer(kafka.for_client({"message.max.bytes": 6_000_000}))
    for number, value in enumerate(values):
        producer.produce(topic, value, f"key {number}")
    assert producer.flush(30) == 0
    return values


def test_poison_becomes_dead_letters_and_costs_nothing_else(
    kafka: KafkaConfig,
    topic: str,
    disturbed: PostgresConfig,
    undisturbed: Callable[[int], State],
) -> None:
    publish(kafka, topic, EVENTS // 2)
    poison = publish_poison(kafka, topic, EVENTS // 2 // 100)

    finish(job_for(kafka, topic, disturbed))

    assert state_of(disturbed) == undisturbed(EVENTS // 2)
    letters = dead_letters(kafka, topic)
    assert Counter(letter.value() for letter in letters) == Counter(poison)
    assert all(dict(letter.headers() or [])["reason"] for letter in letters)


def test_loaders_that_join_leave_and_die_double_and_lose_nothing(
    kafka: KafkaConfig,
    topic: str,
    disturbed: PostgresConfig,
    undisturbed: Callable[[int], State],
) -> None:
    publish(kafka, topic, EVENTS // 2)
    poison = publish_poison(kafka, topic, 40)
    offsets = publish(kafka, topic, EVENTS // 2, first=EVENTS // 2)
    poison += publish_poison(kafka, topic, 40)
    job = changed(
        job_for(kafka, topic, disturbed),
        instance=None,
        batch=50,
        session_timeout_ms=SHORT_SESSION_MS,
    )

    def wait_for_progress(share: float) -> None:
        wait_until(
            lambda: behind(kafka, job, offsets) < EVENTS * (1 - share), f"progress of {share}"
        )

    first = start(changed(job, until_idle=False))
    wait_for_progress(0.1)
    second = start(changed(job, until_idle=False))
    wait_for_progress(0.3)
    first.send_signal(signal.SIGTERM)
    assert first.wait(HUNG_AFTER_S) == 0
    third = start(changed(job, until_idle=False))
    wait_for_progress(0.5)
    second.send_signal(signal.SIGKILL)
    second.wait(HUNG_AFTER_S)
    finish(job)
    third.send_signal(signal.SIGTERM)
    assert third.wait(HUNG_AFTER_S) == 0

    # Who finished may have had some partitions only; the other had the rest.
    finish(job)
    assert behind(kafka, job, offsets) == 0
    letters = dead_letters(kafka, topic)
    assert Counter(letter.value() for letter in letters) == Counter(poison)
    places = [
        (headers["origin-partition"], headers["origin-offset"])
        for headers in (dict(letter.headers() or []) for letter in letters)
    ]
    assert len(set(places)) == len(places)
    assert state_of(disturbed) == undisturbed(EVENTS)


@pytest.mark.parametrize("service", ["postgres", "kafka"])
def test_a_service_that_goes_and_comes_back_costs_nothing(
    kafka: KafkaConfig,
    topic: str,
    disturbed: PostgresConfig,
    undisturbed: Callable[[int], State],
    stack: Stack,
    service: str,
) -> None:
    offsets = publish(kafka, topic, EVENTS)
    expected = undisturbed(EVENTS)
    job = changed(job_for(kafka, topic, disturbed), batch=50, until_idle=False)
    worker = start(job)

    def has_come(events: int) -> bool:
        assert worker.poll() is None, "the loader has ended"
        return behind(kafka, job, offsets) <= EVENTS - events

    wait_until(lambda: has_come(500), "the first events")
    with stack.without(service):
        assert worker.poll() is None, "the loader ended without the service"
    wait_until(lambda: has_come(EVENTS), "the last events")
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(HUNG_AFTER_S) == 0
    assert state_of(disturbed) == expected


def test_a_database_that_stalls_longer_than_kafka_waits_for_a_poll(
    kafka: KafkaConfig,
    topic: str,
    disturbed: PostgresConfig,
    undisturbed: Callable[[int], State],
) -> None:
    offsets = publish(kafka, topic, EVENTS)
    expected = undisturbed(EVENTS)
    job = changed(
        job_for(kafka, topic, disturbed),
        batch=50,
        # The least Kafka allows is the session time-out.
        client={"max.poll.interval.ms": str(SHORT_SESSION_MS)},
        session_timeout_ms=SHORT_SESSION_MS,
    )
    with session(disturbed) as connection:
        connection.execute("BEGIN")
        connection.execute("LOCK TABLE price_points IN ACCESS EXCLUSIVE MODE")
        worker = start(job)
        # The lock is what is tested: the loader waits for it all this time.
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(10)
        connection.execute("COMMIT")

    assert worker.wait(HUNG_AFTER_S) == 0
    assert behind(kafka, job, offsets) == 0
    assert state_of(disturbed) == expected


@pytest.mark.parametrize(
    ("sqlstate", "meaning"),
    [("53100", "disk full"), ("40P01", "deadlock detected"), ("40001", "serialization failure")],
)
def test_a_passing_refusal_of_postgres_is_tried_again(
    kafka: KafkaConfig,
    topic: str,
    disturbed: PostgresConfig,
    undisturbed: Callable[[int], State],
    sqlstate: str,
    meaning: str,
) -> None:
    publish(kafka, topic, 600)
    with session(disturbed) as connection:
        connection.execute("CREATE SEQUENCE troubles")
        connection.execute(
            f"""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                -- A sequence does not go back with the transaction.
                IF nextval('troubles') % 3 <> 0 THEN
                    RAISE EXCEPTION '{meaning}' USING ERRCODE = '{sqlstate}';
                END IF;
                RETURN NULL;
            END
            $$
            """
        )
        connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON price_points EXECUTE FUNCTION refuse()"
        )

    finish(job_for(kafka, topic, disturbed))

    with session(disturbed) as connection:
        row = connection.execute("SELECT last_value FROM troubles").fetchone()
    assert row is not None
    assert row["last_value"] >= 3, "PostgreSQL never refused"
    assert state_of(disturbed) == undisturbed(600)


def test_the_topic_read_again_from_its_beginning_changes_nothing(
    kafka: KafkaConfig, topic: str, disturbed: PostgresConfig
) -> None:
    publish(kafka, topic, EVENTS)
    finish(job_for(kafka, topic, disturbed))
    before = state_of(disturbed)

    for batch in (100, 5_000):
        finish(changed(job_for(kafka, topic, disturbed), batch=batch))

    assert points(disturbed) == EVENTS
    assert state_of(disturbed) == before


def test_elasticsearch_may_be_away_for_the_whole_load(
    kafka: KafkaConfig,
    topic: str,
    search: Elasticsearch,
    alias: str,
    stack: Stack,
    disturbed: PostgresConfig,
) -> None:
    offsets = publish(kafka, topic, EVENTS)
    job = Job(
        brokers=kafka.bootstrap_servers,
        topic=topic,
        group=f"faults-{uuid.uuid4().hex}",
        search=stack["ELASTICSEARCH_URL"],
        alias=alias,
        batch=1_000,
    )
    with stack.without("elasticsearch"):
        worker = start(job)
        finish(job_for(kafka, topic, disturbed))
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(5)
        assert behind(kafka, job, offsets) == EVENTS

    assert points(disturbed) == EVENTS
    assert worker.wait(HUNG_AFTER_S) == 0
    with session(disturbed) as connection:
        found = reconcile(connection, search, replace(PRICES, alias=alias), at=utc_now())
    assert found.days > 0
    assert found.different == 0
