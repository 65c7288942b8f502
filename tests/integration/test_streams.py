"""Publishing and consuming over a real Kafka."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest
from confluent_kafka import Consumer, Message
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from keeper.domain.prices.events import PriceEvent
from keeper.errors import TransientError
from keeper.streams.codec import decode_price_event, encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.consumers.batch import BatchPolicy
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.consumers.refusals import InstanceTakenError
from keeper.streams.groups.progress import GroupProgress
from keeper.streams.producer import EventProducer, UnacknowledgedError
from keeper.streams.topic_admin import complete_settings, make_topics, settings_of
from keeper.streams.topics import dead_letter_topic
from tests.price_events import price_event
from tests.waiting import HUNG_AFTER_S, wait_until


@pytest.fixture
def group() -> str:
    return f"test-{uuid.uuid4().hex}"


def publish(kafka: KafkaConfig, topic: str, count: int, *, first: int = 0) -> dict[int, int]:
    with EventProducer(kafka) as producer:
        producer.send_all(
            topic,
            (
                (event.asin.encode(), encode_price_event(event))
                for event in (
                    price_event(1000 + number, asin=f"B{number % 97:09d}", hour=number)
                    for number in range(first, first + count)
                )
            ),
        )
        return producer.reached(topic)


def lag(kafka: KafkaConfig, topic: str, group: str, offsets: dict[int, int]) -> int:
    with closing(GroupProgress(kafka, topic=topic, group=group)) as progress:
        return sum(progress.lag_behind(offsets).values())


class Store:
    """Remembers what it was given; fails as often as it is asked to."""

    def __init__(self, *, fail: int = 0, after: Callable[[], None] = lambda: None) -> None:
        self.prices: list[int | None] = []
        self.fail = fail
        self.after = after

    def __call__(self, events: Sequence[PriceEvent]) -> None:
        if self.fail:
            self.fail -= 1
            raise TransientError("the store is away")
        self.prices += [event.price_minor for event in events]
        self.after()


def consumer(kafka: KafkaConfig, topic: str, group: str, store: Store) -> BatchConsumer[PriceEvent]:
    return BatchConsumer(
        kafka,
        topic=topic,
        group=group,
        decode=decode_price_event,
        handle=store,
        policy=BatchPolicy(max_messages=200, first_backoff_s=0.01),
    )


def test_everything_published_is_consumed_once_and_committed(
    kafka: KafkaConfig, topic: str, group: str
) -> None:
    offsets = publish(kafka, topic, 1000)
    assert sum(offsets.values()) == 1000
    assert lag(kafka, topic, group, offsets) == 1000

    store = Store()
    assert consumer(kafka, topic, group, store).run(until_idle=True) == 1000

    assert sorted(p or 0 for p in store.prices) == list(range(1000, 2000))
    assert lag(kafka, topic, group, offsets) == 0


def test_nothing_is_committed_while_the_store_fails(
    kafka: KafkaConfig, topic: str, group: str
) -> None:
    offsets = publish(kafka, topic, 50)
    store = Store(fail=10_000)
    stopped = consumer(kafka, topic, group, store)
    thread = threading.Thread(target=stopped.run)
    thread.start()
    while store.fail > 9_998:
        threading.Event().wait(0.05)
    stopped.stop()
    thread.join()
    assert lag(kafka, topic, group, offsets) == 50

    store.fail = 2
    consumer(kafka, topic, group, store).run(until_idle=True)

    assert sorted(p or 0 for p in store.prices) == list(range(1000, 1050))
    assert lag(kafka, topic, group, offsets) == 0


def test_a_stop_leaves_the_rest_for_the_next_consumer(
    kafka: KafkaConfig, topic: str, group: str
) -> None:
    publish(kafka, topic, 1000)
    store = Store()
    first = consumer(kafka, topic, group, store)
    store.after = first.stop
    handled = first.run()
    assert 0 < handled < 1000

    store.after = lambda: None
    consumer(kafka, topic, group, store).run(until_idle=True)

    assert sorted(p or 0 for p in store.prices) == list(range(1000, 2000))


def test_a_bad_message_goes_to_the_dead_letters_and_its_neighbours_are_stored(
    kafka: KafkaConfig, topic: str, group: str
) -> None:
    publish(kafka, topic, 3)
    with EventProducer(kafka) as producer:
        producer.send_all(topic, [(b"x", b"not json"), (b"y", b"{}")])
    publish(kafka, topic, 3, first=3)

    store = Store()
    consumer(kafka, topic, group, store).run(until_idle=True)

    assert sorted(p or 0 for p in store.prices) == list(range(1000, 1006))
    reader = Consumer(
        kafka.for_client({"group.id": f"{group}-reader", "auto.offset.reset": "earliest"})
    )
    reader.subscribe([dead_letter_topic(topic)])
    letters: list[Message] = []
    while len(letters) < 2:
        letters += reader.consume(10, timeout=1)
    reader.close()
    assert {letter.value() for letter in letters} == {b"not json", b"{}"}
    headers = dict(letters[0].headers() or [])
    assert headers["origin-topic"] == topic.encode()
    assert headers["exception"] == b"UndecodableMessageError"
    assert {"reason", "origin-partition", "origin-offset", "time"} <= headers.keys()


def test_the_largest_message_a_topic_takes_has_a_dead_letter(
    kafka: KafkaConfig, topic: str, group: str
) -> None:
    with EventProducer(kafka) as producer:
        producer.send_all(topic, [(b"x", random.Random(3).randbytes(1_040_000))])
    offsets = publish(kafka, topic, 3)

    store = Store()
    consumer(kafka, topic, group, store).run(until_idle=True)

    assert sorted(p or 0 for p in store.prices) == [1000, 1001, 1002]
    assert lag(kafka, topic, group, offsets) == 0


def test_a_message_no_topic_takes_is_an_error_of_its_own(kafka: KafkaConfig) -> None:
    with (
        pytest.raises(UnacknowledgedError, match="takes no message"),
        EventProducer(kafka) as producer,
    ):
        producer.send("price-updates", b"x", b"y" * 3_000_000)


def test_an_unacknowledged_message_is_an_error_that_names_the_remedy(kafka: KafkaConfig) -> None:
    with (
        pytest.raises(UnacknowledgedError, match="keeper migrate"),
        EventProducer(kafka, timeout_s=3) as producer,
    ):
        producer.send_all("no-such-topic", [(b"key", b"value")])


def test_making_topics_again_makes_nothing(admin: AdminClient, topic: str) -> None:
    assert make_topics(admin, (topic,)) == []


def test_topics_of_an_earlier_version_get_the_settings_they_lack_and_keep_those_they_have(
    admin: AdminClient,
) -> None:
    names = [f"test-{uuid.uuid4().hex}" for _ in range(2)]
    chosen = {"flush.messages": "7"}
    made = [NewTopic(names[0], 1, 1), NewTopic(names[1], 1, 1, config=chosen)]
    for future in admin.create_topics(made).values():
        future.result()
    wait_until(lambda: admin.list_topics(timeout=30).topics.keys() >= set(names), "the topics")

    assert complete_settings(admin, tuple(names)) == [f"{names[0]}: flush.messages=1"]
    assert complete_settings(admin, tuple(names)) == []
    assert settings_of(admin, names[1]) == chosen
    admin.delete_topics(names)


def test_a_worker_whose_name_another_one_takes_ends_and_says_so(
    kafka: KafkaConfig, topic: str, group: str
) -> None:
    publish(kafka, topic, 50)
    both = [
        BatchConsumer(
            kafka,
            topic=topic,
            group=group,
            decode=decode_price_event,
            handle=store,
            policy=BatchPolicy(first_backoff_s=0.01),
            instance="twin",
        )
        for store in (Store(), Store())
    ]
    has_read = threading.Event()
    both[0]._handle = lambda events: has_read.set()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(both[0].run)
        assert has_read.wait(HUNG_AFTER_S)
        second = pool.submit(both[1].run)
        try:
            with pytest.raises(InstanceTakenError, match="--instance"):
                first.result()
        finally:
            for one in both:
                one.stop()
        second.result()


def test_a_restarted_worker_has_its_partitions_back_at_once(
    kafka: KafkaConfig, topic: str, group: str
) -> None:
    """Without a name the partitions of a worker that vanished wait for its session's end."""
    # The longest that a client takes without further settings.
    kafka = replace(kafka, session_timeout_ms=300_000)
    publish(kafka, topic, 50)
    for first in (50, 100):
        store = Store()
        named = BatchConsumer(
            kafka,
            topic=topic,
            group=group,
            decode=decode_price_event,
            handle=store,
            instance="lasting",
        )
        began = time.monotonic()
        named.run(until_idle=True)
        assert len(store.prices) == 50
        assert time.monotonic() - began < 150
        publish(kafka, topic, 50, first=first)
