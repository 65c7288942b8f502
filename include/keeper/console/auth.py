"""Who sends a request, and whether they may.

An API token comes as `Authorization: Bearer …`, one of minutes too, a session as a cookie, and a
proxy that the settings trust names who has signed in there. A token counts before the proxy, the
proxy before a cookie; one that is worth nothing is refused, even beside a good one of the others.
A bot's token counts where a bot is wanted, and nowhere else.
"""

from functools import partial
from typing import Annotated, Final

from fastapi import Depends, Query, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from keeper.console.context import ConsoleContext, Context
from keeper.console.problems import (
    NOT_SIGNED_IN,
    OPERATORS_ONLY,
    OTHER_SITE,
    SCOPE_MISSING,
    SESSION_NEEDED,
    ProblemError,
)
from keeper.console.serving.idempotency import claim_key
from keeper.console.serving.proxies import host_user, proxied_user
from keeper.console.site import SAFE_METHODS, SECURE_COOKIE, is_own_site, session_cookie
from keeper.domain.users.access import Identity, Scope
from keeper.pipeline.users.audit import Doer
from keeper.pipeline.users.sign_in import (
    identify_address,
    identify_bot,
    identify_session,
    identify_token,
)

_BEARER: Final = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    bearerFormat="keeper_pat_…",
    description="An API token: `keeper api-tokens make`, or POST /api/v1/api-tokens.\n\n"
    + "\n".join(f"* `{scope.value}`: {scope.meaning}" for scope in Scope),
)
_BOT: Final = HTTPBearer(
    auto_error=False,
    scheme_name="bot",
    bearerFormat="keeper_pat_…",
    description="A bot's token: `keeper api-tokens make NAME --bot`. It is good for this alone.",
)
_COOKIE: Final = APIKeyCookie(
    name=SECURE_COOKIE,
    auto_error=False,
    scheme_name="session",
    description="A session, from a link to sign in. By plain HTTP on the console's own machine the "
    "cookie is called keeper_session.",
)
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="Keeper"'}


async def _identify(
    request: Request,
    wanted: SecurityScopes,
    context: Context,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    _: Annotated[str | None, Depends(_COOKIE)],
) -> Identity:
    if "authorization" in request.headers:
        identity = await _by_token(context, credentials)
    else:
        identity = await _by_session(request, context)
    if identity is None:
        raise ProblemError(NOT_SIGNED_IN, headers=_CHALLENGE)
    if missing := identity.missing([Scope(name) for name in wanted.scopes]):
        names = " ".join(missing)
        challenge = f'Bearer realm="Keeper", error="insufficient_scope", scope="{names}"'
        raise ProblemError(
            SCOPE_MISSING, f"the token lacks {names}", headers={"WWW-Authenticate": challenge}
        )
    await claim_key(request, context, identity)
    # Who keeps the answer may admit the same credentials again until then.
    request.state.credentials_expire_at = identity.expires_at
    return identity


async def _of_feed(
    request: Request,
    wanted: SecurityScopes,
    context: Context,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    cookie: Annotated[str | None, Depends(_COOKIE)],
    token: Annotated[
        str | None,
        Query(
            max_length=200,
            description="An API token of feeds:read alone, for programs that send no headers.",
        ),
    ] = None,
) -> Identity:
    if token is None or "authorization" in request.headers:
        return await _identify(request, wanted, context, credentials, cookie)
    identity = await _by_token(
        context, HTTPAuthorizationCredentials(scheme="Bearer", credentials=token)
    )
    if identity is None:
        raise ProblemError(NOT_SIGNED_IN, headers=_CHALLENGE)
    if identity.scopes != frozenset({Scope.FEEDS_READ}):
        raise ProblemError(SCOPE_MISSING, "in an address only a token of feeds:read alone counts")
    return identity


