"""Loading: Keeper's loader against other systems that load the same topic."""

import uuid
from collections.abc import Callable
from statistics import median
from typing import Final

from bench.fresh import fresh_database, fresh_topic
from bench.load_vs_copy import SERIES, publish, watched_database
from bench.loader_process import Job, load
from bench.peers.debezium import debezium_seconds
from bench.peers.flink import flink_seconds
from bench.peers.target import MAKE_TABLE
from bench.registry import Run, Values, peer_benchmark
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.streams.config import KafkaConfig

ROUNDS: Final = 3
_BATCH: Final = 40_000
Peer = Callable[[str, str, PostgresConfig, int], float]


@peer_benchmark
def load_vs_debezium(run: Run) -> Values:
    """The same events: Keeper's loader, alerts raised, against Debezium's JDBC sink on Connect."""
    return _against(run, "debezium", debezium_seconds)


@peer_benchmark
def load_vs_flink(run: Run) -> Values:
    """The same events: Keeper's loader, alerts raised, against Flink SQL from Kafka to JDBC."""
    return _against(run, "flink", flink_seconds)


def _against(run: Run, name: str, peer: Peer) -> Values:
    environment = run.stack.environment("postgres", "kafka")
    kafka = KafkaConfig(environment["KAFKA_BOOTSTRAP_SERVERS"])
    url = environment["DATABASE_URL"]
    count, series = run.size(500_000, 20_000), run.size(SERIES, 500)
    ratios, paces, ours = [], [], []
    with fresh_topic(kafka) as topic:
        publish(kafka, topic, count, series=series)
        for number in range(min(run.rounds, ROUNDS)):
            # All of Keeper's time, from joining the group; of the peer's that with rows coming.
            keeper = _keeper_seconds(kafka, topic, url, series, count)
            with fresh_database(url) as database:
                with session(database) as connection:
                    connection.execute(MAKE_TABLE)
                other = peer(kafka.bootstrap_servers, topic, database, count)
            run.say(
                f"round {number + 1}: Keeper {count / keeper:,.0f} events a second, "
                f"{name} {count / other:,.0f} rows a second"
            )
            ratios.append(other / keeper)
            paces.append(count / other)
            ours.append(count / keeper)
    return {
        f"load_vs_{name}": median(ratios),
        f"{name}_rows_per_s": median(paces),
        f"load_events_per_s_beside_{name}": median(ours),
    }


def _keeper_seconds(kafka: KafkaConfig, topic: str, url: str, series: int, count: int) -> float:
    with watched_database(url, series) as database:
        group = f"bench-{uuid.uuid4().hex}"
        (loaded,) = load(Job(kafka, topic, group, database, batch=_BATCH))
        assert loaded.messages == count
    return loaded.seconds
