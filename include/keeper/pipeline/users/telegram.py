"""Telegram accounts of users: linked by a one-time code, and then acted for, minutes at a time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from keeper.domain.messages.queue import Address, ChannelKind
from keeper.domain.users.access import Account, Identity, Means
from keeper.domain.users.languages import Language
from keeper.domain.users.secrets import SHORT_PREFIX, digest_of, new_secret, new_token
from keeper.domain.users.telegram import CODE_LIFETIME, SHORT_LIFETIME
from keeper.pipeline.users.audit import Actor, Doer, record
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.channels import save_channel, set_channel_active
from keeper.stores.postgres.users import telegram as stored
from keeper.stores.postgres.users.accounts import language_of, lock_account
from keeper.stores.postgres.users.telegram import TelegramLink

__all__ = [
    "AccountTakenError",
    "CodeUsedUpError",
    "LinkState",
    "MadeCode",
    "NotLinkedError",
    "ShortToken",
    "act_for",
    "code_for",
    "link_account",
    "link_state",
    "save_bot_name",
    "sign_in_by_init_data",
    "unlink",
    "unlink_account",
]


class CodeUsedUpError(LookupError):
    """A code is unknown, was used, or has expired."""


class AccountTakenError(ValueError):
    """A Telegram account is linked to another user."""


class NotLinkedError(LookupError):
    """A Telegram account is linked to nobody."""


@dataclass(frozen=True, slots=True, repr=False)
class MadeCode:
    """A code that links a Telegram account once.

    Attributes:
        text: What to send the bot; kept nowhere.
        bot: What the bot is called at Telegram; None if none has started yet.
        expires_at: Until when it is good.
    """

    text: str
    bot: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LinkState:
    """A user's link; None for none, and what the bot is called, None if none has started yet."""

    link: TelegramLink | None
    bot: str | None


@dataclass(frozen=True, slots=True, repr=False)
class ShortToken:
    """A token of minutes; its text is given once and kept nowhere.

    Attributes:
        account: For whom it acts.
        text: What is sent as a token.
        expires_at: Until when it is good.
        language: What its user is spoken to in.
    """

    account: Account
    text: str
    expires_at: datetime
    language: Language


def code_for(connection: Connection, identity: Identity, doer: Doer, *, at: datetime) -> MadeCode:
    """Return a new code that links a Telegram account; a former one is worth nothing then."""
    account = identity.account
    code, expires_at = new_secret(), at + CODE_LIFETIME
    with connection.transaction():
        stored.keep_code(connection, account.user_id, digest_of(code), expires_at=expires_at)
        record(connection, doer, at, "telegram code made", account.email, "shown")
    return MadeCode(code, stored.find_bot(connection), expires_at)


def link_state(connection: Connection, identity: Identity) -> LinkState:
    """Return which Telegram account is a user's, and what the bot is called."""
    link = stored.find_link(connection, identity.account.user_id)
    return LinkState(link, stored.find_bot(connection))


def link_account(
    connection: Connection,
    bot: Identity,
    telegram_id: int,
    code: str,
    *,
    at: datetime,
    origin: str | None,
    operators: Collection[str],
) -> ShortToken:
    """Use a code up: link a Telegram account to who made it, and send their alerts there too.

    A former account of theirs is linked no more.

    Raises:
        CodeUsedUpError: The code is worth nothing, or nothing any more.
        AccountTakenError: The account is another user's, who has to end that first; the code stays.
    """
    with connection.transaction():
        account = stored.use_code(connection, digest_of(code), at, operators)
        if account is None or lock_account(connection, account.user_id, ()) is None:
            raise CodeUsedUpError("this code is not valid any more; get another one")
        former = stored.find_link(connection, account.user_id)
        if not stored.add_link(connection, account.user_id, telegram_id, at):
            raise AccountTakenError("this Telegram account is linked to another user")
        if former is not None and former.telegram_id != telegram_id:
            stored.drop_short_tokens(connection, account.user_id, at, unexpired=True)
            _stop_messages(connection, account, former.telegram_id)
        save_channel(connection, account.email, _chat(telegram_id))
        doer = Doer(Actor.BOT, account, bot.token_id, origin)
        record(connection, doer, at, "telegram linked", account.email, f"account {telegram_id}")
        return _short_token(connection, account, Means.BOT, at)


