"""Makes, lists and revokes API tokens."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.domain.users.access import Account, Scope, refused_scopes
from keeper.domain.users.secrets import digest_of, new_token
from keeper.pipeline.users.audit import Doer, record
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.users.sign_in import ListedToken, add_token, list_tokens, revoke_token

__all__ = [
    "DEFAULT_DAYS",
    "MOST_DAYS",
    "MOST_NAME",
    "ListedToken",
    "MadeToken",
    "ScopeRefusedError",
    "make_token",
    "revoke",
    "tokens_of",
]
DEFAULT_DAYS: Final = 90
MOST_DAYS: Final = 366
MOST_NAME: Final = 100


class ScopeRefusedError(ValueError):
    """A reader's token cannot have an operator's scope."""


@dataclass(frozen=True, slots=True, repr=False)
class MadeToken:
    """A new token; its text is shown once and kept nowhere."""

    token_id: int
    text: str
    expires_at: datetime


def make_token(
    connection: Connection,
    account: Account,
    *,
    name: str,
    scopes: Collection[Scope],
    days: int,
    doer: Doer,
    at: datetime,
    is_of_bot: bool = False,
) -> MadeToken:
    """Make a token of a user.

    Args:
        connection: Where it is kept.
        account: Whose it is.
        name: What its user calls it.
        scopes: What it may be used for, one at least; none for a bot's.
        days: For how long, 366 at most.
        doer: Who makes it.
        at: Now.
        is_of_bot: Whether it is a bot's: by itself it opens nothing, and it lets the bot act for
            who has linked their Telegram account, for minutes at a time.

    Raises:
        ScopeRefusedError: The user's role does not allow a scope, or a bot.
    """
    if is_of_bot and not account.is_operator:
        raise ScopeRefusedError("a token for a bot: for operators only")
    if refused := refused_scopes(account.role, scopes):
        raise ScopeRefusedError(f"{', '.join(sorted(refused))}: for operators only")
    text = new_token()
    expires_at = at + timedelta(days=days)
    with connection.transaction():
        token_id = add_token(
            connection,
            account.user_id,
            digest_of(text),
            name=name,
            scopes=scopes,
            at=at,
            expires_at=expires_at,
            is_of_bot=is_of_bot,
        )
        subject = f"token {token_id} of {account.email}"
        result = "bot" if is_of_bot else " ".join(sorted(scopes))
        record(connection, doer, at, "token made", subject, result)
    return MadeToken(token_id, text, expires_at)


def tokens_of(connection: Connection, account: Account) -> list[ListedToken]:
    """Return a user's tokens by number, without their texts, which nobody has any more."""
    return list_tokens(connection, account.user_id)


def revoke(
    connection: Connection, account: Account, token_id: int, doer: Doer, *, at: datetime
) -> str | None:
    """Revoke a user's token, which is worth nothing from then on.

    Returns:
        Its name; None if they have no such token.
    """
    with connection.transaction():
        name = revoke_token(connection, account.user_id, token_id, at)
        if name is not None:
            subject = f"token {token_id} of {account.email}"
            record(connection, doer, at, "token revoked", subject, "done")
    return name
