"""How soon a single price is there for people: its row and its alert."""

import time
import uuid
from collections.abc import Sequence
from multiprocessing import get_context
from statistics import quantiles
from typing import Final

import msgspec

from bench.fresh import fresh_topic
from bench.load_vs_copy import watched_database
from bench.loader_process import Job, load_until_stopped
from bench.registry import Run, Values, benchmark
from bench.seeded_prices import seeded_events
from keeper.domain.prices.events import PriceEvent
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.streams.codec import encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer

SPACING_S: Final = 0.03
_LOOK_EVERY_S: Final = 0.001
_WAIT_S: Final = 60


@benchmark
def load_latency(run: Run) -> Values:
    """1,000 spaced messages on a quiet stack: until the price and its alert are in PostgreSQL."""
    environment = run.stack.environment("postgres", "kafka")
    kafka = KafkaConfig(environment["KAFKA_BOOTSTRAP_SERVERS"])
    count = run.size(1_000, 50)
    # Each a first price far below its watch's target: a row and an alert.
    events = [_cheap(event) for event in seeded_events(count, series=count)]
    processes = get_context("spawn")
    stopping = processes.Event()
    with (
        fresh_topic(kafka) as topic,
        watched_database(environment["DATABASE_URL"], count) as database,
    ):
        job = Job(kafka, topic, f"bench-{uuid.uuid4().hex}", database)
        loader = processes.Process(target=load_until_stopped, args=(job, stopping), daemon=True)
        loader.start()
        try:
            warmed, *rest = events
            _publish_and_wait(kafka, topic, database, [warmed])
            waited = _publish_and_wait(kafka, topic, database, rest)
        finally:
            stopping.set()
            loader.join(_WAIT_S)
    percentiles = quantiles(waited, n=100)
    return {
        "load_latency_p50_ms": percentiles[49] * 1000,
        "load_latency_p99_ms": percentiles[98] * 1000,
        "load_latency_max_ms": max(waited) * 1000,
    }


def _publish_and_wait(
    kafka: KafkaConfig, topic: str, database: PostgresConfig, events: Sequence[PriceEvent]
) -> list[float]:
    """Publish events one after the other; return how long each took to be seen, with its alert."""
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    with session(database) as connection, EventProducer(kafka) as producer:
        row = connection.execute("SELECT count(*) AS n FROM price_alerts").fetchone()
        last = row["n"] if row else 0
        next_at = time.perf_counter()
        deadline = next_at + len(events) * SPACING_S + _WAIT_S
        waiting = list(reversed(events))
        while len(seen) < len(events):
            now = time.perf_counter()
            assert now < deadline, "a price has not come"
            if waiting and now >= next_at:
                event = waiting.pop()
                sent[event.asin] = time.perf_counter()
                producer.send(topic, event.asin.encode(), encode_price_event(event))
                next_at += SPACING_S
            found = connection.execute(
                "SELECT a.alert_id, a.asin FROM price_alerts a JOIN price_history USING (asin)"
                " WHERE a.alert_id > %s",
                [last],
            ).fetchall()
            for alert in found:
                seen[alert["asin"]] = time.perf_counter()
                last = max(last, alert["alert_id"])
            # Between two looks at another process; the table announces nothing.
            time.sleep(_LOOK_EVERY_S)
    return [seen[asin] - at for asin, at in sent.items()]


def _cheap(event: PriceEvent) -> PriceEvent:
    return msgspec.structs.replace(event, price_minor=1, shipping_minor=None, implausible=False)
