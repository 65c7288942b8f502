"""Offsets of partitions that are between two leaders."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from keeper.streams.leaders import asked_of_leaders


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keeper.streams.leaders._PAUSE_S", 0.005)


class Partition:
    """Has a leader once it was asked a few times."""

    def __init__(self, code: int, times: int) -> None:
        self.code, self.times, self.asked = code, times, 0

    def ask(self) -> tuple[int, int]:
        self.asked += 1
        if self.asked <= self.times:
            raise KafkaException(KafkaError(self.code))
        return (0, 7)


def test_a_partition_is_asked_again_until_it_has_a_leader() -> None:
    partition = Partition(KafkaError.NOT_LEADER_FOR_PARTITION, 2)

    assert asked_of_leaders(partition.ask) == (0, 7)
    assert partition.asked == 3


def test_one_that_gets_none_in_time_is_an_error() -> None:
    partition = Partition(KafkaError.LEADER_NOT_AVAILABLE, 99)

    with pytest.raises(KafkaException):
        asked_of_leaders(partition.ask, timeout_s=0.02)
    assert partition.asked > 1


def test_other_errors_are_said_at_once() -> None:
    partition = Partition(KafkaError.TOPIC_AUTHORIZATION_FAILED, 1)

    with pytest.raises(KafkaException):
        asked_of_leaders(partition.ask)
    assert partition.asked == 1
