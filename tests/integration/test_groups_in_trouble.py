"""A group that retention overtakes, or that stops at too many dead letters, on a real Kafka."""

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.clock import utc_now
from keeper.domain.prices.events import PriceEvent
from keeper.metrics import WorkerMetrics
from keeper.pipeline.runs.lasting import LastingConsumer, LossRecorder
from keeper.pipeline.services import monitor
from keeper.pipeline.services.migrate import migrate_part
from keeper.settings import load_settings
from keeper.streams.codec import decode_price_event, encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.consumers.batch import BatchPolicy
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.dead_letters.producer import DeadLetterLimit, TooManyDeadLettersError
from keeper.streams.groups.records import GroupRecords
from keeper.streams.producer import EventProducer
from keeper.streams.topic_reader import TopicReader
from keeper.streams.topics import dead_letter_topic
from tests.price_events import price_event
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def _settings(kafka: KafkaConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    load_settings.cache_clear()
    migrate_part("kafka")
    yield
    load_settings.cache_clear()


@pytest.fixture
def group() -> str:
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
def publish(kafka: KafkaConfig, topic: str) -> Callable[[Sequence[bytes | int]], None]:
    def send(values: Sequence[bytes | int]) -> None:
        with EventProducer(kafka) as producer:
            producer.send_all(
                topic,
                (
                    (b"key", encode_price_event(price_event(one)) if isinstance(one, int) else one)
                    for one in values
                ),
            )

    return send


class Worker:
    """A loader as `keeper consume` runs it, into a list."""

    def __init__(self, kafka: KafkaConfig, topic: str, group: str, *, share: float = 0.1) -> None:
        self.prices: list[int | None] = []
        self.metrics = WorkerMetrics()
        records = GroupRecords(kafka)
        losses = LossRecorder(records, self.metrics)

        def make(given_up_until: Mapping[int, int]) -> BatchConsumer[PriceEvent]:
            limit = DeadLetterLimit(share, at_least=3, given_up_until=given_up_until)
            return BatchConsumer(
                kafka,
                topic=topic,
                group=group,
                decode=decode_price_event,
                handle=lambda events: self.prices.extend(one.price_minor for one in events),
                policy=BatchPolicy(max_messages=2, first_backoff_s=0.01, dead_letters=limit),
                metrics=self.metrics,
                on_loss=losses.record,
            )

        self.consumer = LastingConsumer(
            make,
            records,
            group=group,
            topic=topic,
            metrics=self.metrics,
            gives_up_all=share >= 1,
            ask_every_s=0.05,
        )

    def load(self) -> list[int | None]:
        self.consumer.run(until_idle=True)
        return self.prices


def keeper(*words: str) -> Result:
    result = CliRunner().invoke(app, ["topics", *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def remove(admin: AdminClient, topic: str, until: int) -> None:
    """Remove a topic's first messages, as retention does."""
    place = TopicPartition(topic, 0, until)
    admin.delete_records([place])[place].result()


def letters(kafka: KafkaConfig, topic: str) -> int:
    with TopicReader(kafka) as reader:
        box = dead_letter_topic(topic)
        return sum(1 for _ in reader.read(box, {0: 0}))


def test_what_retention_removed_while_no_worker_ran_is_counted_and_said(
    kafka: KafkaConfig,
    admin: AdminClient,
    topic: str,
    group: str,
    publish: Callable[[Sequence[bytes | int]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(monitor, "READERS", {group: topic})
    publish([100, 101])
    Worker(kafka, topic, group).load()
    publish(range(102, 112))
    remove(admin, topic, 7)

    worker = Worker(kafka, topic, group)
    assert worker.load() == [107, 108, 109, 110, 111]

    assert worker.metrics.messages_lost == 5
    (lost,) = [one for one in GroupRecords(kafka).losses() if one.group == group]
    assert (lost.messages, lost.until, lost.has_position) == (5, 7, True)
    assert lost.since is not None
    since = f"{lost.since - timedelta(days=1):%Y-%m-%d}"
    said = " ".join(keeper("lag", group).stdout.split())
    assert f"{group} lost 5 messages of {topic}, partition 0" in said
    assert f"keeper lake replay --since {since}" in said
    _, finding = monitor.monitor_groups(kafka, at=utc_now())
    assert finding.trouble is not None
    assert finding.trouble.subject == f"{group} lost 5 messages of {topic}"
    assert f"keeper lake replay --since {since}" in finding.trouble.details
    _, later = monitor.monitor_groups(kafka, at=utc_now() + timedelta(hours=25))
    assert later.trouble is None


def test_what_nobody_will_ever_read_is_counted_once_although_nothing_follows(
    kafka: KafkaConfig,
    admin: AdminClient,
    topic: str,
    group: str,
    publish: Callable[[Sequence[bytes | int]], None],
) -> None:
    publish([100, 101, 102])
    remove(admin, topic, 3)

    for lost in (3, 0):
        worker = Worker(kafka, topic, group)
        assert worker.load() == []
        assert worker.metrics.messages_lost == lost

    (record,) = [one for one in GroupRecords(kafka).losses() if one.group == group]
    assert (record.messages, record.has_position) == (3, False)
    assert "0 messages are unread" in keeper("lag", group).stdout


def test_a_stop_at_too_many_dead_letters_lasts_until_somebody_lets_the_group_go_on(
    kafka: KafkaConfig,
    topic: str,
    group: str,
    publish: Callable[[Sequence[bytes | int]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(monitor, "READERS", {group: topic})
    publish([b"rubbish"] * 12)
    worker = Worker(kafka, topic, group)
    running = threading.Thread(target=worker.consumer.run)
    running.start()
    try:
        wait_until(
            lambda: (
                worker.metrics.dead_letters == 12
                or any("it has stopped" in one.why for one in worker.metrics.waits.snapshot())
            ),
            "the stop",
        )
        given_up = letters(kafka, topic)
        assert given_up <= 3

        # Started again and again, none gives up any more of them.
        for _ in range(2):
            with pytest.raises(TooManyDeadLettersError, match=f"keeper topics resume {group}"):
                Worker(kafka, topic, group).load()
        assert letters(kafka, topic) == given_up
        finding, _ = monitor.monitor_groups(kafka, at=utc_now())
        assert finding.trouble is not None
        assert f"keeper topics resume {group} --give-up" in finding.trouble.details

        resumed = keeper("resume", group, "--topic", topic, "--give-up", "--yes").stdout
        assert "reads on" in resumed
        publish([100])
        wait_until(lambda: worker.prices == [100], "the good message")
    finally:
        worker.consumer.stop()
        running.join()

    assert letters(kafka, topic) == 12
    assert worker.metrics.waits.snapshot() == []
    assert "has not stopped" in keeper("resume", group, "--topic", topic).stdout
    # What comes later counts again.
    publish([b"rubbish"] * 12)
    with pytest.raises(TooManyDeadLettersError):
        Worker(kafka, topic, group).load()


def test_a_worker_that_gives_up_everything_needs_nobody_to_let_it(
    kafka: KafkaConfig,
    topic: str,
    group: str,
    publish: Callable[[Sequence[bytes | int]], None],
) -> None:
    publish([b"rubbish"] * 12)
    with pytest.raises(TooManyDeadLettersError):
        Worker(kafka, topic, group).load()

    assert Worker(kafka, topic, group, share=1).load() == []

    assert letters(kafka, topic) == 12
