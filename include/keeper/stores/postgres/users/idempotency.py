"""Answers that are kept for who repeats a request, in PostgreSQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.types.json import Jsonb

from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "idempotency"


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """A user's key, and the request that claims it.

    Attributes:
        user_id: Whose.
        key: The key.
        request: A digest of what is asked.
        claim: What no other request has.
    """

    user_id: int
    key: str
    request: bytes
    claim: bytes


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was given."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class UsedKey:
    """A key that is in use.

    Attributes:
        request: The digest of what was asked with it.
        answer: What was answered; None while nothing is.
    """

    request: bytes
    answer: KeptAnswer | None


def claim_key(
    connection: Connection,
    claim: KeyClaim,
    *,
    at: datetime,
    abandoned_before: datetime,
    forgotten_before: datetime,
) -> bool:
    """Claim a key, and return whether it was free."""
    values = {
        "user_id": claim.user_id,
        "key": claim.key,
        "request": claim.request,
        "claim": claim.claim,
        "at": at,
        "abandoned_before": abandoned_before,
        "forgotten_before": forgotten_before,
    }
    return connection.execute(statements(_SQL)["claim_key"], values).fetchone() is not None


def find_key(connection: Connection, claim: KeyClaim) -> UsedKey | None:
    """Return what is kept of a key; None if it is in use no more."""
    values = {"user_id": claim.user_id, "key": claim.key}
    row = connection.execute(statements(_SQL)["find_key"], values).fetchone()
    if row is None:
        return None
    answer = None
    if row["status"] is not None:
        answer = KeptAnswer(row["status"], row["headers"], bytes(row["body"]))
    return UsedKey(bytes(row["request"]), answer)


def keep_answer(connection: Connection, claim: KeyClaim, answer: KeptAnswer) -> None:
    """Keep what was answered."""
    values = {
        "user_id": claim.user_id,
        "key": claim.key,
        "claim": claim.claim,
        "status": answer.status,
        "headers": Jsonb(dict(answer.headers)),
        "body": answer.body,
    }
    connection.execute(statements(_SQL)["keep_answer"], values)


def free_key(connection: Connection, claim: KeyClaim) -> None:
    """Let the key be used again."""
    values = {"user_id": claim.user_id, "key": claim.key, "claim": claim.claim}
    connection.execute(statements(_SQL)["free_key"], values)
