"""Requests: what users ask the API for and a worker carries out, such as a rebuild."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from keeper.domain.users.access import Account

_FIRST_PAUSE: Final = timedelta(seconds=15)
_LAST_PAUSE: Final = timedelta(minutes=15)


class RequestKind(StrEnum):
    """What is asked for; pipeline/requests/kinds.py says what each takes and does."""

    REPLAY_DEAD_LETTERS = "replay-dead-letters"
    REBUILD_SEARCH = "rebuild-search"
    TEST_CHANNEL = "test-channel"
    BACK_UP = "back-up"


class RequestState(StrEnum):
    """Where a request is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        """Whether nothing will become of it any more."""
        return self in (RequestState.DONE, RequestState.FAILED, RequestState.CANCELLED)


@dataclass(frozen=True, slots=True)
class ClaimedRequest:
    """A request as the worker that claimed it sees it.

    Attributes:
        request_id: Its number.
        kind: What is asked for.
        arguments: What exactly, as JSON has it.
        account: Who asked.
        token_id: With which API token; None for a session.
        origin: From where.
        attempts: Which attempt this is, from 1.
        is_cancel_asked: Whether its user wants it no more.
        abandoned_claim: The attempt whose worker ended without recording how that ended.
        claim: This attempt's name.
    """

    request_id: int
    kind: RequestKind
    arguments: dict[str, Any]
    account: Account
    token_id: int | None
    origin: str | None
    attempts: int
    is_cancel_asked: bool
    abandoned_claim: str | None
    claim: str


@dataclass(frozen=True, slots=True)
class ListedRequest:
    """A request as its user sees it.

    Attributes:
        request_id: Its number.
        kind: What is asked for.
        arguments: What exactly, as JSON has it.
        user_id: Who asked.
        email: Their address.
        state: Where it is.
        created_at: When it was asked for.
        due_at: When it is tried, or tried again.
        started_at: When the first attempt began.
        finished_at: When it ended.
        attempts: How many attempts there were.
        progress: How far it is, 0 to 1; None before the first report.
        is_cancel_asked: Whether its user wants it no more.
        result: What came of it, as JSON has it; None before it is done.
        problem: Why the last attempt failed; it may name hosts.
    """

    request_id: int
    kind: RequestKind
    arguments: dict[str, Any]
    user_id: int
    email: str
    state: RequestState
    created_at: datetime
    due_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    progress: float | None
    is_cancel_asked: bool
    result: dict[str, Any] | None
    problem: str | None


def pause_after(attempts: int) -> timedelta:
    """Return how long a request waits after so many failed attempts: doubling from 15 seconds."""
    return min(_FIRST_PAUSE * (1 << min(attempts - 1, 16)), _LAST_PAUSE)
