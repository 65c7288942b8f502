"""The table of requests as its worker sees it: claimed with a lease, recorded when they end.

While a request is carried out no row is locked. The lease takes the lock's place: until it is over
no other worker takes the request, and its own moves it on for as long as it lives. Every change
names the claim, so that a worker whose lease was lost records nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from keeper.domain.plain_text import storable
from keeper.domain.requests import ClaimedRequest, RequestKind, RequestState
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.users.accounts import account_of

_SQL: Final = "requests"
_LONGEST_PROBLEM: Final = 1000
WAKE_UP: Final = "keeper_requests"
"""Notified when a request is added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """What is asked for.

    Attributes:
        kind: What.
        arguments: What exactly, as JSON has it; no secret.
        user_id: Who asks.
        token_id: With which API token; None for a session.
        origin: From where.
    """

    kind: RequestKind
    arguments: Mapping[str, Any]
    user_id: int
    token_id: int | None = None
    origin: str | None = None


def add_request(connection: Connection, request: NewRequest, at: datetime) -> tuple[int, bool]:
    """Keep a request and wake the workers.

    Asking for what waits or runs already is asking once.

    Returns:
        Its number, and whether it is new.
    """
    values = {
        "kind": request.kind.value,
        "arguments": Jsonb(dict(request.arguments)),
        "user_id": request.user_id,
        "token_id": request.token_id,
        "origin": request.origin,
        "at": at,
    }
    while True:
        for statement, is_new in (("add", True), ("find_open", False)):
            row = connection.execute(statements(_SQL)[statement], values).fetchone()
            if row is not None:
                return row["request_id"], is_new
        # It ended between the two.


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request is that Keeper itself has asked for.

    Attributes:
        state: Its state.
        attempts: How many attempts were begun, without those that were broken off.
        was_taken: Whether a worker has ever begun one.
        result: What came of it, as JSON has it; None before it is done.
        problem: Why the last attempt failed.
    """

    state: RequestState
    attempts: int
    was_taken: bool
    result: dict[str, Any] | None
    problem: str | None


def standing_of(connection: Connection, request_id: int) -> Standing | None:
    """Return where a request is; None if there is none, or no longer."""
    row = connection.execute(statements(_SQL)["standing"], {"request_id": request_id}).fetchone()
    if row is None:
        return None
    return Standing(**row | {"state": RequestState(row["state"])})


def last_done(connection: Connection, kind: RequestKind) -> datetime | None:
    """Return when the latest request of a kind was done; None if none was."""
    row = connection.execute(statements(_SQL)["last_done"], {"kind": kind.value}).fetchone()
    return None if row is None else row["finished_at"]


def listen(connection: Connection) -> None:
    """Let a connection be notified from now on when a request is added."""
    connection.execute("LISTEN " + WAKE_UP)


def wait_for_requests(connection: Connection, timeout_s: float) -> None:
    """Return when a request has been added since the connection listens, or after the time."""
    for _ in connection.notifies(timeout=timeout_s, stop_after=1):
        return


def claim_next(
    connection: Connection,
    kinds: Collection[RequestKind],
    claim: str,
    *,
    now: datetime,
    until: datetime,
) -> ClaimedRequest | None:
    """Claim the next request that is due, or whose worker is gone; None if there is none.

    Args:
        connection: Where the requests are.
        kinds: Which kinds.
        claim: A name no other attempt has.
        now: What is due by then.
        until: When the lease is over.
    """
    values = {"kinds": [kind.value for kind in kinds], "claim": claim, "now": now, "until": until}
    row = connection.execute(statements(_SQL)["claim_next"], values).fetchone()
    if row is None:
        return None
    found = dict(row)
    account = account_of(found, ())
    for name in ("user_id", "email", "role"):
        del found[name]
    return ClaimedRequest(
        **found | {"kind": RequestKind(found["kind"]), "account": account, "claim": claim}
    )


def renew(
    connection: Connection, request: ClaimedRequest, *, until: datetime, progress: float | None
) -> bool | None:
    """Move a lease on; return whether its user wants it no more, None if the lease is lost."""
    values = {"request_id": request.request_id, "claim": request.claim}
    row = connection.execute(
        statements(_SQL)["renew"], {**values, "until": until, "progress": progress}
    ).fetchone()
    return None if row is None else bool(row["is_cancel_asked"])


def finish(
    connection: Connection,
    request: ClaimedRequest,
    state: RequestState,
    *,
    now: datetime,
    result: Mapping[str, Any] | None = None,
    problem: str | None = None,
) -> bool:
    """Record how a request ended; return whether the claim was still its own."""
    values = {
        "request_id": request.request_id,
        "claim": request.claim,
        "state": state.value,
        "now": now,
        "result": None if result is None else Jsonb(dict(result)),
        "problem": _shortened(problem),
    }
    return connection.execute(statements(_SQL)["finish"], values).fetchone() is not None


def postpone(
    connection: Connection,
    request: ClaimedRequest,
    due_at: datetime,
    *,
    problem: str | None,
    counts: bool,
) -> bool:
    """Let a request wait for its next attempt; return whether the claim was still its own.

    Args:
        connection: Where the requests are.
        request: Which.
        due_at: When it is tried again.
        problem: Why this attempt failed.
        counts: Whether this was an attempt; not if it was broken off.
    """
    values = {
        "request_id": request.request_id,
        "claim": request.claim,
        "due_at": due_at,
        "problem": _shortened(problem),
        "counts": counts,
    }
    return connection.execute(statements(_SQL)["postpone"], values).fetchone() is not None


def _shortened(problem: str | None) -> str | None:
    return None if problem is None else storable(problem)[:_LONGEST_PROBLEM]
