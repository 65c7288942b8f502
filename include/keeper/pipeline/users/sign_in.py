"""Signing in by a one-time link, and proving who one is by a session or a token."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.domain.users.access import Account, Identity
from keeper.domain.users.links import LINK_LIFETIME, SIGN_IN_PATH
from keeper.domain.users.secrets import SHORT_PREFIX, digest_of, is_token, new_secret
from keeper.pipeline.users.accounts import UserError, known_user
from keeper.pipeline.users.audit import Actor, Doer, record
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.outbox import queue_sign_in
from keeper.stores.postgres.users import sign_in as stored
from keeper.stores.postgres.users.accounts import lock_account
from keeper.stores.postgres.users.telegram import find_short_token

__all__ = [
    "LINK_LIFETIME",
    "MAILS_AN_HOUR",
    "SESSION_LIFETIME",
    "SIGN_IN_PATH",
    "LinkUsedUpError",
    "SignedIn",
    "describe_link",
    "end_other_sessions",
    "end_session",
    "identify_address",
    "identify_bot",
    "identify_session",
    "identify_token",
    "mail_link",
    "make_link",
    "sessions_of",
    "sign_in",
    "sign_out",
]
SESSION_LIFETIME: Final = timedelta(days=30)
MAILS_AN_HOUR: Final = 5


class LinkUsedUpError(LookupError):
    """A link to sign in is unknown, was used, or has expired."""


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """A session that has begun; its secret goes into a cookie and is kept nowhere.

    Attributes:
        account: Who signed in.
        secret: The session's.
        expires_at: When it ends.
    """

    account: Account
    secret: str
    expires_at: datetime


def make_link(
    connection: Connection, email: str, doer: Doer, *, at: datetime, operators: Collection[str]
) -> str:
    """Return the secret of a new link by which a user signs in once, within 15 minutes.

    Raises:
        UserError: Nobody has the address.
    """
    account = known_user(connection, email, operators)
    with connection.transaction():
        secret = new_secret()
        stored.add_link(
            connection,
            account.user_id,
            digest_of(secret),
            at=at,
            expires_at=at + LINK_LIFETIME,
        )
        record(connection, doer, at, "sign-in link made", account.email, "printed")
    return secret


def mail_link(
    connection: Connection,
    email: str,
    doer: Doer,
    *,
    base_url: str,
    at: datetime,
    operators: Collection[str],
) -> None:
    """Put a mail with a link to sign in into the outbox.

    Nothing happens for an address nobody has, and for one that was mailed five links within an
    hour: who asked gets the same answer in any case. The deliverer makes the secret, so that no
    table has it; a mail that is not sent within 15 minutes is not sent at all.

    Args:
        connection: Where users and outbox are.
        email: Whose.
        doer: Who asks for it.
        base_url: Where the console is.
        at: Now.
        operators: Addresses that the settings make operators.
    """
    try:
        account = known_user(connection, email, operators)
    except UserError:
        return
    with connection.transaction():
        # Of several requests at once each counts those before it.
        if lock_account(connection, account.user_id, operators) is None:
            return
        mailed = stored.mailed_links(connection, account.user_id, at - timedelta(hours=1))
        if mailed >= MAILS_AN_HOUR:
            return
        link_id = stored.ask_for_link(
            connection, account.user_id, base_url, at=at, expires_at=at + LINK_LIFETIME
        )
        queue_sign_in(connection, link_id)
        record(connection, doer, at, "sign-in link made", account.email, "to be mailed")


def describe_link(
    connection: Connection, secret: str, *, at: datetime, operators: Collection[str]
) -> Account:
    """Return who a link signs in; it stays unused.

    Raises:
        LinkUsedUpError: It is worth nothing, or nothing any more.
    """
    account = stored.find_link(connection, digest_of(secret), at, operators)
    if account is None:
        raise LinkUsedUpError("this link is not valid any more; ask for another one")
    return account


def sign_in(
    connection: Connection,
    secret: str,
    *,
    at: datetime,
    origin: str | None,
    operators: Collection[str],
) -> SignedIn:
    """Use a link up and begin a session of 30 days.

    Raises:
        LinkUsedUpError: It is worth nothing, or nothing any more.
    """
    with connection.transaction():
        account = stored.use_link(connection, digest_of(secret), at, operators)
        if account is None:
            raise LinkUsedUpError("this link is not valid any more; ask for another one")
        session_secret = new_secret()
        expires_at = at + SESSION_LIFETIME
        digest = digest_of(session_secret)
        stored.add_session(connection, account.user_id, digest, at=at, expires_at=expires_at)
        doer = Doer(Actor.USER, account, origin=origin)
        record(connection, doer, at, "sign-in", account.email, "signed in")
    return SignedIn(account, session_secret, expires_at)


def sign_out(connection: Connection, identity: Identity, doer: Doer, *, at: datetime) -> None:
    """End the session somebody uses; nothing for a token, which is revoked instead."""
    if identity.session_id is None:
        return
    with connection.transaction():
        stored.end_session(connection, identity.session_id)
        record(connection, doer, at, "sign-out", identity.account.email, "signed out")


def sessions_of(
    connection: Connection, account: Account, *, at: datetime
) -> list[stored.ListedSession]:
    """Return where a user has signed in and not out again, the session used last first."""
    return stored.list_sessions(connection, account.user_id, at)


def end_session(
    connection: Connection, account: Account, session_id: int, doer: Doer, *, at: datetime
) -> bool:
    """End a session of a user's; False if they have no such session."""
    with connection.transaction():
        ended = stored.end_sessions(
            connection, account.user_id, session_id=session_id, kept_id=None
        )
        if ended:
            record(connection, doer, at, "sign-out", account.email, "session ended")
    return bool(ended)


def end_other_sessions(
    connection: Connection, identity: Identity, doer: Doer, *, at: datetime
) -> int:
    """End all sessions of a user's but the one they use; return how many ended."""
    account = identity.account
    with connection.transaction():
        ended = stored.end_sessions(
            connection, account.user_id, session_id=None, kept_id=identity.session_id
        )
        if ended:
            record(
                connection, doer, at, "sign-out", account.email, f"other sessions ended: {ended}"
            )
    return ended


def identify_session(
    connection: Connection, secret: str, *, at: datetime, operators: Collection[str]
) -> Identity | None:
    """Return whose session a secret is; None if it is none, or has expired."""
    return stored.find_session(connection, digest_of(secret), at, operators)


def identify_token(
    connection: Connection, text: str, *, at: datetime, operators: Collection[str]
) -> Identity | None:
    """Return whose token a text is, also for minutes; None if it is none, or worth nothing."""
    if is_token(text, SHORT_PREFIX):
        return find_short_token(connection, digest_of(text), at, operators)
    if not is_token(text):
        return None
    return stored.find_token(connection, digest_of(text), at, operators)


def identify_bot(
    connection: Connection, text: str, *, at: datetime, operators: Collection[str]
) -> Identity | None:
    """Return which operator's bot has a token; None if it is none of a bot, or worth nothing."""
    if not is_token(text):
        return None
    found = stored.find_token(connection, digest_of(text), at, operators, of_bot=True)
    return found if found is not None and found.account.is_operator else None


def identify_address(
    connection: Connection, email: str, *, operators: Collection[str]
) -> Identity | None:
    """Return the user with an address that a trusted proxy vouches for; None if nobody has it."""
    try:
        return Identity(known_user(connection, email, operators))
    except UserError:
        return None
