"""Who did what, as PostgreSQL keeps it; no secret is ever part of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.row_counts import count_rows

_SQL: Final = "audit_log"


class Actor(StrEnum):
    """By what means somebody acted."""

    USER = "user"
    TOKEN = "token"  # noqa: S105 -- a word for how somebody acted
    COMMAND = "command"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What somebody did.

    Attributes:
        happened_at: When.
        actor: By what means.
        action: What: sign-in, token made, role changed …
        subject: To what.
        result: What came of it.
        user_id: Whose session or token it was; None for a command.
        email: Their address at the time.
        token_id: The token.
        origin: Where the request came from; None for a command.
        entry_id: Its number; 0 before it is kept.
    """

    happened_at: datetime
    actor: Actor
    action: str
    subject: str
    result: str
    user_id: int | None = None
    email: str | None = None
    token_id: int | None = None
    origin: str | None = None
    entry_id: int = 0


def add_entry(connection: Connection, entry: AuditEntry) -> None:
    """Keep what somebody did."""
    values = {
        "at": entry.happened_at,
        "actor": entry.actor.value,
        "user_id": entry.user_id,
        "email": entry.email,
        "token_id": entry.token_id,
        "action": entry.action,
        "subject": entry.subject,
        "origin": entry.origin,
        "result": entry.result,
    }
    connection.execute(statements(_SQL)["add_entry"], values)


def list_entries(connection: Connection, *, before: int | None, most: int) -> list[AuditEntry]:
    """Return entries, the newest first.

    Args:
        connection: Where they are.
        before: Only those with a smaller number; None for the newest.
        most: How many at most.
    """
    rows = connection.execute(statements(_SQL)["list_entries"], {"before": before, "most": most})
    return [AuditEntry(**{**row, "actor": Actor(row["actor"])}) for row in rows]


def count_entries(connection: Connection) -> int:
    """Return how many entries there are; see count_rows."""
    return count_rows(connection, statements(_SQL)["list_entries"], {"before": None})
