"""Who asks, and the API tokens and the session they have."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Path, Request, Response, status
from pydantic import Field

from keeper.console.api.shapes import TEXT, Moment, Number, Reply
from keeper.console.api.shapes import Request as RequestBody
from keeper.console.auth import AnyCaller, MessageWriter, SessionCaller, doer_of
from keeper.console.context import Context
from keeper.console.problems import (
    BAD_REQUEST,
    FORBIDDEN,
    NOT_FOUND,
    NOT_SIGNED_IN,
    OTHER_SITE,
    SCOPE_MISSING,
    SESSION_NEEDED,
    ProblemError,
    answers,
)
from keeper.console.site import session_cookie
from keeper.domain.users.access import Identity, Role, Scope
from keeper.pipeline.messages.wishes import (
    Language,
    NotThereError,
    UnclearTimeError,
    Wishes,
    change_wishes,
    read_zone,
    wishes_of,
)
from keeper.pipeline.users.api_tokens import (
    DEFAULT_DAYS,
    MOST_DAYS,
    MOST_NAME,
    ListedToken,
    ScopeRefusedError,
    make_token,
    revoke,
    tokens_of,
)
from keeper.pipeline.users.sign_in import sign_out as end_session

router = APIRouter()
_BY_SESSION = answers(NOT_SIGNED_IN, SESSION_NEEDED, OTHER_SITE)


class Me(Reply):
    """Who asks."""

    id: int
    email: str
    role: Role
    by: Literal["session", "token"]
    scopes: list[Scope] = Field(description="What the token, or the session, may be used for.")
    language: Language = Field(description="What pages, messages and reports speak.")
    time_zone: str = Field(description="In which days and quiet hours count, as IANA names it.")

    @classmethod
    def of_caller(cls, caller: Identity, wishes: Wishes) -> Self:
        """Return what the API says of who asks."""
        return cls(
            id=caller.account.user_id,
            email=caller.account.email,
            role=caller.account.role,
            by="session" if caller.token_id is None else "token",
            scopes=list(Scope) if caller.scopes is None else sorted(caller.scopes),
            language=wishes.language,
            time_zone=wishes.rules.time_zone,
        )


class MyChanges(RequestBody):
    """What to change of oneself; what is left out stays."""

    language: Language | None = None
    time_zone: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        pattern=TEXT,
        description="As IANA names it.",
        examples=["Europe/Berlin"],
    )

    def applied(self, before: Wishes) -> Wishes:
        """Return somebody's wishes with this change.

        Raises:
            UnclearTimeError: There is no such time zone.
        """
        after = before
        if self.time_zone is not None:
            after = replace(after, rules=replace(after.rules, time_zone=read_zone(self.time_zone)))
        return after if self.language is None else replace(after, language=self.language)


class ApiToken(Reply):
    """An API token, without its text."""

    id: int
    name: str
    scopes: list[Scope]
    created_at: Moment
    expires_at: Moment
    last_used_at: Moment | None
    revoked_at: Moment | None

    @classmethod
    def of_listed(cls, token: ListedToken) -> "ApiToken":
        """Return what the API says of a token."""
        return cls(
            id=token.token_id,
            name=token.name,
            scopes=list(token.scopes),
            created_at=token.created_at,
            expires_at=token.expires_at,
            last_used_at=token.last_used_at,
            revoked_at=token.revoked_at,
        )


class ApiTokens(Reply):
    """One's API tokens, revoked and expired ones too."""

    items: list[ApiToken]


class NewToken(RequestBody):
    """An API token to make."""

    name: str = Field(min_length=1, max_length=MOST_NAME, pattern=TEXT)
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    days: int = Field(
        default=DEFAULT_DAYS, ge=1, le=MOST_DAYS, description="How long it is good for."
    )


class MadeTokenReply(Reply):
    """A new API token; its text is shown this once."""

    id: int
    token: str
    expires_at: Moment


@router.get("/me", tags=["me"], responses=answers(NOT_SIGNED_IN), name="get")
async def me(caller: AnyCaller, context: Context) -> Me:
    """Return who asks, what they may do, and how they are spoken to."""
    wishes = await context.database.run(partial(wishes_of, account=caller.account))
    return Me.of_caller(caller, wishes)


@router.patch(
    "/me",
    tags=["me"],
    responses=answers(NOT_SIGNED_IN, SCOPE_MISSING, OTHER_SITE, BAD_REQUEST),
    name="change",
)
async def change_me(caller: MessageWriter, context: Context, body: MyChanges) -> Me:
    """Choose the language and the time zone in which one is spoken to."""
    work = partial(change_wishes, account=caller.account, change=body.applied)
    try:
        wishes = await context.database.run(work)
    except UnclearTimeError as error:
        raise ProblemError(BAD_REQUEST, str(error)) from None
    except NotThereError:
        raise ProblemError(NOT_SIGNED_IN) from None
    return Me.of_caller(caller, wishes)


@router.delete(
    "/me/session",
    tags=["me"],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_BY_SESSION,
    name="sign-out",
)
async def sign_out(
    caller: SessionCaller, context: Context, request: Request, response: Response
) -> None:
    """End the session and let the browser forget its cookie."""
    doer = doer_of(request, caller)
    work = partial(end_session, identity=caller, doer=doer, at=context.clock())
    await context.database.run(work)
    if cookie := session_cookie(request, context):
        response.delete_cookie(
            cookie.name, path="/", secure=cookie.is_secure, httponly=True, samesite="lax"
        )


@router.get("/api-tokens", tags=["api-tokens"], responses=_BY_SESSION, name="list")
async def list_tokens(caller: SessionCaller, context: Context) -> ApiTokens:
    """List one's API tokens; a token lists none."""
    found = await context.database.run(partial(tokens_of, account=caller.account))
    return ApiTokens(items=[ApiToken.of_listed(token) for token in found])


@router.post(
    "/api-tokens",
    tags=["api-tokens"],
    status_code=status.HTTP_201_CREATED,
    responses=_BY_SESSION | answers(SESSION_NEEDED, FORBIDDEN),
    name="make",
)
async def make(
    caller: SessionCaller, context: Context, body: NewToken, request: Request
) -> MadeTokenReply:
    """Make an API token, whose text is shown this once; a token makes none."""
    work = partial(
        make_token,
        account=caller.account,
        name=body.name,
        scopes=body.scopes,
        days=body.days,
        doer=doer_of(request, caller),
        at=context.clock(),
    )
    try:
        made = await context.database.run(work)
    except ScopeRefusedError as error:
        raise ProblemError(FORBIDDEN, str(error)) from None
    return MadeTokenReply(id=made.token_id, token=made.text, expires_at=made.expires_at)


@router.delete(
    "/api-tokens/{token_id}",
    tags=["api-tokens"],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_BY_SESSION | answers(NOT_FOUND),
    name="revoke",
)
async def revoke_token(
    caller: SessionCaller,
    context: Context,
    token_id: Annotated[Number, Path(description="The token's number.")],
    request: Request,
) -> None:
    """Revoke one of one's API tokens; it is worth nothing from then on."""
    work = partial(
        revoke,
        account=caller.account,
        token_id=token_id,
        doer=doer_of(request, caller),
        at=context.clock(),
    )
    if await context.database.run(work) is None:
        raise ProblemError(NOT_FOUND, f"there is no token {token_id}")
