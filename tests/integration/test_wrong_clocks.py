"""A reader whose clock is wrong gives up no good message, on a real Kafka."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial

import msgspec

from keeper.clock import utc_now
from keeper.domain.prices.events import PriceEvent
from keeper.metrics import WorkerMetrics
from keeper.streams.codec import LatestCheck, decode_price_event, encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.consumers.batch import BatchPolicy
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.dead_letters.box import DeadLetterBox
from keeper.streams.producer import EventProducer
from tests.price_events import price_event
from tests.waiting import wait_until


class Reader:
    """A loader on a machine whose clock is off, until somebody sets it."""

    def __init__(self, kafka: KafkaConfig, topic: str, *, off: timedelta) -> None:
        self.off = off
        self.stored: list[PriceEvent] = []
        self.metrics = WorkerMetrics()
        self.consumer = BatchConsumer(
            kafka,
            topic=topic,
            group=f"g-{topic}",
            decode=partial(decode_price_event, latest_check=LatestCheck(self.now)),
            handle=self.stored.extend,
            policy=BatchPolicy(first_backoff_s=0.01, max_backoff_s=0.05),
            metrics=self.metrics,
            clock=self.now,
        )

    def now(self) -> datetime:
        return utc_now() + self.off

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self.consumer.run)
        thread.start()
        try:
            yield
        finally:
            self.consumer.stop()
            thread.join()


def publish(kafka: KafkaConfig, topic: str, *checks: datetime) -> None:
    with EventProducer(kafka) as producer:
        for checked_at in checks:
            event = msgspec.structs.replace(price_event(1000), checked_at=checked_at)
            producer.send(topic, b"key", encode_price_event(event))


def reasons(kafka: KafkaConfig, topic: str) -> list[str]:
    with DeadLetterBox(kafka, topic) as box, closing(box.letters()) as letters:
        return [letter.headers["reason"] for letter in letters]


def test_a_clock_that_is_behind_delays_good_messages_and_gives_up_none(
    kafka: KafkaConfig, topic: str
) -> None:
    now = utc_now()
    publish(kafka, topic, now, now - timedelta(hours=1))
    reader = Reader(kafka, topic, off=-timedelta(days=2))

    with reader.running():
        wait_until(
            lambda: any("clock" in one.why for one in reader.metrics.waits.snapshot()),
            "the clock is named",
        )
        assert reader.stored == []
        reader.off = timedelta(0)
        wait_until(lambda: len(reader.stored) == 2, "both are stored")
        wait_until(lambda: not reader.metrics.waits.snapshot(), "the wait is over")

    assert reasons(kafka, topic) == []


def test_a_check_that_is_in_the_future_for_kafka_too_is_a_dead_letter(
    kafka: KafkaConfig, topic: str
) -> None:
    now = utc_now()
    publish(kafka, topic, now + timedelta(days=3), now)
    reader = Reader(kafka, topic, off=timedelta(0))

    reader.consumer.run(until_idle=True)

    assert [one.checked_at for one in reader.stored] == [now]
    (reason,) = reasons(kafka, topic)
    assert "in the future" in reason
