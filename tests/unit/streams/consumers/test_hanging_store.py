"""A store that hangs is seen from outside, although it raises nothing."""

import threading

import pytest

from tests.unit.streams.fake_kafka import FakeKafka, FakeMessage, consumer_of
from tests.waiting import HUNG_AFTER_S


def test_a_batch_that_is_not_stored_degrades_the_worker_until_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("keeper.metrics.LONG_BATCH_S", 0.01)
    said, may_end = threading.Event(), threading.Event()
    kafka = FakeKafka([FakeMessage(0)])

    def look() -> None:
        waits = consumer.metrics.waits.snapshot()
        if waits:
            assert "has not been stored" in waits[0].why
            said.set()
            may_end.set()
        elif said.is_set():
            consumer.stop()

    consumer = consumer_of(monkeypatch, kafka, lambda _: None, on_cycle=look)
    monkeypatch.setattr(consumer, "_handle", lambda _: may_end.wait(HUNG_AFTER_S))
    consumer.run()

    assert said.is_set()
    assert kafka.commits == [{0: 1}]
    assert consumer.metrics.snapshot()["batch_age_s"] == 0
