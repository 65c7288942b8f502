"""What operators see: users, and who did what."""

from functools import partial

from fastapi import APIRouter
from pydantic import Field

from keeper.console.api.shapes import Moment, Reply
from keeper.console.auth import OperationsReader
from keeper.console.context import Context
from keeper.console.paging import (
    NEWEST,
    OLDEST,
    TOTAL,
    Cursor,
    Limit,
    WithTotal,
    next_page,
    read_number,
    with_total,
)
from keeper.console.problems import (
    BAD_CURSOR,
    NOT_SIGNED_IN,
    OPERATORS_ONLY,
    SCOPE_MISSING,
    answers,
)
from keeper.domain.users.access import Role
from keeper.pipeline.users.accounts import ListedUser, listed_users
from keeper.pipeline.users.audit import Actor, count_entries_of, entries

router = APIRouter()
_ANSWERS = answers(BAD_CURSOR, NOT_SIGNED_IN, SCOPE_MISSING, OPERATORS_ONLY)


class User(Reply):
    """A user."""

    id: int
    email: str
    role: Role
    created_at: Moment
    watches: int = Field(description="Removed ones left out.")
    last_seen_at: Moment | None = Field(description="When they last used the console's pages.")

    @classmethod
    def of_listed(cls, listed: ListedUser) -> "User":
        """Return what the API says of a user."""
        return cls(
            id=listed.account.user_id,
            email=listed.account.email,
            role=listed.account.role,
            created_at=listed.created_at,
            watches=listed.watches,
            last_seen_at=listed.last_seen_at,
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
    total: int | None = Field(description=TOTAL)


@router.get("/users", tags=["users"], responses=_ANSWERS, name="list")
async def list_users(
    caller: OperationsReader, context: Context, limit: Limit = 100, cursor: Cursor = None
) -> UserPage:
    """List users by number; operators only."""
    work = partial(
        listed_users,
        account=caller.account,
        operators=context.operators,
        after=read_number(cursor, OLDEST) or 0,
        most=limit + 1,
    )
    found = await context.database.run(work)
    shown = [User.of_listed(one) for one in found[:limit]]
    return UserPage(
        items=shown, next_cursor=next_page(found, limit, OLDEST, lambda row: row.account.user_id)
    )


@router.get("/audit-log", tags=["audit-log"], responses=_ANSWERS, name="list")
async def list_entries(
    caller: OperationsReader,
    context: Context,
    limit: Limit = 100,
    cursor: Cursor = None,
    total: WithTotal = False,
) -> AuditPage:
    """List who did what, the newest first; operators only."""
    before = read_number(cursor, NEWEST)
    page = partial(entries, account=caller.account, before=before, most=limit + 1)
    count = partial(count_entries_of, account=caller.account)
    found, counted = await context.database.run(with_total(page, count, is_asked=total))
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
    return AuditPage(
        items=shown,
        next_cursor=next_page(found, limit, NEWEST, lambda row: row.entry_id),
        total=counted,
    )
