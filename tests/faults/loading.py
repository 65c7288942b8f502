"""What the tests of loading under trouble share: messages, workers, and what is left in the end."""

import random
import subprocess
import sys
import uuid
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
from confluent_kafka import Consumer, Message

from keeper.domain.watches.watch import Watch
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.watches.watch_list import save_watches
from keeper.streams.codec import encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.groups.progress import GroupProgress
from keeper.streams.producer import EventProducer
from keeper.streams.topics import dead_letter_topic
from tests.faults.loader import Job
from tests.price_events import price_event
from tests.waiting import HUNG_AFTER_S

ROOT: Final = Path(__file__).resolve().parents[2]
ASINS: Final = [f"B{number:09d}" for number in range(150)]
State = list[list[dict[str, object]]]


def publish(kafka: KafkaConfig, topic: str, count: int, *, first: int = 0) -> dict[int, int]:
    """Publish price events, check after check; return how far each partition has come.

    An event depends on its number alone, however many are published at once.
    """
    with EventProducer(kafka) as producer:
        for number in range(first, first + count):
            event = price_event(
                random.Random(number).choice([None, 900, 990, 1005, 1100, 1500]),
                hour=number // len(ASINS),
                asin=ASINS[number % len(ASINS)],
            )
            producer.send(topic, event.asin.encode(), encode_price_event(event))
        producer.flush()
        return producer.reached(topic)


def watch_all(database: PostgresConfig) -> PostgresConfig:
    """Watch every product with a target of 10.00."""
    with session(database) as connection:
        save_watches(connection, "reader@example.org", [Watch(a, "us", "NEW", 1000) for a in ASINS])
    return database


def job_for(kafka: KafkaConfig, topic: str, database: PostgresConfig) -> Job:
    """Return a job of a group of its own."""
    return Job(
        brokers=kafka.bootstrap_servers,
        topic=topic,
        group=f"faults-{uuid.uuid4().hex}",
        instance="a",
        database=database.url,
    )


def changed(job: Job, **values: object) -> Job:
    """Return the job with other values."""
    return msgspec.structs.replace(job, **values)


def start(job: Job) -> subprocess.Popen[bytes]:
    """Start a worker."""
    words = [sys.executable, "-m", "tests.faults.loader", msgspec.json.encode(job).decode()]
    return subprocess.Popen(words, cwd=ROOT)


def finish(job: Job) -> None:
    """Let a worker load all that is left."""
    assert start(changed(job, until_idle=True, die_at=None)).wait(HUNG_AFTER_S) == 0


def behind(kafka: KafkaConfig, job: Job, offsets: dict[int, int]) -> int:
    """Return how many messages the group has not committed."""
    with closing(GroupProgress(kafka, topic=job.topic, group=job.group)) as progress:
        return sum(progress.lag_behind(offsets).values())


def state_of(database: PostgresConfig) -> State:
    """Return all that loading leaves for people: history, current prices, watches and alerts."""
    queries = (
        "SELECT * FROM price_history ORDER BY asin, observed_at",
        "SELECT * FROM current_prices ORDER BY asin",
        "SELECT asin, last_checked_at FROM watched_products ORDER BY asin",
        "SELECT w.asin, a.price_minor, a.checked_at, a.reason FROM price_alerts a"
        " JOIN watched_products w USING (watch_id) ORDER BY w.asin, a.checked_at",
    )
    with session(database) as connection:
        return [connection.execute(query).fetchall() for query in queries]


def points(database: PostgresConfig) -> int:
    """Return how many points are stored."""
    with session(database) as connection:
        row = connection.execute("SELECT count(*) AS points FROM price_points").fetchone()
    return row["points"] if row else 0


def dead_letters(kafka: KafkaConfig, topic: str) -> list[Message]:
    """Return the dead letters of a topic that readers of committed messages see."""
    reader = Consumer(
        kafka.for_client(
            {
                "group.id": f"reader-{uuid.uuid4().hex}",
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "fetch.message.max.bytes": 20_000_000,
            }
        )
    )
    name = dead_letter_topic(topic)
    left = set(reader.list_topics(name, timeout=10).topics[name].partitions)
    reader.subscribe([name])
    letters = []
    with closing(reader):
        while left:
            message = reader.poll(30)
            assert message is not None, "Kafka is silent"
            if message.error() is None:
                letters.append(message)
            else:
                left.discard(message.partition())
    return letters
