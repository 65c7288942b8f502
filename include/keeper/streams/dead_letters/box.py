"""The dead letters of a topic: reading them, and giving them another chance."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self, TypeAlias

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from keeper.clock import Clock, utc_now
from keeper.errors import TerminalError, TransientError
from keeper.streams.config import KafkaConfig
from keeper.streams.groups.consumers import group_consumer
from keeper.streams.groups.offsets import committed
from keeper.streams.topic_admin import offsets_kept_for
from keeper.streams.topic_reader import TopicReader, published_at
from keeper.streams.topics import MAX_DEAD_LETTER_BYTES, dead_letter_topic

REPLAY_GROUP: Final = "keeper-dead-letter-replay"
"""Whose offsets say which letters have been replayed."""
_TIMEOUT_S: Final = 30.0
_IDENTITY: Final = ("consumer-group", "origin-topic", "origin-partition", "origin-offset", "time")
LetterIdentity: TypeAlias = tuple[str | bytes | None, ...]
_CLOCKS_APART: Final = timedelta(hours=1)


class ReplayFailedError(TransientError):
    """Kafka did not take the messages; none of them is on the topic."""


class OlderLettersError(TerminalError):
    """Letters that may have been replayed before are there; somebody must decide about them."""


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A dead letter as it lies in its box.

    Attributes:
        topic: Where its message was published.
        partition: With `offset`, where the letter is in the box.
        offset: See `partition`.
        sent_at: When it was given up.
        headers: Reason, exception, origin-topic, origin-partition, origin-offset, consumer-group,
            time.
        key: The message's key.
        value: The message; None also if it was too large for a letter.
    """

    topic: str
    partition: int
    offset: int
    sent_at: datetime | None
    headers: dict[str, str]
    key: bytes | None
    value: bytes | None

    @property
    def place(self) -> str:
        """Where it is in the box, as people write it."""
        return f"{self.partition}:{self.offset}"

    @property
    def identity(self) -> LetterIdentity:
        """What no two letters have in common, and a copy of one has: by whom, of what, and when.

        Another program's letter need not say that; all there is of it stands for it.
        """
        if all(name in self.headers for name in _IDENTITY):
            return tuple(self.headers[name] for name in _IDENTITY)
        said = (text for header in sorted(self.headers.items()) for text in header)
        return (*said, self.key, self.value)

    @property
    def origin(self) -> str:
        """Where its message was."""
        return (
            f"{self.headers.get('origin-partition', '?')}:{self.headers.get('origin-offset', '?')}"
        )


