"""What a dead letter says of the message it holds, and how many there may be."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from keeper.streams.config import KafkaConfig
from keeper.streams.dead_letters import producer as dead_letters
from keeper.streams.dead_letters.producer import (
    DeadLetter,
    DeadLetterLimit,
    DeadLetterProducer,
    DeadLetterRate,
    DeadLettersUnsentError,
    TooManyDeadLettersError,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
OFFSETS = [TopicPartition("prices", 3, 42)]


class FakeMessage:
    def topic(self) -> str:
        return "prices"

    def partition(self) -> int:
        return 3

    def offset(self) -> int:
        return 41

    def key(self) -> bytes:
        return b"B000000001"

    def value(self) -> bytes:
        return b"not json"


class FakeConsumer:
    def consumer_group_metadata(self) -> str:
        return "the group's metadata"


class FakeProducer:
    """Keeps what is sent, and what becomes of each transaction."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.sent: list[tuple[object, ...]] = []
        self.calls: list[object] = []
        self.refuse = refuse

    def __call__(self, settings: dict[str, Any], **_: Any) -> "FakeProducer":
        self.calls.append(settings["transactional.id"])
        return self

    def init_transactions(self, timeout: float) -> None:
        self.calls.append("init")

    def begin_transaction(self) -> None:
        self.calls.append("begin")

    def produce(self, *message: object, headers: object) -> None:
        self.sent.append((*message, headers))

    def send_offsets_to_transaction(
        self, offsets: list[TopicPartition], group: str, timeout: float
    ) -> None:
        self.calls.append((offsets, group))

    def commit_transaction(self, timeout: float) -> None:
        if self.refuse:
            raise KafkaException(KafkaError(KafkaError.ILLEGAL_GENERATION))
        self.calls.append("commit")

    def abort_transaction(self, timeout: float) -> None:
        self.calls.append("abort")


def letter(reason: str) -> DeadLetter:
    return DeadLetter(FakeMessage(), reason, "UndecodableMessageError")  # type: ignore[arg-type]  # a stand-in


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> FakeProducer:
    producer = FakeProducer()
    monkeypatch.setattr(dead_letters, "Producer", producer)
    return producer


def send(*reasons: str, instance: str | None = "a") -> None:
    sender = DeadLetterProducer(KafkaConfig("localhost:9092"), group="loader", instance=instance)
    sender.send([letter(one) for one in reasons], OFFSETS, FakeConsumer(), at=AT)  # type: ignore[arg-type]  # a stand-in


def test_the_original_bytes_go_with_where_they_were_and_why(producer: FakeProducer) -> None:
    send("no JSON")

    headers = [
        ("reason", b"no JSON"),
        ("exception", b"UndecodableMessageError"),
        ("origin-topic", b"prices"),
        ("origin-partition", b"3"),
        ("origin-offset", b"41"),
        ("consumer-group", b"loader"),
        ("time", b"2026-03-01T00:00:00+00:00"),
    ]
    assert producer.sent == [("prices.dlq", b"not json", b"B000000001", headers)]


def test_letters_and_the_offsets_past_them_are_one_transaction(producer: FakeProducer) -> None:
    send("no JSON", "no JSON either")

    assert producer.calls == [
        "loader-dead-letters-a",
        "init",
        "begin",
        (OFFSETS, "the group's metadata"),
        "commit",
    ]


def test_a_refused_transaction_leaves_nothing(producer: FakeProducer) -> None:
    producer.refuse = True

    with pytest.raises(DeadLettersUnsentError, match="1 dead letter"):
        send("no JSON")

    assert producer.calls[-1] == "abort"


def test_consumers_without_a_name_have_transactions_of_their_own(producer: FakeProducer) -> None:
    send("no JSON", instance=None)
    send("no JSON", instance=None)

    names = [str(call) for call in producer.calls if str(call).startswith("loader")]
    assert len(set(names)) == 2


def test_a_reason_that_quotes_the_message_does_not_double_its_size(producer: FakeProducer) -> None:
    send("x" * 900_000)

    *_, headers = producer.sent[0]
    assert isinstance(headers, list)
    assert len(dict(headers)["reason"]) == 500


@pytest.mark.parametrize(
    ("limit", "batches", "is_too_many"),
    [
        (DeadLetterLimit(0.1, 3, 100), [(3, 3)], False),
        (DeadLetterLimit(0.1, 3, 100), [(4, 4)], True),
        (DeadLetterLimit(0.1, 3, 100), [(50, 5)], False),
        (DeadLetterLimit(0.1, 3, 100), [(50, 6)], True),
        (DeadLetterLimit(0.1, 3, 100), [(50, 4), (10, 3)], True),
        # What the window no longer holds is forgotten.
        (DeadLetterLimit(0.1, 3, 100), [(50, 4), (100, 0), (10, 3)], False),
        (DeadLetterLimit(0.1, 3, 100), [(50, 4), (100, 0), (10, 3), (10, 3)], False),
        (DeadLetterLimit(0.1, 3, 100), [(50, 4), (100, 0), (10, 6), (10, 7)], True),
        (DeadLetterLimit(1, 3, 100), [(100, 100), (10, 10)], False),
        (DeadLetterLimit(0, 0, 100), [(100, 0)], False),
        (DeadLetterLimit(0, 0, 100), [(100, 1)], True),
    ],
)
def test_more_letters_than_a_share_of_the_latest_messages_are_too_many(
    limit: DeadLetterLimit, batches: Sequence[tuple[int, int]], is_too_many: bool
) -> None:
    rate = DeadLetterRate(limit)
    *former, (messages, letters) = batches
    for count, dead in former:
        rate.add(count, [letter("no JSON")] * dead)

    if is_too_many:
        with pytest.raises(TooManyDeadLettersError, match=r"no JSON\. Nothing"):
            rate.add(messages, [letter("no JSON")] * letters)
    else:
        rate.add(messages, [letter("no JSON")] * letters)
