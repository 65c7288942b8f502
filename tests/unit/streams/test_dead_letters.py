"""What a dead letter says of the message it holds."""

from datetime import UTC, datetime

from keeper.streams.codec import UndecodableMessageError
from keeper.streams.dead_letters import DeadLetter, send_dead_letters

AT = datetime(2026, 3, 1, tzinfo=UTC)


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


class FakeProducer:
    """Keeps what is sent, and whether it was waited for."""

    def __init__(self) -> None:
        self.sent: list[tuple[object, ...]] = []
        self.flushed = 0

    def send(self, *message: object) -> None:
        self.sent.append(message)

    def flush(self) -> None:
        self.flushed = len(self.sent)


def send(*reasons: str) -> FakeProducer:
    producer = FakeProducer()
    letters = [DeadLetter(FakeMessage(), UndecodableMessageError(r)) for r in reasons]  # type: ignore[arg-type]  # a stand-in
    send_dead_letters(producer, letters, group="loader", at=AT)  # type: ignore[arg-type]  # a stand-in
    return producer


def test_the_original_bytes_go_with_where_they_were_and_why() -> None:
    producer = send("no JSON")

    headers = [
        ("reason", b"no JSON"),
        ("exception", b"UndecodableMessageError"),
        ("origin-topic", b"prices"),
        ("origin-partition", b"3"),
        ("origin-offset", b"41"),
        ("consumer-group", b"loader"),
        ("time", b"2026-03-01T00:00:00+00:00"),
    ]
    assert producer.sent == [("prices.dlq", b"B000000001", b"not json", headers)]
    assert producer.flushed == 1


def test_a_reason_that_quotes_the_message_does_not_double_its_size() -> None:
    producer = send("x" * 900_000)

    (_, _, _, headers) = producer.sent[0]
    assert isinstance(headers, list)
    assert len(dict(headers)["reason"]) == 500


def test_without_letters_nothing_is_waited_for() -> None:
    assert send().sent == []
