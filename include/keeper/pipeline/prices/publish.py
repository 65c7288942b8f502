"""The fourth step of a run: the checked events to Kafka, every one acknowledged."""

from dataclasses import dataclass

from keeper.stores.lake.history_files import HistoryFiles
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.watches.watch_list import mark_histories_published
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from keeper.streams.topics import PRICE_BACKFILL, PRICE_UPDATES


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What was published.

    Attributes:
        events: Events of `topic`.
        history: Older points to `price-backfill`.
        offsets: By topic and partition, the offset a group must commit to have read them.
    """

    events: int
    history: int
    offsets: dict[str, dict[int, int]]


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
        return PublishResult(events, 0, {topic: producer.reached(topic)})


def publish_prices(
    folder: BatchFolder,
    kafka: KafkaConfig,
    connection: Connection,
    *,
    run_id: str,
    topic: str = PRICE_UPDATES,
    backfill_topic: str = PRICE_BACKFILL,
) -> PublishResult:
    """Publish a batch's older points, then its newest ones, and record whose history is published.

    Older points go first: once a current price is stored, the history is on its way for certain.

    Raises:
        UnacknowledgedError: Kafka did not confirm them all; nothing is recorded.
        MissingFileError: The check task left no events.
    """
    files = HistoryFiles(folder)
    with EventProducer(kafka) as producer:
        history = producer.send_all(backfill_topic, files.read())
        events = producer.send_all(topic, folder.read_messages())
        offsets = {name: producer.reached(name) for name in (topic, backfill_topic)}
    mark_histories_published(connection, run_id, files.manifest().whole)
    return PublishResult(events, history, offsets)
