"""What operators see: users, and who did what."""

from functools import partial

from fastapi import APIRouter
from pydantic import Field

from keeper.console.api.shapes import Moment, Reply
from keeper.console.auth import OperationsReader
from keeper.console.context import Context
from keeper.console.paging import Cursor, Limit, read_cursor, write_cursor
from keeper.console.problems import (
    BAD_CURSOR,
    NOT_SIGNED_IN,
    OPERATORS_ONLY,
    SCOPE_MISSING,
    answers,
)
from keeper.domain.users.access import Role
from keeper.pipeline.users.accounts import ListedUser, listed_users
from keeper.pipeline.users.audit import Actor, entries

router = APIRouter()
_ANSWERS = answers(BAD_CURSOR, NOT_SIGNED_IN, SCOPE_MISSING, OPERATORS_ONLY)
_BY_ID = "id"
_NEWEST = "-id"


class User(Reply):
    """A user."""

    id: int
    email: str
    role: Role
    created_at: Moment
    watches: int = Field(description="Removed ones left out.")
    last_seen_at: Moment | None = Field(description="When they last used the console's pages.")

    @classmethod
    def of_listed(cls, user: ListedUser) -> "User":
        """Return what the API says of a user."""
        return cls(
            id=user.account.user_id,
            email=user.account.email,
            role=user.account.role,
            created_at=user.created_at,
            watches=user.watches,
            last_seen_at=user.last_seen_at,
        )


class UserPage(Reply):
    """A page of users."""

    items: list[User]
    next_cursor: str | None


class AuditEntryReply(Reply):
    """What somebody did."""

    id: int
    at: Moment
    actor: Actor
    user_id: int | None
    email: str | None = Field(description="Their address at the time; null for a command.")
    token_id: int | None
    action: str
    subject: str
    origin: str | None = Field(description="Where the request came from.")
    result: str


class AuditPage(Reply):
    """A page of the audit log."""

    items: list[AuditEntryReply]
    next_cursor: str | None


@router.get("/users", tags=["users"], responses=_ANSWERS, name="list")
async def list_users(
    caller: OperationsReader, context: Context, limit: Limit = 100, cursor: Cursor = None
) -> UserPage:
    """List users by number; operators only."""
    after = read_cursor(cursor, _BY_ID)
    work = partial(
        listed_users,
        account=caller.account,
        operators=context.operators,
        after=after[1] if after else 0,
        most=limit + 1,
    )
    found = await context.database.run(work)
    shown = [User.of_listed(one) for one in found[:limit]]
    has_more = len(found) > limit
    return UserPage(
        items=shown, next_cursor=write_cursor(_BY_ID, "", shown[-1].id) if has_more else None
    )


@router.get("/audit-log", tags=["audit-log"], responses=_ANSWERS, name="list")
async def list_entries(
    caller: OperationsReader, context: Context, limit: Limit = 100, cursor: Cursor = None
) -> AuditPage:
    """List who did what, the newest first; operators only."""
    after = read_cursor(cursor, _NEWEST)
    work = partial(
        entries, account=caller.account, before=after[1] if after else None, most=limit + 1
    )
    found = await context.database.run(work)
    shown = [
        AuditEntryReply(
            id=one.entry_id,
            at=one.happened_at,
            actor=one.actor,
            user_id=one.user_id,
            email=one.email,
            token_id=one.token_id,
            action=one.action,
            subject=one.subject,
            origin=one.origin,
            result=one.result,
        )
        for one in found[:limit]
    ]
    has_more = len(found) > limit
    return AuditPage(
        items=shown, next_cursor=write_cursor(_NEWEST, "", shown[-1].id) if has_more else None
    )
