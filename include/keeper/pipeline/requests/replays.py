"""Dead letters published again, as a request."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field

from keeper.errors import TerminalError
from keeper.pipeline.requests.work import Work

if TYPE_CHECKING:
    from keeper.streams.dead_letters.box import DeadLetterBox, StoredLetter

_AT_ONCE: Final = 1_000
TOPIC: Final = r"^[a-zA-Z0-9._-]{1,249}$"
"""Kafka's own rule for names."""
PLACE: Final = r"^[0-9]{1,9}:[0-9]{1,18}$"
"""Partition and offset."""


class Replay(BaseModel):
    """Which dead letters are published again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: str = Field(pattern=TOPIC, description="Whose dead letters.")
    place: str | None = Field(
        default=None,
        pattern=PLACE,
        description="Only this one, replayed before or not; null for all that were not.",
    )


class ReplayResult(BaseModel):
    """What a replay published."""

    published: int = Field(description="Messages published again.")
    passed_over: int = Field(description="Letters without a message, or with one too large.")


class NoSuchLetterError(TerminalError):
    """There is no such dead letter, or none any more."""


def replay(wanted: Replay, work: Work) -> ReplayResult:
    """Publish the messages of dead letters again, each once.

    Which have been published is remembered in the same transaction, so that a second attempt goes
    on where the first was broken off. A single letter named by its place is published each time;
    storing an event again changes nothing.

    Raises:
        UnknownTopicError: The topic has no dead letters.
        NoSuchLetterError: There is none at the place.
        OlderLettersError: Some may have been replayed before Kafka forgot; none is published.
        TransientError: Kafka does not answer.
    """
    from keeper.pipeline.services.configuration import kafka_config
    from keeper.streams.dead_letters.box import DeadLetterBox

    published = passed_over = 0
    with (
        DeadLetterBox(kafka_config(work.settings), wanted.topic) as box,
        _letters(box, wanted.place) as (number, letters),
    ):
        left = iter(letters)
        while some := list(islice(left, _AT_ONCE)):
            work.report_progress(min((published + passed_over) / number, 1))
            whole = [letter for letter in some if letter.value is not None]
            if whole:
                box.replay(whole, remember=wanted.place is None)
            published += len(whole)
            passed_over += len(some) - len(whole)
    return ReplayResult(published=published, passed_over=passed_over)


@contextmanager
def _letters(
    box: "DeadLetterBox", place: str | None
) -> "Iterator[tuple[int, Iterable[StoredLetter]]]":
    """Give how many letters there are, about, and the letters one by one: a box may be large."""
    if place is not None:
        partition, _, offset = place.partition(":")
        letter = box.letter_at(int(partition), int(offset))
        if letter is None:
            raise NoSuchLetterError(f"there is no dead letter at {place}")
        yield 1, [letter]
        return
    box.validate_none_is_older()
    with closing(box.letters(only_left=True)) as counted:
        number = sum(1 for _ in counted)
    with closing(box.letters(only_left=True)) as found:
        yield max(number, 1), found
