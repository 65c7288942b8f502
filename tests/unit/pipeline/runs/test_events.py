"""When a worker says that it has dead letters."""

from typing import cast

from keeper.domain.runs.events import KeeperEvent
from keeper.metrics import WorkerMetrics
from keeper.pipeline.runs.events import DeadLetterNotifier
from keeper.streams.events.publisher import EventPublisher


class Listener:
    """Keeps what is rung."""

    def __init__(self) -> None:
        self.events: list[KeeperEvent] = []

    def publish(self, event: KeeperEvent) -> None:
        self.events.append(event)

    def serve(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_letters_are_said_at_once_then_once_a_minute_and_all_of_them_in_the_end() -> None:
    now = 1000.0
    metrics, listener = WorkerMetrics(), Listener()
    publisher = DeadLetterNotifier(
        cast(EventPublisher, listener), "price-updates", metrics, seconds=lambda: now
    )
    said = []
    for seconds in range(200):
        now = 1000.0 + seconds
        if seconds == 0 or 10 <= seconds < 100:
            metrics.dead_letters += 1
        publisher.look()
        while listener.events:
            said.append((seconds, listener.events.pop().count))
    metrics.dead_letters += 5
    publisher.close()

    assert said == [(0, 1), (60, 51), (120, 39)]
    assert [event.count for event in listener.events] == [5]


def test_a_worker_without_dead_letters_says_nothing() -> None:
    listener = Listener()
    publisher = DeadLetterNotifier(cast(EventPublisher, listener), "price-updates", WorkerMetrics())

    publisher.look()
    publisher.close()

    assert listener.events == []
