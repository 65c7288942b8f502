"""Publishing to `keeper-changes`: in order, and nothing after what was not taken."""

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import msgspec

from keeper.domain.changes import Change
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from keeper.streams.topics import KEEPER_CHANGES

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Change)
_TIMEOUT_S: Final = 5.0
MOST_IDS: Final = 500
"""How many ids a message holds at most, so that every reader can forward it as one event."""


def encode_change(change: Change) -> bytes:
    """Return the message of a change, in ASCII."""
    return _ENCODER.encode(change)


def decode_change(message: bytes) -> Change:
    """Read a message of `keeper-changes`; unknown fields are ignored.

    Raises:
        msgspec.DecodeError: It is none, or of a kind that this version does not know.
    """
    return _DECODER.decode(message)


class ChangePublisher:
    """Publishes changes; a context manager. After an error it is of no more use."""

    def __init__(self, config: KafkaConfig, *, topic: str = KEEPER_CHANGES) -> None:
        """Connect with the first change."""
        self._topic = topic
        self._producer = EventProducer(config, timeout_s=_TIMEOUT_S)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Forget what was not taken; the next publisher begins with everything."""
        self._producer.__exit__(kind, error, trace)

    def publish(self, changes: Sequence[Change]) -> None:
        """Publish changes and wait until Kafka has taken them, for ten seconds at most.

        What is published afterwards comes behind them.

        Raises:
            UnacknowledgedError: Kafka has not taken all of them; some may have been.
        """
        for change in changes:
            for part in _parts(change):
                self._producer.send(self._topic, part.kind.encode(), encode_change(part))
        self._producer.flush()


def _parts(change: Change) -> list[Change]:
    if change.ids is None:
        return [change]
    return [
        msgspec.structs.replace(change, ids=change.ids[first : first + MOST_IDS])
        for first in range(0, len(change.ids), MOST_IDS)
    ]
