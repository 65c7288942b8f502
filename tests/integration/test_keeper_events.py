"""Keeper's own events on a real Kafka: published without harm, received as one, however many."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest
from confluent_kafka.admin import AdminClient

from keeper.errors import TransientError
from keeper.metrics import WorkerMetrics
from keeper.pipeline.runs.consumers import price_consumer
from keeper.pipeline.runs.events import DeadLetterNotifier
from keeper.stores.postgres.connection import PostgresConfig
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.streams.config import KafkaConfig
from keeper.streams.events.publisher import EventPublisher, encode_keeper_event, publish_once
from keeper.streams.events.subscriber import EventSubscriber, PendingEvents, decode_keeper_event
from keeper.streams.groups.offsets import committed
from keeper.streams.producer import EventProducer
from keeper.streams.topic_admin import make_topics, settings_of
from keeper.streams.topic_reader import TopicReader
from keeper.streams.topics import KEEPER_EVENTS
from tests.keeper_events import keeper_event
from tests.services import free_port

pytestmark = pytest.mark.services

Listen = Callable[[], EventSubscriber]


@pytest.fixture
def listen(kafka: KafkaConfig, topic: str) -> Iterator[Listen]:
    """Makes listeners of one group to the test's topic."""
    made = []

    def make() -> EventSubscriber:
        made.append(EventSubscriber(kafka, topic=topic, group=f"g-{topic}"))
        return made[-1]

    yield make
    for listener in made:
        listener.close()


def quiet(listener: EventSubscriber) -> bool:
    """Return whether nothing comes, once the topic, which was just made, can be listened to."""
    while True:
        with suppress(TransientError):
            return listener.listen(0.5) is None


def received(listener: EventSubscriber) -> PendingEvents:
    """Listen until something comes."""
    while (pending := listener.listen(0.5)) is None:
        pass
    return pending


def publish(kafka: KafkaConfig, topic: str, number: int) -> None:
    message = encode_keeper_event(keeper_event("run_loaded"))
    with EventProducer(kafka) as producer:
        producer.send_all(topic, [(b"run_loaded", message)] * number)


def test_what_is_published_is_received(kafka: KafkaConfig, topic: str, listen: Listen) -> None:
    listener = listen()
    assert quiet(listener)
    event = keeper_event("dead_letters_grew", 7, topic="price-updates")

    publish_once(kafka, event, topic=topic)

    pending = received(listener)
    assert (pending.counts, pending.newest) == ({"dead_letters_grew": 1}, event)


def test_thousands_that_wait_are_one_event(kafka: KafkaConfig, topic: str, listen: Listen) -> None:
    listener = listen()
    assert quiet(listener)

    publish(kafka, topic, 5_000)

    pending = received(listener)
    listener.commit(pending)
    assert pending.counts == {"run_loaded": 5_000}
    assert listener.listen(0.5) is None
    assert sum(committed(kafka, f"g-{topic}", {topic: 6}).values()) == 5_000


def test_a_first_listener_receives_what_is_to_come_and_a_later_one_what_was_not_committed(
    kafka: KafkaConfig, topic: str, listen: Listen
) -> None:
    publish(kafka, topic, 3)
    first = listen()
    assert quiet(first)
    publish(kafka, topic, 2)
    assert received(first).counts == {"run_loaded": 2}

    again = listen()
    pending = received(again)
    assert pending.counts == {"run_loaded": 2}
    again.commit(pending)

    assert listen().listen(0.5) is None


def test_an_event_nobody_answered_is_received_again_with_those_after_it(
    kafka: KafkaConfig, topic: str, listen: Listen
) -> None:
    listener = listen()
    assert quiet(listener)
    publish(kafka, topic, 1)
    lost = received(listener)
    publish(kafka, topic, 2)
    later = received(listener)

    listener.receive_again(lost)
    listener.commit(later)

    assert sum(committed(kafka, f"g-{topic}", {topic: 6}).values()) == 0
    assert received(listener).counts == {"run_loaded": 3}


def test_what_cannot_be_read_is_passed_over(kafka: KafkaConfig, topic: str, listen: Listen) -> None:
    listener = listen()
    assert quiet(listener)
    with EventProducer(kafka) as producer:
        producer.send_all(topic, [(b"a", b"rubbish"), (b"a", b'{"event_type": "moon_rose"}')])

    pending = received(listener)

    assert (pending.counts, pending.newest) == ({}, None)
    listener.commit(pending)


def test_a_topic_that_is_missing_is_said_so(kafka: KafkaConfig) -> None:
    with (
        closing(EventSubscriber(kafka, topic="no-such-topic", group="g")) as listener,
        pytest.raises(TransientError, match="keeper migrate"),
    ):
        listener.listen(0)


@pytest.mark.parametrize("trouble", ["no kafka", "no topic"])
def test_publishing_in_vain_neither_fails_nor_takes_long(
    kafka: KafkaConfig, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    topic = f"none-{uuid.uuid4().hex}"
    where = kafka if trouble == "no topic" else KafkaConfig(f"127.0.0.1:{free_port()}")
    began = time.monotonic()

    publish_once(where, keeper_event(), topic=topic)

    # Kafka's clients try for five minutes unless set otherwise.
    assert time.monotonic() - began < 60
    assert topic in caplog.text


def test_a_loaders_dead_letters_are_said_once_a_minute_and_at_its_end(
    database: PostgresConfig, kafka: KafkaConfig, topic: str, admin: AdminClient
) -> None:
    events_topic = f"{topic}-events"
    make_topics(admin, (events_topic,))
    metrics = WorkerMetrics()
    notifier = DeadLetterNotifier(EventPublisher(kafka, topic=events_topic), topic, metrics)

    def load(bad: int) -> None:
        with EventProducer(kafka) as producer:
            producer.send_all(topic, [(b"x", b"rubbish")] * bad)
        with closing(PriceWriter(database)) as writer:
            consumer = price_consumer(
                kafka,
                writer,
                group=f"g-{topic}",
                topic=topic,
                on_cycle=notifier.look,
                metrics=metrics,
            )
            consumer.run(until_idle=True)
        notifier.look()

    load(5)
    load(3)
    load(2)
    notifier.close()

    with TopicReader(kafka) as reader:
        start = {span.partition: span.start for span in reader.spans(events_topic)}
        events = [
            decode_keeper_event(message.value()) for message in reader.read(events_topic, start)
        ]
    admin.delete_topics([events_topic])[events_topic].result()
    assert {(event.event_type, event.topic) for event in events} == {("dead_letters_grew", topic)}
    assert [event.count for event in events] == [5, 5]


def test_the_topic_of_events_is_small_and_short(kafka: KafkaConfig, admin: AdminClient) -> None:
    make_topics(admin, (KEEPER_EVENTS,))

    with TopicReader(kafka) as reader:
        assert len(reader.spans(KEEPER_EVENTS)) == 1
    assert settings_of(admin, KEEPER_EVENTS)["retention.ms"] == str(24 * 3_600_000)
