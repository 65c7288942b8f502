"""Sign-in links, sessions and API tokens in PostgreSQL: their digests, never themselves."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from keeper.domain.users.access import Account, Identity, Scope
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.users.accounts import account_of

_SQL: Final = "sign_in"
_BOT: Final = "bot"
"""In the place of scopes: what makes a token a bot's."""


@dataclass(frozen=True, slots=True)
class ListedToken:
    """An API token as its user sees it.

    Attributes:
        token_id: Its number.
        name: What its user calls it.
        scopes: What it may be used for.
        created_at: When it was made.
        expires_at: From when it is worth nothing.
        last_used_at: When it was last used, to the minute; None if never.
        revoked_at: When it was revoked; None if it was not.
        is_of_bot: Whether it is a bot's, which has no scopes.
    """

    token_id: int
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    is_of_bot: bool = False


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session as its user sees it.

    Attributes:
        session_id: Its number.
        created_at: When its user signed in.
        expires_at: From when it is worth nothing.
        last_used_at: When it was last used, to the minute.
    """

    session_id: int
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime


def mailed_links(connection: Connection, user_id: int, since: datetime) -> int:
    """Return how many links were mailed to a user since a moment."""
    values = {"user_id": user_id, "since": since}
    row = connection.execute(statements(_SQL)["count_mailed_links"], values).fetchone()
    return row["number"] if row else 0


def add_link(
    connection: Connection,
    user_id: int,
    digest: bytes,
    *,
    at: datetime,
    expires_at: datetime,
) -> None:
    """Keep a new link that is printed."""
    values = {"user_id": user_id, "digest": digest, "at": at, "expires_at": expires_at}
    connection.execute(statements(_SQL)["add_link"], values)


def ask_for_link(
    connection: Connection, user_id: int, base_url: str, *, at: datetime, expires_at: datetime
) -> int:
    """Keep that a link is to be mailed, which has no secret yet, and return its number."""
    values = {"user_id": user_id, "base_url": base_url, "at": at, "expires_at": expires_at}
    (row,) = connection.execute(statements(_SQL)["ask_for_link"], values).fetchall()
    return int(row["link_id"])


def give_link_its_secret(
    connection: Connection, link_id: int, digest: bytes, *, expires_at: datetime
) -> None:
    """Keep the digest of a link's secret; a former one is worth nothing from then on."""
    values = {"link_id": link_id, "digest": digest, "expires_at": expires_at}
    connection.execute(statements(_SQL)["give_link_its_secret"], values)


def find_link(
    connection: Connection, digest: bytes, at: datetime, operators: Collection[str]
) -> Account | None:
    """Return whose link it is; None if it is worth nothing, or nothing any more."""
    row = connection.execute(statements(_SQL)["find_link"], {"digest": digest, "at": at}).fetchone()
    return None if row is None else account_of(row, operators)


def use_link(
    connection: Connection, digest: bytes, at: datetime, operators: Collection[str]
) -> Account | None:
    """Use a link up and return whose it is; None if it is worth nothing, or nothing any more."""
    row = connection.execute(statements(_SQL)["use_link"], {"digest": digest, "at": at}).fetchone()
    return None if row is None else account_of(row, operators)


def add_session(
    connection: Connection, user_id: int, digest: bytes, *, at: datetime, expires_at: datetime
) -> None:
    """Keep a new session."""
    connection.execute(
        statements(_SQL)["add_session"],
        {"user_id": user_id, "digest": digest, "at": at, "expires_at": expires_at},
    )


def find_session(
    connection: Connection, digest: bytes, at: datetime, operators: Collection[str]
) -> Identity | None:
    """Return whose session it is; None if there is none, or it has expired."""
    row = connection.execute(
        statements(_SQL)["find_session"], {"digest": digest, "at": at}
    ).fetchone()
    if row is None:
        return None
    return Identity(
        account_of(row, operators), session_id=row["session_id"], expires_at=row["expires_at"]
    )


def end_session(connection: Connection, session_id: int) -> None:
    """End a session; it is worth nothing from then on."""
    connection.execute(statements(_SQL)["end_session"], {"session_id": session_id})


def list_sessions(connection: Connection, user_id: int, at: datetime) -> list[ListedSession]:
    """Return a user's sessions that have not expired, the one used last first."""
    values = {"user_id": user_id, "at": at}
    rows = connection.execute(statements(_SQL)["list_sessions"], values)
    return [ListedSession(**row) for row in rows]


