"""How much each user may have and do, and what operators set apart for one of them."""

from functools import partial
from typing import Annotated, Self

from fastapi import APIRouter, Path, Request, status
from pydantic import Field

from keeper.console.api.shapes import Moment, Reply
from keeper.console.api.shapes import Request as RequestBody
from keeper.console.api.users.changes import UserId
from keeper.console.auth import AnyCaller, OperationsReader, OperationsWriter, doer_of
from keeper.console.context import Context
from keeper.console.problems import (
    NOT_FOUND,
    NOT_SIGNED_IN,
    OPERATORS_ONLY,
    OTHER_SITE,
    SCOPE_MISSING,
    ProblemError,
    answers,
)
from keeper.domain.users.limits import Limit
from keeper.pipeline.users.limits import (
    UserGoneError,
    UserLimit,
    limits_of,
    limits_of_user,
    set_limit,
    unset_limit,
)

router = APIRouter()
_READ = answers(NOT_SIGNED_IN, SCOPE_MISSING, OPERATORS_ONLY, NOT_FOUND)
_WRITE = _READ | answers(SCOPE_MISSING, OPERATORS_ONLY, OTHER_SITE)
LimitName = Annotated[Limit, Path(description="Which limit.")]


class LimitReply(Reply):
    """A limit of one user."""

    name: Limit
    most: int | None = Field(description="Null for no limit.")
    used: int = Field(description="What they have, or have used of it in this hour or day.")
    again_at: Moment | None = Field(description="When the hour or day ends; null otherwise.")
    is_own: bool = Field(description="Whether an operator has set it for them.")

    @classmethod
    def of_limit(cls, found: UserLimit) -> Self:
        """Return what the API says of a limit."""
        return cls(
            name=found.limit,
            most=found.most,
            used=found.used,
            again_at=found.again_at,
            is_own=found.is_own,
        )


class LimitList(Reply):
    """All limits of one user."""

    items: list[LimitReply]

    @classmethod
    def of_limits(cls, found: list[UserLimit]) -> Self:
        """Return what the API says of a user's limits."""
        return cls(items=[LimitReply.of_limit(one) for one in found])


class NewLimit(RequestBody):
    """What a user may have or do from now on."""

    most: int | None = Field(ge=0, lt=2**31, description="Null for no limit.")


@router.get("/me/limits", tags=["me"], responses=answers(NOT_SIGNED_IN), name="limits")
async def my_limits(caller: AnyCaller, context: Context) -> LimitList:
    """Return how much one may have and do, and how much of it is used."""
    work = partial(limits_of, account=caller.account, at=context.clock(), defaults=context.limits)
    return LimitList.of_limits(await context.database.run(work))


@router.get("/users/{user_id}/limits", tags=["users"], responses=_READ, name="limits")
async def list_limits(caller: OperationsReader, context: Context, user_id: UserId) -> LimitList:
    """Return how much a user may have and do; operators only."""
    work = partial(
        limits_of_user,
        user_id=user_id,
        at=context.clock(),
        defaults=context.limits,
        operators=context.operators,
    )
    try:
        return LimitList.of_limits(await context.database.run(work))
    except UserGoneError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None


@router.put(
    "/users/{user_id}/limits/{limit}",
    tags=["users"],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_WRITE,
    name="set-limit",
)
async def put_limit(
    caller: OperationsWriter,
    context: Context,
    user_id: UserId,
    limit: LimitName,
    body: NewLimit,
    request: Request,
) -> None:
    """Set a limit of one user, whatever the settings say; null lifts it."""
    work = partial(
        set_limit,
        user_id=user_id,
        limit=limit,
        most=body.most,
        doer=doer_of(request, caller),
        at=context.clock(),
        operators=context.operators,
    )
    try:
        await context.database.run(work)
    except UserGoneError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None


@router.delete(
    "/users/{user_id}/limits/{limit}",
    tags=["users"],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_WRITE,
    name="unset-limit",
)
async def delete_limit(
    caller: OperationsWriter,
    context: Context,
    user_id: UserId,
    limit: LimitName,
    request: Request,
) -> None:
    """Give one user the settings' limit again."""
    work = partial(
        unset_limit,
        user_id=user_id,
        limit=limit,
        doer=doer_of(request, caller),
        at=context.clock(),
        operators=context.operators,
    )
    try:
        await context.database.run(work)
    except UserGoneError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
