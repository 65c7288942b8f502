"""Asks for work that a worker carries out, and follows and cancels it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from keeper.domain.requests import ListedRequest, RequestKind, RequestState
from keeper.domain.users.access import Identity
from keeper.pipeline.requests.kinds import KINDS, kinds_changed_by, kinds_seen_by
from keeper.pipeline.users.audit import Doer, record
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.requests.pages import (
    cancel_request,
    count_requests,
    find_request,
    request_page,
)
from keeper.stores.postgres.requests.queue import NewRequest, add_request
from keeper.stores.postgres.users.accounts import lock_account
from keeper.stores.postgres.users.visibility import visible_to

__all__ = [
    "Asked",
    "ListedRequest",
    "RequestGoneError",
    "RequestKind",
    "RequestState",
    "ask",
    "cancel",
    "count_requests_of",
    "request_of",
    "requests_of",
]


class RequestGoneError(LookupError):
    """There is no such request, or none that may be seen; who asks cannot learn which."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of asking.

    Attributes:
        request: What is asked for.
        is_new: False if the same waits or runs already.
    """

    request: ListedRequest
    is_new: bool


def ask(
    connection: Connection, kind: RequestKind, arguments: BaseModel, doer: Doer, *, at: datetime
) -> Asked:
    """Ask for something on behalf of a user, and record that in the audit log.

    Asking for what waits or runs already is asking once.

    Args:
        connection: Where it is kept.
        kind: What is asked for.
        arguments: What exactly: an instance of the kind's arguments.
        doer: Who asks; a user.
        at: Now.

    Raises:
        RequestGoneError: The user is gone.
        TypeError: The arguments are another kind's, or no user asks.
    """
    of = KINDS[kind]
    if doer.account is None or not isinstance(arguments, of.arguments):
        raise TypeError(f"{kind} is asked for by a user, with {of.arguments.__name__}")
    with connection.transaction():
        if lock_account(connection, doer.account.user_id, ()) is None:
            raise RequestGoneError
        new = NewRequest(
            kind=kind,
            arguments=arguments.model_dump(mode="json"),
            user_id=doer.account.user_id,
            token_id=doer.token_id,
            origin=doer.origin,
        )
        request_id, is_new = add_request(connection, new, at)
        if is_new:
            subject = of.subject(arguments)
            record(connection, doer, at, f"{kind} asked", subject, f"request {request_id}")
        found = find_request(connection, visible_to(doer.account), [kind], request_id)
    if found is None:
        raise RequestGoneError
    return Asked(found, is_new)


def requests_of(
    connection: Connection,
    identity: Identity,
    *,
    kinds: Collection[RequestKind] | None = None,
    states: Collection[RequestState] | None = None,
    before: int | None = None,
    most: int,
) -> list[ListedRequest]:
    """Return the requests somebody may see, the newest first: their own, an operator all.

    Args:
        connection: Where they are.
        identity: Who asks; a token sees those of its scopes.
        kinds: Only of these kinds; None for all.
        states: Only in these states; None for all.
        before: Only those with a smaller number; None for the newest.
        most: How many at most.
    """
    seen = [kind for kind in kinds_seen_by(identity) if kinds is None or kind in kinds]
    return request_page(
        connection, visible_to(identity.account), seen, states=states, before=before, most=most
    )


def count_requests_of(
    connection: Connection,
    identity: Identity,
    *,
    kinds: Collection[RequestKind] | None,
    states: Collection[RequestState] | None,
) -> int:
    """Return how many requests somebody may see, 10,001 for more than 10,000; see requests_of."""
    seen = [kind for kind in kinds_seen_by(identity) if kinds is None or kind in kinds]
    return count_requests(connection, visible_to(identity.account), seen, states=states)


def request_of(connection: Connection, identity: Identity, request_id: int) -> ListedRequest:
    """Return a request somebody may see.

    Raises:
        RequestGoneError: There is none.
    """
    visibility = visible_to(identity.account)
    found = find_request(connection, visibility, kinds_seen_by(identity), request_id)
    if found is None:
        raise RequestGoneError
    return found


def cancel(
    connection: Connection, identity: Identity, request_id: int, doer: Doer, *, at: datetime
) -> ListedRequest:
    """Cancel a request that waits, ask for one that runs to be broken off; an ended one stays so.

    Returns:
        The request as it is then.

    Raises:
        RequestGoneError: There is none that they may cancel.
    """
    visibility, kinds = visible_to(identity.account), kinds_changed_by(identity)
    with connection.transaction():
        is_cancelled = cancel_request(connection, visibility, kinds, request_id, at)
        found = find_request(connection, visibility, kinds, request_id)
        if found is None:
            raise RequestGoneError
        if is_cancelled:
            subject = f"request {request_id}"
            record(connection, doer, at, f"{found.kind} cancelled", subject, found.state)
    return found
