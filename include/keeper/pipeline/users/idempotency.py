"""Requests that a program may repeat: the key it sends with one makes the second do nothing.

As draft-ietf-httpapi-idempotency-key-header-07 describes the header. Only answers of what succeeded
are kept: who got an error repeats the request and may fare better. A console that ends while it
carries out a request leaves a claim; minutes later the request is carried out again.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final

from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.users.idempotency import (
    KeptAnswer,
    KeyClaim,
    claim_key,
    find_key,
    free_key,
    keep_answer,
)

__all__ = [
    "KeptAnswer",
    "KeyClaim",
    "KeyReusedError",
    "StillRunningError",
    "free_key",
    "keep_answer",
    "new_claim",
    "use_key",
]
KEPT_FOR: Final = timedelta(days=1)
ABANDONED_AFTER: Final = timedelta(minutes=3)
"""Longer than any request of the console may take, one that nobody waits for any more included."""
_CLAIM_BYTES: Final = 16


class KeyReusedError(ValueError):
    """The key came with another request before."""


class StillRunningError(ValueError):
    """The first request with the key has not been answered yet."""


def new_claim(user_id: int, key: str, request: bytes) -> KeyClaim:
    """Return a claim of a user's key for a request, by its digest."""
    return KeyClaim(user_id, key, request, secrets.token_bytes(_CLAIM_BYTES))


def use_key(connection: Connection, claim: KeyClaim, *, at: datetime) -> KeptAnswer | None:
    """Claim a key; return what was answered before, None for who is the first.

    Raises:
        KeyReusedError: It came with another request.
        StillRunningError: The first request is still being carried out.
    """
    is_first = claim_key(
        connection,
        claim,
        at=at,
        abandoned_before=at - ABANDONED_AFTER,
        forgotten_before=at - KEPT_FOR,
    )
    if is_first:
        return None
    used = find_key(connection, claim)
    if used is not None and used.request != claim.request:
        raise KeyReusedError("this key came with another request")
    if used is None or used.answer is None:
        raise StillRunningError("the first request with this key is not answered yet")
    return used.answer
