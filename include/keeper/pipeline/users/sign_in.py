"""Signing in by a one-time link, and proving who one is by a session or a token."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.alerts.message import Link, Message
from keeper.domain.users.access import Account, Identity
from keeper.domain.users.secrets import digest_of, is_token, new_secret
from keeper.pipeline.users.accounts import UserError, known_user
from keeper.pipeline.users.audit import Actor, Doer, record
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.users import sign_in as stored
from keeper.stores.postgres.users.accounts import lock_account

LINK_LIFETIME: Final = timedelta(minutes=15)
SESSION_LIFETIME: Final = timedelta(days=30)
MAILS_AN_HOUR: Final = 5
SIGN_IN_PATH: Final = "/sign-in/"
"""Where the console shows a link's page; the link's secret follows."""


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
        secret = _new_link(connection, account, at, is_mailed=False)
        record(connection, doer, at, "sign-in link made", account.email, "printed")
    return secret


def link_to_mail(
    connection: Connection, email: str, doer: Doer, *, at: datetime, operators: Collection[str]
) -> tuple[str, str] | None:
    """Return a user's address and the secret of a link to mail there.

    None for an address nobody has, and for one that was mailed five links within an hour: who asked
    gets the same answer in any case.
    """
    try:
        account = known_user(connection, email, operators)
    except UserError:
        return None
    with connection.transaction():
        # Of several requests at once each counts those before it.
        if lock_account(connection, account.user_id, operators) is None:
            return None
        mailed = stored.mailed_links(connection, account.user_id, at - timedelta(hours=1))
        if mailed >= MAILS_AN_HOUR:
            return None
        secret = _new_link(connection, account, at, is_mailed=True)
        record(connection, doer, at, "sign-in link made", account.email, "mailed")
    return account.email, secret


def sign_in_message(url: str, at: datetime) -> Message:
    """Write the mail with a link to sign in."""
    minutes = int(LINK_LIFETIME.total_seconds() // 60)
    return Message(
        # The link itself must not show in a Message-ID.
        key=f"sign-in-{digest_of(url).hex()[:16]}",
        subject="Keeper: sign in",
        lead=f"Open this link within {minutes} minutes to sign in to Keeper; it works once.",
        sections=(),
        made_at=at,
        closing="If you did not ask for it, do nothing: the link alone signs nobody in.",
        actions=(Link("Sign in", url),),
    )


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


def identify_session(
    connection: Connection, secret: str, *, at: datetime, operators: Collection[str]
) -> Identity | None:
    """Return whose session a secret is; None if it is none, or has expired."""
    return stored.find_session(connection, digest_of(secret), at, operators)


def identify_token(
    connection: Connection, text: str, *, at: datetime, operators: Collection[str]
) -> Identity | None:
    """Return whose token a text is; None if it is none, was revoked or has expired."""
    if not is_token(text):
        return None
    return stored.find_token(connection, digest_of(text), at, operators)


def identify_address(
    connection: Connection, email: str, *, operators: Collection[str]
) -> Identity | None:
    """Return the user with an address that a trusted proxy vouches for; None if nobody has it."""
    try:
        return Identity(known_user(connection, email, operators))
    except UserError:
        return None


def _new_link(connection: Connection, account: Account, at: datetime, *, is_mailed: bool) -> str:
    secret = new_secret()
    stored.add_link(
        connection,
        account.user_id,
        digest_of(secret),
        at=at,
        expires_at=at + LINK_LIFETIME,
        is_mailed=is_mailed,
    )
    return secret