async def _of_bot(
    context: Context, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BOT)]
) -> Identity:
    identity = None
    if credentials is not None:
        find = partial(
            identify_bot,
            text=credentials.credentials,
            at=context.clock(),
            operators=context.operators,
        )
        identity = await context.database.run(find)
    if identity is None:
        raise ProblemError(NOT_SIGNED_IN, "only a bot's token may", headers=_CHALLENGE)
    return identity


async def _by_token(
    context: ConsoleContext, credentials: HTTPAuthorizationCredentials | None
) -> Identity | None:
    if credentials is None:
        return None
    find = partial(
        identify_token,
        text=credentials.credentials,
        at=context.clock(),
        operators=context.operators,
    )
    return await context.database.run(find)


async def _by_session(request: Request, context: ConsoleContext) -> Identity | None:
    """Return who has signed in, at the console or at a trusted proxy.

    Browsers send a proxy's cookies too with what another site makes them ask.
    """
    user = proxied_user(request)
    if user is not None:
        if request.method not in SAFE_METHODS and not is_own_site(request, context):
            raise ProblemError(OTHER_SITE)
        return await context.database.run(
            partial(identify_address, email=user, operators=context.operators)
        )
    cookie = session_cookie(request, context)
    secret = request.cookies.get(cookie.name) if cookie else None
    if not secret:
        return None
    if request.method not in SAFE_METHODS and not is_own_site(request, context):
        raise ProblemError(OTHER_SITE)
    find = partial(identify_session, secret=secret, at=context.clock(), operators=context.operators)
    return await context.database.run(find)


async def _operator(identity: Annotated[Identity, Security(_identify)]) -> Identity:
    if not identity.account.is_operator:
        raise ProblemError(OPERATORS_ONLY)
    return identity


async def _of_session(
    request: Request, context: Context, _: Annotated[str | None, Depends(_COOKIE)]
) -> Identity:
    if "authorization" in request.headers:
        raise ProblemError(SESSION_NEEDED)
    identity = await _by_session(request, context)
    if identity is None:
        raise ProblemError(NOT_SIGNED_IN)
    return identity


def doer_of(request: Request, identity: Identity) -> Doer:
    """Return who sends a request, for the audit log; of a host's users all act as one account."""
    origin = [one for one in (host_user(request), origin_of(request)) if one is not None]
    return Doer.of_request(identity, ", ".join(origin) or None)


def origin_of(request: Request) -> str | None:
    """Return the address a request came from; behind a proxy that is not trusted, the proxy's."""
    return request.client.host if request.client else None


AnyCaller = Annotated[Identity, Security(_identify)]
"""Whoever is signed in; a token needs no scope."""
SessionCaller = Annotated[Identity, Depends(_of_session)]
"""Who has a session: what a token must not do."""
BotCaller = Annotated[Identity, Security(_of_bot)]
"""A bot by its own token, with the operator whose it is; nobody else may."""
WatchReader = Annotated[Identity, Security(_identify, scopes=[Scope.WATCHES_READ.value])]
WatchWriter = Annotated[Identity, Security(_identify, scopes=[Scope.WATCHES_WRITE.value])]
PriceReader = Annotated[Identity, Security(_identify, scopes=[Scope.PRICES_READ.value])]
DealReader = Annotated[Identity, Security(_identify, scopes=[Scope.DEALS_READ.value])]
DealWriter = Annotated[Identity, Security(_identify, scopes=[Scope.DEALS_WRITE.value])]
FeedReader = Annotated[Identity, Security(_of_feed, scopes=[Scope.FEEDS_READ.value])]
MessageReader = Annotated[Identity, Security(_identify, scopes=[Scope.MESSAGES_READ.value])]
MessageWriter = Annotated[Identity, Security(_identify, scopes=[Scope.MESSAGES_WRITE.value])]
OperationsReader = Annotated[Identity, Security(_operator, scopes=[Scope.OPERATIONS_READ.value])]
OperationsWriter = Annotated[Identity, Security(_operator, scopes=[Scope.OPERATIONS_WRITE.value])]
