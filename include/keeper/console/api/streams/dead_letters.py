"""Dead letters: messages that could not be loaded, and another chance for them."""

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response, status
from pydantic import Field

from keeper.console.api.operators import READ, WRITE, Word
from keeper.console.api.requests.requests import ACCEPTED, RequestReply, accepted
from keeper.console.api.shapes import GivenMoment, Moment, Reply
from keeper.console.api.shapes import Request as Body
from keeper.console.api.streams.topics import TopicName
from keeper.console.auth import OperationsReader, OperationsWriter, doer_of
from keeper.console.context import Context
from keeper.console.paging import Cursor, Limit, read_cursor, write_cursor
from keeper.console.problems import BAD_CURSOR, NOT_FOUND, ProblemError, answers
from keeper.pipeline.requests.ask import RequestKind, ask
from keeper.pipeline.requests.replays import PLACE, Replay
from keeper.pipeline.services.topics import (
    StoredLetter,
    UnknownTopicError,
    letter_at,
    letters_of,
)

router = APIRouter(prefix="/topics/{topic}/dead-letters", tags=["dead-letters"])
_ORDER: Final = "place"
_NONE: Final = "there is no such topic with dead letters"
Place = Annotated[str, Path(pattern=PLACE, description="Partition and offset: 3:41.")]


class LetterReply(Reply):
    """A dead letter."""

    topic: str
    place: str = Field(description="Where it is in its box.")
    origin: str = Field(description="Where its message was in the topic.")
    given_up_at: Moment | None
    reason: str
    key: str | None

    @classmethod
    def of_letter(cls, letter: StoredLetter) -> "LetterReply":
        """Return what the API says of a letter."""
        return cls(
            topic=letter.topic,
            place=letter.place,
            origin=letter.origin,
            given_up_at=letter.sent_at,
            reason=letter.headers.get("reason", ""),
            key=_text(letter.key),
        )


class LetterInDetailReply(LetterReply):
    """A dead letter with its whole message, which is others' text."""

    headers: dict[str, str]
    value: str | None = Field(
        description="The message, bytes that are no UTF-8 escaped; null if it was too large."
    )
    value_base64: str | None = Field(
        description="Its bytes as they are, in base64; null if it was too large."
    )


class LetterPage(Reply):
    """A page of dead letters."""

    items: list[LetterReply]
    reasons: dict[str, int] = Field(description="How often each kind of reason is on this page.")
    next_cursor: str | None = Field(
        description="Leads on also from a page with fewer letters than `limit`."
    )


class NewReplay(Body):
    """Which letters to publish again."""

    place: str | None = Field(
        default=None,
        pattern=PLACE,
        description="Only this one, replayed before or not; null for all that were not.",
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")


def _read(cursor: str | None) -> Mapping[int, int]:
    after = read_cursor(cursor, _ORDER)
    places = after[0].split() if after else []
    try:
        return {
            int(partition): int(offset)
            for partition, offset in (place.split(":") for place in places)
        }
    except ValueError:
        raise ProblemError(BAD_CURSOR) from None


@router.get("", responses=READ | answers(BAD_CURSOR, NOT_FOUND), name="list")
async def list_letters(
    caller: OperationsReader,
    context: Context,
    topic: TopicName,
    since: Annotated[
        GivenMoment | None, Query(description="Only those given up then or later.")
    ] = None,
    reason: Annotated[Word | None, Query(description="Only with this in their reason.")] = None,
    only_left: Annotated[
        bool, Query(description="Only those that have not been replayed.")
    ] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> LetterPage:
    """List a topic's dead letters and why they are dead, those of a partition in their order."""
    look = partial(
        letters_of,
        topic=topic,
        since=since,
        only_left=only_left,
        reason=reason,
        after=_read(cursor),
        most=limit,
    )
    try:
        page = await context.operations.in_kafka(look)
    except UnknownTopicError:
        raise ProblemError(NOT_FOUND, _NONE) from None
    key = " ".join(f"{partition}:{offset}" for partition, offset in page.read_to.items())
    return LetterPage(
        items=[LetterReply.of_letter(letter) for letter in page.letters],
        reasons=dict(page.reasons.most_common(20)),
        next_cursor=None if page.is_last else write_cursor(_ORDER, key, 0),
    )


@router.get("/{place}", responses=READ | answers(NOT_FOUND), name="get")
async def get_letter(
    caller: OperationsReader, context: Context, topic: TopicName, place: Place
) -> LetterInDetailReply:
    """Show a dead letter: its headers, its key and its whole message; operators only."""
    try:
        letter = await context.operations.in_kafka(partial(letter_at, topic=topic, place=place))
    except UnknownTopicError:
        raise ProblemError(NOT_FOUND, _NONE) from None
    if letter is None:
        raise ProblemError(NOT_FOUND, f"there is no dead letter at {place}")
    return LetterInDetailReply(
        **dict(LetterReply.of_letter(letter)),
        headers=letter.headers,
        value=_text(letter.value),
        value_base64=None if letter.value is None else b64encode(letter.value).decode("ascii"),
    )


@router.post(
    "/replays", status_code=status.HTTP_202_ACCEPTED, responses=WRITE | ACCEPTED, name="replay"
)
async def replay_letters(
    caller: OperationsWriter,
    context: Context,
    request: Request,
    response: Response,
    topic: TopicName,
    body: NewReplay,
) -> RequestReply:
    """Ask for dead letters to be published on their topic again, each once.

    Asking again before it is done returns the same request.
    """
    work = partial(
        ask,
        kind=RequestKind.REPLAY_DEAD_LETTERS,
        arguments=Replay(topic=topic, place=body.place),
        doer=doer_of(request, caller),
        at=context.clock(),
    )
    asked = await context.database.run(work)
    return accepted(response, RequestReply.of_request(asked.request, caller.account))
