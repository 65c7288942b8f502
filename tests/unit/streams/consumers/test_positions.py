"""The times beside committed offsets: since when messages may be gone."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from confluent_kafka import Consumer, Message

from keeper.streams.consumers.positions import Positions
from tests.unit.streams.fake_kafka import FakeMessage


def read(positions: Positions, *offsets: int) -> None:
    """Read messages of partition 0, each published at its offset in seconds of the epoch."""
    messages = [FakeMessage(offset, published_ms=offset * 1000) for offset in offsets]
    positions.record_times(cast("Sequence[Message]", messages))


def at(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()


def test_the_time_beside_an_offset_is_of_a_message_before_it_whatever_was_read_since() -> None:
    positions = Positions(cast("Consumer", object()))
    positions.committed = {0: 0}
    read(positions, 0, 1, 2)
    read(positions, 3, 4)

    assert positions.read_at(0, 3) == at(2)
    # Also when Kafka has refused it once, and more has come meanwhile.
    read(positions, 5)
    assert positions.read_at(0, 3) == at(2)
    assert positions.read_at(0, 5) == at(4)
    assert positions.read_at(0, 6) == at(5)


def test_no_time_is_better_than_a_later_one() -> None:
    positions = Positions(cast("Consumer", object()))
    assert positions.read_at(0, 9) == ""
    read(positions, 20)

    assert positions.read_at(0, 9) == ""
    assert positions.read_at(1, 30) == ""


def test_times_before_what_is_committed_are_dropped_but_for_the_last() -> None:
    positions = Positions(cast("Consumer", object()))
    for offset in range(1000):
        read(positions, offset)
        positions.committed[0] = offset + 1

    assert positions.read_at(0, 1000) == at(999)
    assert positions.read_at(0, 1) == ""
