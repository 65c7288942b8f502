"""Telegram accounts of users in PostgreSQL: codes and tokens by their digests, never themselves."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.errors import UniqueViolation

from keeper.domain.users.access import Account, Identity, Means, Role
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.users.accounts import account_of

_SQL: Final = "telegram"


@dataclass(frozen=True, slots=True)
class TelegramLink:
    """A Telegram account that is linked to a user.

    Attributes:
        telegram_id: Its number, which is that of its private chat with a bot too.
        linked_at: Since when.
    """

    telegram_id: int
    linked_at: datetime


def keep_code(connection: Connection, user_id: int, digest: bytes, *, expires_at: datetime) -> None:
    """Keep a user's new code; a former one is worth nothing from then on."""
    values = {"user_id": user_id, "digest": digest, "expires_at": expires_at}
    connection.execute(statements(_SQL)["keep_code"], values)


def use_code(
    connection: Connection, digest: bytes, at: datetime, operators: Collection[str]
) -> Account | None:
    """Use a code up and return whose it is; None if it is worth nothing, or nothing any more."""
    row = connection.execute(statements(_SQL)["use_code"], {"digest": digest, "at": at}).fetchone()
    return None if row is None else account_of(row, operators)


def drop_code(connection: Connection, user_id: int) -> None:
    """Let a user's code be worth nothing."""
    connection.execute(statements(_SQL)["drop_code"], {"user_id": user_id})


def find_link(connection: Connection, user_id: int) -> TelegramLink | None:
    """Return a user's link; None if there is none."""
    row = connection.execute(statements(_SQL)["find_link"], {"user_id": user_id}).fetchone()
    return None if row is None else TelegramLink(row["telegram_id"], row["linked_at"])


def find_linked(
    connection: Connection, telegram_id: int, operators: Collection[str]
) -> Account | None:
    """Return whose a Telegram account is, linked until the transaction ends; None if nobody's."""
    values = {"telegram_id": telegram_id}
    row = connection.execute(statements(_SQL)["find_linked"], values).fetchone()
    return None if row is None else account_of(row, operators)


def is_linked_chat(connection: Connection, address: str) -> bool:
    """Return whether a channel's address is the private chat of an account that is linked."""
    values = {"address": address}
    return connection.execute(statements(_SQL)["find_chat"], values).fetchone() is not None


def add_link(connection: Connection, user_id: int, telegram_id: int, at: datetime) -> bool:
    """Link an account, in the place of a former one; return False if it is another user's."""
    values = {"user_id": user_id, "telegram_id": telegram_id, "at": at}
    try:
        with connection.transaction():
            connection.execute(statements(_SQL)["add_link"], values)
    except UniqueViolation:
        return False
    return True


def end_link(connection: Connection, user_id: int) -> int | None:
    """End a user's link with all tokens behind it; return which account it was, None for none."""
    row = connection.execute(statements(_SQL)["end_link"], {"user_id": user_id}).fetchone()
    return None if row is None else int(row["telegram_id"])


def drop_short_tokens(
    connection: Connection, user_id: int, at: datetime, *, unexpired: bool
) -> None:
    """Drop a user's tokens of minutes that have expired, or all."""
    values = {"user_id": user_id, "at": at, "all": unexpired}
    connection.execute(statements(_SQL)["drop_short_tokens"], values)


def add_short_token(
    connection: Connection, user_id: int, means: Means, digest: bytes, *, expires_at: datetime
) -> None:
    """Keep a new token of minutes."""
    values = {
        "user_id": user_id,
        "means": means.value,
        "digest": digest,
        "expires_at": expires_at,
    }
    connection.execute(statements(_SQL)["add_short_token"], values)


def find_short_token(
    connection: Connection, digest: bytes, at: datetime, operators: Collection[str]
) -> Identity | None:
    """Return for whom a token of minutes acts; None if there is none, or it has expired.

    By the bot an operator is no more than a reader: a chat shows what is theirs.
    """
    values = {"digest": digest, "at": at}
    row = connection.execute(statements(_SQL)["find_short_token"], values).fetchone()
    if row is None:
        return None
    account, means = account_of(row, operators), Means(row["means"])
    if means is Means.BOT:
        account = Account(account.user_id, account.email, Role.READER)
    return Identity(
        account,
        scopes=means.scopes(account.role),
        expires_at=row["expires_at"],
        means=means,
    )


def keep_bot(connection: Connection, username: str) -> None:
    """Keep what the bot is called at Telegram."""
    connection.execute(statements(_SQL)["keep_bot"], {"username": username})


def find_bot(connection: Connection) -> str | None:
    """Return what the bot is called at Telegram; None if none has started yet."""
    row = connection.execute(statements(_SQL)["find_bot"]).fetchone()
    return None if row is None else str(row["username"])
