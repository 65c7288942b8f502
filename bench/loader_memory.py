"""The loader's memory over a very long load."""

import uuid

from bench.fresh import fresh_topic
from bench.load_vs_copy import publish, watched_database
from bench.loader_process import Job, load
from bench.registry import Run, Values, benchmark
from keeper.streams.config import KafkaConfig


@benchmark
def loader_memory(run: Run) -> Values:
    """Memory of one loader over 5 million messages: the most, and how much it grew at the end."""
    environment = run.stack.environment("postgres", "kafka")
    kafka = KafkaConfig(environment["KAFKA_BOOTSTRAP_SERVERS"])
    count, series = run.size(5_000_000, 10_000), run.size(10_000, 500)
    with (
        fresh_topic(kafka) as topic,
        watched_database(environment["DATABASE_URL"], series) as database,
    ):
        publish(kafka, topic, count, series=series)
        run.say(f"{count:,} messages are on the topic")
        (loaded,) = load(Job(kafka, topic, f"bench-{uuid.uuid4().hex}", database))
    assert loaded.messages == count
    resident = loaded.resident_mib
    fifth = max(len(resident) // 5, 1)
    return {
        "loader_memory_peak_mib": max(resident),
        "loader_memory_late_vs_early": max(resident[-fifth:]) / max(resident[:fifth]),
        "loader_memory_events_per_s": count / loaded.seconds,
    }