class DeadLetterBox:
    """The dead letters of one topic; a context manager."""

    def __init__(self, config: KafkaConfig, topic: str, *, clock: Clock = utc_now) -> None:
        """Connect lazily."""
        # One moment for all that is asked: else a letter grows older between two questions.
        self._opened_at = clock()
        self._config = config
        self._topic = topic
        self._box = dead_letter_topic(topic)
        self._reader = TopicReader(config)
        self._producer: Producer | None = None
        self._replayer: Consumer | None = None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._reader.close()
        if self._replayer is not None:
            self._replayer.close()

    def letters(
        self,
        *,
        since: datetime | None = None,
        only_left: bool = False,
        however_old: bool = False,
        after: Mapping[int, int] | None = None,
    ) -> Generator[StoredLetter]:
        """Yield the letters, those of a partition in their order.

        Args:
            since: Only those given up then or later.
            only_left: Only those that have not been replayed.
            however_old: With `only_left`: also those older than Kafka remembers what was replayed.
            after: By partition, only those after the one with this offset.

        Raises:
            UnknownTopicError: There is no such topic or box.
            TransientError: Kafka does not answer.
        """
        if since is None:
            start = {span.partition: span.start for span in self._reader.spans(self._box)}
        else:
            start = self._reader.offsets_at(self._box, since)
        if only_left:
            start = self._left_from(start, however_old=however_old)
        for partition, offset in (after or {}).items():
            if partition in start:
                start[partition] = max(start[partition], offset + 1)
        yield from map(self._letter, self._reader.read(self._box, start))

    def validate_none_is_older(self) -> None:
        """Require that no message is left whose letter is older than Kafka remembers replays.

        To replay later ones of its partition passes over it for good.

        Raises:
            OlderLettersError: There are some.
            UnknownTopicError: There is no such topic or box.
            TransientError: Kafka does not answer.
        """
        start = {span.partition: span.start for span in self._reader.spans(self._box)}
        known = self._left_from(start, however_old=False)
        left = self._left_from(start, however_old=True)
        asked = {p: offset for p, offset in left.items() if offset < known[p]}
        if not asked:
            return
        with closing(self._reader.read(self._box, asked)) as messages:
            older = sum(
                1
                for message in messages
                if (message.offset() or 0) < known[message.partition() or 0]
                and message.value() is not None
            )
        if older:
            raise OlderLettersError(
                f"nothing was published: {older:,} dead letters of {self._topic} are older than "
                "Kafka remembers what was replayed, so that they may have been. To publish them "
                f"too: keeper topics dlq replay {self._topic} --older; to pass them over for good: "
                f"keeper topics dlq replay {self._topic} --skip-older"
            )

    def _left_from(self, start: Mapping[int, int], *, however_old: bool) -> dict[int, int]:
        """Return, by partition, from where on letters have not been replayed."""
        done = committed(self._config, REPLAY_GROUP, {self._box: len(start)})
        if not however_old and len(done) < len(start):
            # Whoever was replayed so long ago may be so again: nothing is known of it.
            kept_for = offsets_kept_for(self._config.admin())
            known_since = self._opened_at - kept_for + _CLOCKS_APART
            remembered = self._reader.offsets_at(self._box, known_since)
            done = {(self._box, p): offset for p, offset in remembered.items()} | done
        return {p: max(offset, done.get((self._box, p), 0)) for p, offset in start.items()}

    def letter_at(self, partition: int, offset: int) -> StoredLetter | None:
        """Return the letter at a place; None if there is none, or none any more.

        Raises:
            UnknownTopicError: There is no such topic or box.
            TransientError: Kafka does not answer.
        """
        spans = {span.partition: span for span in self._reader.spans(self._box)}
        span = spans.get(partition)
        if span is None or not span.start <= offset < span.end:
            return None
        with closing(self._reader.read(self._box, {partition: offset})) as messages:
            message = next(messages, None)
        # Markers of transactions have offsets too.
        return None if message is None or message.offset() != offset else self._letter(message)

    def _letter(self, message: Message) -> StoredLetter:
        return StoredLetter(
            self._topic,
            message.partition() or 0,
            message.offset() or 0,
            published_at(message),
            {name: _text(value) for name, value in dict(message.headers() or ()).items()},
            message.key(),
            message.value(),
        )

    def replay(self, letters: Sequence[StoredLetter], *, remember: bool) -> None:
        """Publish the messages of letters on their topic again, all or none.

        Args:
            letters: Some thousand at most; those of a partition in their order.
            remember: Note in the same transaction that the box is replayed up to here.

        Raises:
            ReplayFailedError: None of them was published.
        """
        with self._whole(f"nothing was published on {self._topic}") as (producer, replayer):
            for letter in letters:
                producer.produce(self._topic, letter.value, letter.key)
            if remember:
                until = {letter.partition: letter.offset + 1 for letter in letters}
                producer.send_offsets_to_transaction(
                    [TopicPartition(self._box, p, offset) for p, offset in until.items()],
                    replayer.consumer_group_metadata(),
                    _TIMEOUT_S,
                )

    def put(self, letters: Sequence[StoredLetter]) -> None:
        """Put letters that were exported back, all or none, headers and all.

        Args:
            letters: Some thousand at most.

        Raises:
            ReplayFailedError: None of them is there.
        """
        with self._whole(f"nothing was put into {self._box}") as (producer, _):
            for letter in letters:
                headers: list[tuple[str, str | bytes | None]] = [*letter.headers.items()]
                producer.produce(self._box, letter.value, letter.key, headers=headers)

    @contextmanager
    def _whole(self, failure: str) -> Iterator[tuple[Producer, Consumer]]:
        """Publish what the block produces, all or none; `failure` says what was not done."""
        try:
            producer, replayer = self._ready()
            producer.begin_transaction()
            yield producer, replayer
            producer.commit_transaction(_TIMEOUT_S)
        except (KafkaException, BufferError) as error:
            if self._producer is not None:
                with suppress(KafkaException):
                    self._producer.abort_transaction(_TIMEOUT_S)
            raise ReplayFailedError(f"{failure}: {error}") from error

    def _ready(self) -> tuple[Producer, Consumer]:
        if self._producer is None or self._replayer is None:
            self._replayer = group_consumer(self._config, REPLAY_GROUP)
            producer = Producer(
                self._config.for_client(
                    {
                        # One at a time: a second replay of the same box ends the first.
                        "transactional.id": f"{REPLAY_GROUP}-{self._topic}",
                        "compression.type": "zstd",
                        "message.max.bytes": MAX_DEAD_LETTER_BYTES,
                        "allow.auto.create.topics": False,
                        "log_level": 0,
                    }
                )
            )
            producer.init_transactions(_TIMEOUT_S)
            self._producer = producer
        return self._producer, self._replayer


def _text(value: str | bytes | None) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return value or ""
