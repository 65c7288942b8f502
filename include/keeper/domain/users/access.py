"""Roles, scopes, and what somebody who has proven who they are may do."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """How much a user sees: a reader what is theirs, an operator everything."""

    READER = "reader"
    OPERATOR = "operator"


class Scope(StrEnum):
    """What an API token may be used for; a session may be used for everything."""

    WATCHES_READ = "watches:read"
    WATCHES_WRITE = "watches:write"
    PRICES_READ = "prices:read"
    DEALS_READ = "deals:read"
    DEALS_WRITE = "deals:write"
    MESSAGES_READ = "messages:read"
    MESSAGES_WRITE = "messages:write"
    FEEDS_READ = "feeds:read"
    OPERATIONS_READ = "operations:read"
    OPERATIONS_WRITE = "operations:write"

    @property
    def meaning(self) -> str:
        """What it allows, in a few words."""
        return _MEANINGS[self]

    @property
    def is_for_operators(self) -> bool:
        """Whether it is worth nothing to a reader."""
        return self in (Scope.OPERATIONS_READ, Scope.OPERATIONS_WRITE)


_MEANINGS: Final = {
    Scope.WATCHES_READ: "see watches and rules",
    Scope.WATCHES_WRITE: "add, change, import and remove watches",
    Scope.PRICES_READ: "see prices and products",
    Scope.DEALS_READ: "see deals, filters and daily reports",
    Scope.DEALS_WRITE: "save, change and remove deal filters",
    Scope.MESSAGES_READ: "see alerts and channels",
    Scope.MESSAGES_WRITE: "change channels and quiet hours",
    Scope.FEEDS_READ: "read the Atom feeds; alone it may stand in their addresses",
    Scope.OPERATIONS_READ: "see users, runs, topics and the audit log; operators only",
    Scope.OPERATIONS_WRITE: "replay, rebuild and trigger; operators only",
}


class Means(StrEnum):
    """By what somebody who is linked at Telegram acts, with a token of minutes."""

    BOT = "bot"
    MINI_APP = "mini app"

    def scopes(self, role: Role) -> frozenset[Scope]:
        """Return what may be done so: in the mini app, which shows the pages, all a role may do."""
        if self is Means.BOT:
            return _OF_THE_BOT
        return frozenset(scope for scope in Scope if not refused_scopes(role, [scope]))


_OF_THE_BOT: Final = frozenset(
    {
        *(Scope.WATCHES_READ, Scope.WATCHES_WRITE, Scope.PRICES_READ, Scope.DEALS_READ),
        *(Scope.MESSAGES_READ, Scope.MESSAGES_WRITE),
    }
)


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the console."""

    user_id: int
    email: str
    role: Role

    @property
    def is_operator(self) -> bool:
        """Whether they may see what belongs to others."""
        return self.role is Role.OPERATOR


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who has proven who they are, for one request.

    Attributes:
        account: Who.
        token_id: The API token they used; None for a session.
        session_id: The session they used; None for a token.
        scopes: What the token may be used for; None for a session, which may be for everything.
        expires_at: When the token or session ends by itself.
        means: By what they act at Telegram, with a token of minutes; None for all others.
    """

    account: Account
    token_id: int | None = None
    session_id: int | None = None
    scopes: frozenset[Scope] | None = None
    expires_at: datetime | None = None
    means: Means | None = None

    def missing(self, wanted: Collection[Scope]) -> list[Scope]:
        """Return the scopes among those wanted that the token lacks."""
        return [] if self.scopes is None else [s for s in wanted if s not in self.scopes]


def refused_scopes(role: Role, scopes: Collection[Scope]) -> list[Scope]:
    """Return the scopes a user of a role can give no token."""
    return [s for s in scopes if s.is_for_operators and role is not Role.OPERATOR]
