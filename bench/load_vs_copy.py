"""Loading: Keeper's loader, a message at a time, and PostgreSQL's own COPY of the same points."""

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Final

import psycopg
from psycopg import sql

from bench.fresh import fresh_database, fresh_topic
from bench.loader_process import Job, load, total_seconds
from bench.per_message import load_one_by_one
from bench.registry import Run, Values, benchmark
from bench.seeded_prices import seeded_messages, seeded_watches
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.watches.watch_list import save_watches
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer

SERIES: Final = 10_000
ROUNDS: Final = 5
_BLOCK: Final = 65_536
_POINTS: Final = "COPY (SELECT * FROM price_points ORDER BY series_id, observed_at) TO STDOUT"


@benchmark
def load_vs_copy(run: Run) -> Values:
    """500,000 events of 10,000 watched series, alerts raised, against COPY of the sorted points."""
    environment = run.stack.environment("postgres", "kafka")
    kafka = KafkaConfig(environment["KAFKA_BOOTSTRAP_SERVERS"])
    url = environment["DATABASE_URL"]
    count, one_by_one = run.size(500_000, 5_000), run.size(3_000, 200)
    series = run.size(SERIES, 500)
    with fresh_topic(kafka) as topic:
        publish(kafka, topic, count, series=series)
        run.say(f"{count:,} events of {series:,} watched series on 6 partitions, fsync on")
        rounds = []
        for number in range(min(run.rounds, ROUNDS)):
            rounds.append(_round(Where(kafka, topic, url, series), count, one_by_one))
            run.say(
                f"round {number + 1}: "
                + ", ".join(f"{name} {value:.2f}" for name, value in rounds[-1].items())
            )
    return {name: median(one[name] for one in rounds) for name in rounds[0]}


class Where:
    """Where a round finds its services and messages."""

    def __init__(self, kafka: KafkaConfig, topic: str, url: str, series: int) -> None:
        self.kafka, self.topic, self.url, self.series = kafka, topic, url, series

    def job(self, database: PostgresConfig) -> Job:
        return Job(self.kafka, self.topic, f"bench-{uuid.uuid4().hex}", database)


def _round(where: Where, count: int, one_by_one: int) -> Values:
    with ExitStack() as stack:
        first, second, third, fourth = (
            stack.enter_context(watched_database(where.url, where.series)) for _ in range(4)
        )
        (loaded,) = load(where.job(first))
        assert loaded.messages == count
        (again,) = load(where.job(first))
        assert again.messages == count
        pair = load(where.job(second), loaders=2)
        assert sum(one.messages for one in pair) == count
        assert digest(first) == digest(second), "two loaders have left other tables than one"
        copied = _copy_seconds(first, third)
        with session(third) as connection:
            connection.execute("TRUNCATE price_points")
        copied_binary = _copy_seconds(first, third, " (FORMAT binary)")
        started = time.perf_counter()
        job = where.job(fourth)
        load_one_by_one(where.kafka, where.topic, job.group, fourth, one_by_one)
        each = (time.perf_counter() - started) / one_by_one
    return {
        "load_vs_copy": copied / loaded.seconds,
        "load_vs_binary_copy": copied_binary / loaded.seconds,
        "load_vs_per_message": each * count / loaded.seconds,
        "load_replay_vs_first": loaded.seconds / again.seconds,
        "load_two_vs_one": loaded.seconds / total_seconds(pair),
        "load_events_per_s": count / loaded.seconds,
        "load_copy_rows_per_s": count / copied,
        "load_binary_copy_rows_per_s": count / copied_binary,
        "load_per_message_per_s": 1 / each,
        **{f"load_{stage}_s": spent for stage, spent in loaded.metrics.items()},
    }


def publish(kafka: KafkaConfig, topic: str, count: int, *, series: int = SERIES) -> None:
    """Put the seeded events on a topic."""
    with EventProducer(kafka) as producer:
        producer.send_all(topic, seeded_messages(count, series=series))


@contextmanager
def watched_database(url: str, series: int) -> Iterator[PostgresConfig]:
    """Make a database in which every series is watched with a target."""
    with fresh_database(url) as config:
        with session(config) as connection:
            save_watches(connection, "reader@example.org", seeded_watches(series))
            connection.execute("ANALYZE")
        yield config


def digest(config: PostgresConfig) -> list[object]:
    """Return checksums of what a load leaves, whatever numbers its rows have got."""
    queries = (
        "SELECT count(*) AS n, sum(hashtextextended(h::text, 0)) AS s FROM price_history h",
        "SELECT count(*) AS n, sum(hashtextextended(c::text, 0)) AS s FROM current_prices c",
        "SELECT count(*) AS n, sum(hashtextextended(concat_ws(' ', asin, price_minor, checked_at,"
        " reason), 0)) AS s FROM price_alerts",
    )
    with session(config) as connection:
        return [connection.execute(query).fetchone() for query in queries]


def _copy_seconds(source: PostgresConfig, target: PostgresConfig, form: str = "") -> float:
    """Time one transaction that copies the points, prepared beforehand, into the empty table."""
    out_of, into = sql.SQL(_POINTS + form), sql.SQL("COPY price_points FROM STDIN" + form)
    with psycopg.connect(source.url) as connection, connection.cursor().copy(out_of) as out:
        data = [bytes(block) for block in out]
    # As large as psql sends them.
    rows = b"".join(data)
    blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
    with psycopg.connect(target.url) as connection:
        started = time.perf_counter()
        with connection.cursor().copy(into) as copy:
            for block in blocks:
                copy.write(block)
        connection.commit()
        return time.perf_counter() - started
