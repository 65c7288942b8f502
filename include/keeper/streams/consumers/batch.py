"""What a consumer reads at once."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar, cast

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Message

from keeper.errors import TransientError
from keeper.streams.codec import CLOCK_TOLERANCE, FutureCheckError, UndecodableMessageError
from keeper.streams.dead_letters.producer import DeadLetter, DeadLetterLimit

EventT = TypeVar("EventT")


class WrongClockError(TransientError):
    """This machine's clock is wrong; once it is right, the same batch can be stored."""


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """How much is read at once and how long a failing store is waited for between attempts.

    `commit_limit_s` is after how long a commit Kafka has not answered is tried again.
    """

    max_messages: int = 10_000
    first_backoff_s: float = 0.5
    max_backoff_s: float = 30
    commit_limit_s: float = 30
    dead_letters: DeadLetterLimit = field(default_factory=DeadLetterLimit)


@dataclass(slots=True)
class Batch(Generic[EventT]):
    """Messages read together, the events in them, and where to go on after them."""

    events: list[EventT] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    read_until: dict[int, int] = field(default_factory=dict)
    doubted: FutureCheckError | None = None

    def put_aside(self, message: Message, error: UndecodableMessageError) -> None:
        """Keep a message that could not be decoded.

        It is a dead letter, unless Kafka has taken it at about the time of its check: then this
        machine's clock is wrong, and the batch is not to be stored until it is right.
        """
        if not isinstance(error, FutureCheckError) or not _is_timely(message, error):
            self.letters.append(DeadLetter(message, str(error), type(error).__name__))
            return
        self.events.append(cast("EventT", error.event))
        self.messages.append(message)
        if self.doubted is None or error.event.checked_at > self.doubted.event.checked_at:
            self.doubted = error

    def validate_clock(self, now: datetime) -> None:
        """Require that no check of the batch is in the future.

        Raises:
            WrongClockError: One is, though Kafka's clock says otherwise.
        """
        if self.doubted is not None and self.doubted.event.checked_at > now + CLOCK_TOLERANCE:
            raise WrongClockError(
                f"{self.doubted} by this machine's clock, which says {now:%Y-%m-%d %H:%M} UTC, but "
                "not by Kafka's, which took the message: check this machine's clock"
            )

    def __len__(self) -> int:
        """Return the number of messages."""
        return len(self.messages) + len(self.letters)

    def without(self, partitions: set[int]) -> "Batch[EventT]":
        """Return the batch without the messages of some partitions."""
        kept = [
            (event, message)
            for event, message in zip(self.events, self.messages, strict=True)
            if message.partition() not in partitions
        ]
        return Batch(
            [event for event, _ in kept],
            [message for _, message in kept],
            [one for one in self.letters if one.message.partition() not in partitions],
            {p: offset for p, offset in self.read_until.items() if p not in partitions},
            self.doubted,
        )


def _is_timely(message: Message, error: FutureCheckError) -> bool:
    kind, milliseconds = message.timestamp()
    if kind != TIMESTAMP_LOG_APPEND_TIME:
        # The publisher's own clock proves nothing.
        return False
    published = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return bool(error.event.checked_at <= published + CLOCK_TOLERANCE)