def act_for(
    connection: Connection, telegram_id: int, *, at: datetime, operators: Collection[str]
) -> ShortToken:
    """Return a token by which the bot acts for who has linked a Telegram account.

    Raises:
        NotLinkedError: It is linked to nobody.
    """
    with connection.transaction():
        account = stored.find_linked(connection, telegram_id, operators)
        if account is None:
            raise NotLinkedError("this Telegram account is linked to nobody")
        return _short_token(connection, account, Means.BOT, at)


def sign_in_by_init_data(
    connection: Connection,
    telegram_id: int,
    *,
    at: datetime,
    origin: str | None,
    operators: Collection[str],
) -> ShortToken:
    """Return a token for the mini app of who has linked a Telegram account.

    Args:
        connection: Where users are.
        telegram_id: Of whom Telegram says that they have opened it.
        at: Now.
        origin: Where the request came from.
        operators: Addresses that the settings make operators.

    Raises:
        NotLinkedError: The account is linked to nobody.
    """
    with connection.transaction():
        account = stored.find_linked(connection, telegram_id, operators)
        if account is None:
            raise NotLinkedError("this Telegram account is linked to nobody")
        token = _short_token(connection, account, Means.MINI_APP, at)
        doer = Doer(Actor.USER, account, origin=origin)
        record(connection, doer, at, "sign-in", account.email, "signed in at Telegram")
        return token


def unlink(connection: Connection, identity: Identity, doer: Doer, *, at: datetime) -> bool:
    """End a user's link, with every token behind it and messages there; return whether one was."""
    return _unlink(connection, identity.account, doer, at)


def unlink_account(
    connection: Connection,
    bot: Identity,
    telegram_id: int,
    *,
    at: datetime,
    origin: str | None,
    operators: Collection[str],
) -> None:
    """End the link of a Telegram account, as its owner asks the bot to.

    Raises:
        NotLinkedError: It is linked to nobody.
    """
    with connection.transaction():
        account = stored.find_linked(connection, telegram_id, operators)
        if account is None:
            raise NotLinkedError("this Telegram account is linked to nobody")
        _unlink(connection, account, Doer(Actor.BOT, account, bot.token_id, origin), at)


def save_bot_name(connection: Connection, username: str) -> None:
    """Keep what the bot is called at Telegram, for links that open it."""
    stored.keep_bot(connection, username)


def _unlink(connection: Connection, account: Account, doer: Doer, at: datetime) -> bool:
    with connection.transaction():
        stored.drop_code(connection, account.user_id)
        telegram_id = stored.end_link(connection, account.user_id)
        if telegram_id is None:
            return False
        _stop_messages(connection, account, telegram_id)
        record(connection, doer, at, "telegram unlinked", account.email, f"account {telegram_id}")
    return True


def _short_token(
    connection: Connection, account: Account, means: Means, at: datetime
) -> ShortToken:
    text, expires_at = new_token(SHORT_PREFIX), at + SHORT_LIFETIME
    stored.drop_short_tokens(connection, account.user_id, at, unexpired=False)
    stored.add_short_token(
        connection, account.user_id, means, digest_of(text), expires_at=expires_at
    )
    return ShortToken(account, text, expires_at, language_of(connection, account.user_id))


def _chat(telegram_id: int) -> Address:
    return Address(ChannelKind.TELEGRAM, str(telegram_id))


def _stop_messages(connection: Connection, account: Account, telegram_id: int) -> None:
    set_channel_active(connection, account.email, _chat(telegram_id), active=False)