def end_sessions(
    connection: Connection, user_id: int, *, session_id: int | None, kept_id: int | None
) -> int:
    """End a session of a user, or all of theirs but one; return how many ended.

    Args:
        connection: Where they are.
        user_id: Whose.
        session_id: Which one; None for all.
        kept_id: One that stays.
    """
    values = {"user_id": user_id, "session_id": session_id, "kept_id": kept_id}
    return len(connection.execute(statements(_SQL)["end_sessions"], values).fetchall())


def add_token(
    connection: Connection,
    user_id: int,
    digest: bytes,
    *,
    name: str,
    scopes: Collection[Scope],
    at: datetime,
    expires_at: datetime,
    is_of_bot: bool = False,
) -> int:
    """Keep a new API token and return its number."""
    values = {
        "user_id": user_id,
        "digest": digest,
        "name": name,
        "scopes": [_BOT] if is_of_bot else sorted(scope.value for scope in scopes),
        "at": at,
        "expires_at": expires_at,
    }
    (row,) = connection.execute(statements(_SQL)["add_token"], values).fetchall()
    return int(row["token_id"])


def find_token(
    connection: Connection,
    digest: bytes,
    at: datetime,
    operators: Collection[str],
    *,
    of_bot: bool = False,
) -> Identity | None:
    """Return whose token it is; None if there is none, or it was revoked or has expired.

    Args:
        connection: Where it is kept.
        digest: Its digest.
        at: Now.
        operators: Addresses that the settings make operators.
        of_bot: Whether a bot's token is wanted; one that is none is not found then, and the other
            way round.
    """
    values = {"digest": digest, "at": at, "of_bot": of_bot}
    row = connection.execute(statements(_SQL)["find_token"], values).fetchone()
    if row is None:
        return None
    return Identity(
        account_of(row, operators),
        token_id=row["token_id"],
        scopes=frozenset(_scopes(row)),
        expires_at=row["expires_at"],
    )


def list_tokens(connection: Connection, user_id: int) -> list[ListedToken]:
    """Return a user's tokens, revoked and expired ones too."""
    rows = connection.execute(statements(_SQL)["list_tokens"], {"user_id": user_id})
    return [
        ListedToken(
            row["token_id"],
            row["name"],
            _scopes(row),
            row["created_at"],
            row["expires_at"],
            row["last_used_at"],
            row["revoked_at"],
            is_of_bot=_BOT in row["scopes"],
        )
        for row in rows
    ]


def revoke_token(connection: Connection, user_id: int, token_id: int, at: datetime) -> str | None:
    """Revoke a user's token and return its name; None if they have no such token."""
    values = {"user_id": user_id, "token_id": token_id, "at": at}
    row = connection.execute(statements(_SQL)["revoke_token"], values).fetchone()
    return None if row is None else str(row["name"])


@dataclass(frozen=True, slots=True, repr=False)
class TicketMaker:
    """By what a ticket was made: a session or a token, by its digest; else by a proxy's word.

    Attributes:
        email: Whose it is.
        session: The session's digest.
        token: The token's digest.
    """

    email: str
    session: bytes | None
    token: bytes | None


def add_ticket(
    connection: Connection,
    identity: Identity,
    digest: bytes,
    *,
    at: datetime,
    expires_at: datetime,
) -> None:
    """Keep a new ticket of what somebody has proven who they are by; forget those that expired."""
    values = {
        "digest": digest,
        "user_id": identity.account.user_id,
        "session_id": identity.session_id,
        "token_id": identity.token_id,
        "at": at,
        "expires_at": expires_at,
    }
    connection.execute(statements(_SQL)["add_ticket"], values)


def use_ticket(connection: Connection, digest: bytes, at: datetime) -> TicketMaker | None:
    """Use a ticket up and return by what it was made; None if it is worth nothing."""
    values = {"digest": digest, "at": at}
    row = connection.execute(statements(_SQL)["use_ticket"], values).fetchone()
    if row is None:
        return None
    session, token = (None if row[one] is None else bytes(row[one]) for one in ("session", "token"))
    return TicketMaker(row["email"], session, token)


def _scopes(row: Mapping[str, Any]) -> tuple[Scope, ...]:
    """Return a token's scopes; one that a later version knew is left out."""
    known = set(Scope)
    return tuple(Scope(name) for name in row["scopes"] if name in known)
