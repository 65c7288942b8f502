"""What a consumer reads at once."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from confluent_kafka import Message

from keeper.streams.dead_letters.producer import DeadLetter, DeadLetterLimit

EventT = TypeVar("EventT")


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """How much is read at once and how long a failing store is waited for between attempts."""

    max_messages: int = 10_000
    first_backoff_s: float = 0.5
    max_backoff_s: float = 30
    dead_letters: DeadLetterLimit = field(default_factory=DeadLetterLimit)


@dataclass(slots=True)
class Batch(Generic[EventT]):
    """Messages read together, the events in them, and where to go on after them."""

    events: list[EventT] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    read_until: dict[int, int] = field(default_factory=dict)

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
        )
