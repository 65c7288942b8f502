"""Writes down who did what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.domain.users.access import Account, Identity, Means
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.users.audit_log import (
    Actor,
    AuditEntry,
    add_entry,
    count_entries,
    list_entries,
)

__all__ = ["COMMAND", "Actor", "AuditEntry", "Doer", "count_entries_of", "entries", "record"]


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does something, and from where.

    Attributes:
        actor: By what means.
        account: Who; None for a command, whose user the machine knows.
        token_id: The API token.
        origin: Where the request came from.
    """

    actor: Actor
    account: Account | None = None
    token_id: int | None = None
    origin: str | None = None

    @classmethod
    def of_request(cls, identity: Identity, origin: str | None) -> "Doer":
        """Return who sends a request."""
        actor = Actor.USER if identity.token_id is None else Actor.TOKEN
        if identity.means is Means.BOT:
            actor = Actor.BOT
        return cls(actor, identity.account, identity.token_id, origin)


COMMAND: Final = Doer(Actor.COMMAND)


def record(
    connection: Connection, doer: Doer, at: datetime, action: str, subject: str, result: str
) -> None:
    """Keep what somebody did; none of the texts may hold a secret."""
    account = doer.account
    entry = AuditEntry(
        happened_at=at,
        actor=doer.actor,
        action=action,
        subject=subject,
        result=result,
        user_id=None if account is None else account.user_id,
        email=None if account is None else account.email,
        token_id=doer.token_id,
        origin=doer.origin,
    )
    add_entry(connection, entry)


def entries(
    connection: Connection, account: Account, *, before: int | None, most: int
) -> list[AuditEntry]:
    """Return what was done, the newest first; nothing for who is no operator."""
    return list_entries(connection, before=before, most=most) if account.is_operator else []


def count_entries_of(connection: Connection, account: Account) -> int:
    """Return how many things were done, 10,001 for more; none for who is no operator."""
    return count_entries(connection) if account.is_operator else 0
