"""Dead letters, written as loaders do."""

from collections.abc import Sequence

from confluent_kafka import Producer

from keeper.streams.config import KafkaConfig
from keeper.streams.topics import dead_letter_topic


def publish_letters(
    kafka: KafkaConfig, topic: str, values: Sequence[bytes | None], reason: str = "no JSON"
) -> None:
    """Put dead letters into a topic's box, their reasons numbered from 1."""
    producer = Producer(kafka.for_client({"allow.auto.create.topics": False}))
    for number, value in enumerate(values, 1):
        headers: dict[str, str | bytes | None] = {
            "reason": f"{reason} {number}",
            "origin-partition": "0",
            "origin-offset": f"{number}",
        }
        # In their order: none before the last is there.
        producer.produce(dead_letter_topic(topic), value, f"key-{number}", 0, headers=headers)
        assert producer.flush(30) == 0
