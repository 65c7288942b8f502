"""What retention removed before it was read is counted, once, and never passed over in silence."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from keeper.domain.prices.events import PriceEvent
from keeper.errors import TransientError
from keeper.streams.consumers import batch_consumer as consumer_module
from keeper.streams.consumers import losses as losses_module
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.consumers.losses import LOSSES, Loss
from tests.unit.streams.fake_kafka import FakeKafka, FakeMessage, consumer_of

Patch = pytest.MonkeyPatch
PUBLISHED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read_all(
    monkeypatch: Patch, kafka: FakeKafka, on_loss: Callable[[Loss], None]
) -> BatchConsumer[PriceEvent]:
    monkeypatch.setattr(losses_module, "_LOOK_EVERY_S", 0)
    monkeypatch.setattr(consumer_module, "_LAG_EVERY_S", 0)
    monkeypatch.setattr(consumer_module, "_MARKERS_EVERY_S", 0)
    consumer = consumer_of(monkeypatch, kafka, lambda _: None, on_loss=on_loss)
    consumer.run(until_idle=True)
    return consumer


def test_what_is_gone_at_the_assignment_is_lost_with_the_time_that_was_committed(
    monkeypatch: Patch,
) -> None:
    kafka = FakeKafka([FakeMessage(40)])
    kafka.stands = {0: (10, PUBLISHED.isoformat()), 1: (0, "")}
    kafka.starts[0] = 40
    losses: list[Loss] = []

    consumer = read_all(monkeypatch, kafka, losses.append)

    assert losses == [Loss("prices", "group", 0, 10, 40, PUBLISHED)]
    assert consumer.metrics.messages_lost == 30


def test_a_group_without_a_position_may_have_lost_all_that_is_gone(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(40)])
    kafka.starts[0] = 40
    losses: list[Loss] = []

    read_all(monkeypatch, kafka, losses.append)

    assert losses == [Loss("prices", "group", 0, 0, 40, None, has_position=False)]


def test_a_gap_is_lost_as_far_as_it_is_gone(monkeypatch: Patch) -> None:
    kafka = FakeKafka()
    kafka.stands = {0: (0, ""), 1: (0, "")}
    kafka.ends[0] = 21
    # The marker of a transaction, at 2, is a gap where nothing is gone.
    kafka.reads = [
        [FakeMessage(0), FakeMessage(1), FakeMessage(3)],
        lambda: kafka.starts.update({0: 20}),
        [FakeMessage(20)],
    ]
    losses: list[Loss] = []

    read_all(monkeypatch, kafka, losses.append)

    assert losses == [Loss("prices", "group", 0, 4, 20, PUBLISHED)]


def test_what_is_gone_while_nothing_comes_is_lost_and_passed(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(0)])
    kafka.stands = {0: (0, ""), 1: (0, "")}
    kafka.ends[0] = 9
    kafka.reads += [[], lambda: kafka.starts.update({0: 9})]
    losses: list[Loss] = []

    read_all(monkeypatch, kafka, losses.append)

    assert losses == [Loss("prices", "group", 0, 1, 9, PUBLISHED)]
    assert kafka.commits[-1] == {0: 9}


def test_a_loss_that_cannot_be_recorded_is_not_committed_over(monkeypatch: Patch) -> None:
    kafka = FakeKafka([FakeMessage(40)])
    kafka.stands = {0: (10, ""), 1: (0, "")}
    kafka.starts[0] = 40
    refused: list[Loss] = []

    def record(loss: Loss) -> None:
        assert not kafka.commits
        refused.append(loss)
        if len(refused) < 3:
            raise TransientError("not now")

    consumer = read_all(monkeypatch, kafka, record)

    assert len(refused) == 3
    assert consumer.metrics.messages_lost == 30
    assert kafka.commits == [{0: 41}]


def test_nothing_is_waited_for_once_another_worker_has_the_partition_of_a_loss(
    monkeypatch: Patch,
) -> None:
    kafka = FakeKafka([FakeMessage(40)])
    kafka.reads.append(lambda: kafka.lose(0))
    kafka.stands = {0: (10, ""), 1: (0, "")}
    kafka.starts[0] = 40
    waits: list[bool] = []

    def refuse(_: Loss) -> None:
        waits.append(consumer.metrics.waits.record(LOSSES, "not now"))
        raise TransientError("not now")

    consumer = consumer_of(monkeypatch, kafka, lambda _: None, on_loss=refuse)
    consumer.run(until_idle=True)

    assert waits == [True]
    assert consumer.metrics.waits.by_part() == {}


def test_a_loss_that_was_refused_while_nothing_came_is_waited_for_until_it_is_kept(
    monkeypatch: Patch,
) -> None:
    kafka = FakeKafka([FakeMessage(0)])
    kafka.stands = {0: (0, ""), 1: (0, "")}
    kafka.ends[0] = 10
    seen: list[list[str]] = []

    def see() -> None:
        seen.append(list(consumer.metrics.waits.by_part()))
        # The next look at what is there comes at once from now on, and then much later.
        monkeypatch.setattr(losses_module, "_LOOK_EVERY_S", 0 if len(seen) in {1, 3} else 1_000)

    kafka.reads += [[], lambda: kafka.starts.update({0: 9}), see, see, see, see]
    kafka.reads.append([FakeMessage(9)])
    refusals = ["not now"]

    def keep(_: Loss) -> None:
        if refusals:
            consumer.metrics.waits.record(LOSSES, refusals.pop())
            raise TransientError("not now")

    monkeypatch.setattr(losses_module, "_LOOK_EVERY_S", 1_000)
    consumer = consumer_of(monkeypatch, kafka, lambda _: None, on_loss=keep)
    consumer.run(until_idle=True)

    assert seen == [[], [LOSSES], [LOSSES], []]
