"""What operators do with users: add, change and remove them."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status

from keeper.console.api.shapes import Email, Number
from keeper.console.api.shapes import Request as RequestBody
from keeper.console.api.users.users import User
from keeper.console.auth import OperationsReader, OperationsWriter, doer_of
from keeper.console.context import ConsoleContext, Context
from keeper.console.problems import (
    NOT_FOUND,
    NOT_SIGNED_IN,
    OPERATORS_ONLY,
    OTHER_SITE,
    SCOPE_MISSING,
    UNCLEAR_USER,
    ProblemError,
    answers,
)
from keeper.domain.users.access import Role
from keeper.pipeline.users.accounts import (
    ListedUser,
    UserError,
    add_user,
    change_role,
    listed_user,
    remove_user,
)

router = APIRouter(prefix="/users", tags=["users"])
_READ = answers(NOT_SIGNED_IN, SCOPE_MISSING, OPERATORS_ONLY)
_WRITE = answers(NOT_SIGNED_IN, SCOPE_MISSING, OPERATORS_ONLY, OTHER_SITE, UNCLEAR_USER)
UserId = Annotated[Number, Path(description="The user's number.")]


class NewUser(RequestBody):
    """A user to add."""

    email: Email
    role: Role = Role.READER


class UserChanges(RequestBody):
    """What becomes of a user."""

    role: Role


@router.get("/{user_id}", responses=_READ | answers(NOT_FOUND), name="get")
async def get(caller: OperationsReader, context: Context, user_id: UserId) -> User:
    """Return a user; operators only."""
    return User.of_listed(await _known(context, user_id))


@router.post("", status_code=status.HTTP_201_CREATED, responses=_WRITE, name="add")
async def add(
    caller: OperationsWriter,
    context: Context,
    body: NewUser,
    request: Request,
    response: Response,
) -> User:
    """Add a user, who reads mail at their address and may sign in; operators only."""
    work = partial(
        add_user,
        email=body.email,
        role=body.role,
        doer=doer_of(request, caller),
        at=context.clock(),
        operators=context.operators,
    )
    try:
        account = await context.database.run(work)
    except UserError as error:
        raise ProblemError(UNCLEAR_USER, str(error)) from None
    response.headers["Location"] = f"/api/v1/users/{account.user_id}"
    return User.of_listed(await _known(context, account.user_id))


@router.patch("/{user_id}", responses=_WRITE | answers(NOT_FOUND), name="change")
async def change(
    caller: OperationsWriter,
    context: Context,
    user_id: UserId,
    body: UserChanges,
    request: Request,
) -> User:
    """Change a user's role; sessions and tokens they have count with it at once."""
    user = await _known(context, user_id)
    work = partial(
        change_role,
        email=user.account.email,
        role=body.role,
        doer=doer_of(request, caller),
        at=context.clock(),
        operators=context.operators,
    )
    try:
        await context.database.run(work)
    except UserError as error:
        raise ProblemError(UNCLEAR_USER, str(error)) from None
    return User.of_listed(await _known(context, user_id))


@router.delete(
    "/{user_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_WRITE | answers(NOT_FOUND),
    name="remove",
)
async def remove(
    caller: OperationsWriter,
    context: Context,
    user_id: UserId,
    request: Request,
    to: Annotated[
        Number | None,
        Query(description="Who gets the watches, with their alerts, and the deal filters."),
    ] = None,
) -> None:
    """Remove a user with all that is theirs, or hand on their watches and filters."""
    user = await _known(context, user_id)
    heir = None if to is None else await _known(context, to)
    work = partial(
        remove_user,
        email=user.account.email,
        doer=doer_of(request, caller),
        at=context.clock(),
        operators=context.operators,
        heir=None if heir is None else heir.account.email,
    )
    try:
        await context.database.run(work)
    except UserError as error:
        raise ProblemError(UNCLEAR_USER, str(error)) from None


async def _known(context: ConsoleContext, user_id: int) -> ListedUser:
    work = partial(listed_user, user_id=user_id, operators=context.operators)
    found = await context.database.run(work)
    if found is None:
        raise ProblemError(NOT_FOUND, f"there is no user {user_id}")
    return found
