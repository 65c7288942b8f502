"""The fourth step of a run: the checked events to Kafka, every one acknowledged."""

from dataclasses import dataclass

from keeper.stores.lake.run_files import BatchFolder
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from keeper.streams.topics import PRICE_UPDATES


@dataclass(frozen=True, slots=True)
class PublishResult:
    """Number of events, and by partition the offset a group must commit to have read them."""

    events: int
    offsets: dict[int, int]


def publish_batch(
    folder: BatchFolder, kafka: KafkaConfig, *, topic: str = PRICE_UPDATES
) -> PublishResult:
    """Publish a batch's events; publishing them again changes nothing downstream.

    Raises:
        UnacknowledgedError: Kafka did not confirm them all.
        MissingFileError: The check task left no events.
    """
    with EventProducer(kafka) as producer:
        events = producer.send_all(topic, folder.read_messages())
        return PublishResult(events, producer.reached(topic))
