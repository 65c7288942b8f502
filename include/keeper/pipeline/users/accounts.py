"""Adding, removing and listing users, and their roles."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Final

from keeper.domain.users.access import Account, Role
from keeper.pipeline.users.audit import Doer, record
from keeper.settings import Settings
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.users.accounts import (
    HandedOn,
    ListedUser,
    find_account,
    get_account,
    list_accounts,
    lock_account,
    remove_account,
    set_role,
)
from keeper.stores.postgres.watches.watch_list import ensure_user

__all__ = [
    "HandedOn",
    "ListedUser",
    "UserError",
    "add_user",
    "all_users",
    "change_role",
    "known_user",
    "listed_user",
    "listed_users",
    "operators_of",
    "remove_user",
]
_ADDRESS: Final = re.compile(r"[^@\s\x00-\x20\x7f]{1,64}@[^@\s\x00-\x20\x7f]{1,190}")


class UserError(ValueError):
    """One sentence: no such user, no such address, or what the settings say stands against it."""


def operators_of(settings: Settings) -> frozenset[str]:
    """Return the addresses, in small letters, that the settings make operators."""
    people = settings.people
    return frozenset({people.user_email.lower(), people.operator_email.lower()})


def known_user(connection: Connection, email: str, operators: Collection[str]) -> Account:
    """Return the user with an address.

    An address that the settings make an operator has a row from then on.

    Raises:
        UserError: Nobody has it.
    """
    account = find_account(connection, email, operators)
    if account is None and email.lower() in operators:
        ensure_user(connection, email)
        account = find_account(connection, email, operators)
    if account is None:
        raise UserError(f"{email} is no user; keeper users add {email}")
    return account


def add_user(
    connection: Connection,
    email: str,
    role: Role,
    doer: Doer,
    *,
    at: datetime,
    operators: Collection[str],
) -> Account:
    """Add a user, who reads mail at their address.

    Raises:
        UserError: It is no address, or somebody has it already.
    """
    if not _ADDRESS.fullmatch(email):
        raise UserError(f"{email[:100]!r} is not an e-mail address")
    with connection.transaction():
        if find_account(connection, email, operators) is not None:
            raise UserError(f"{email} is a user already; keeper users role changes the role")
        user_id = ensure_user(connection, email)
        set_role(connection, user_id, role)
        record(connection, doer, at, "user added", email, role.value)
    return known_user(connection, email, operators)


def change_role(
    connection: Connection,
    email: str,
    role: Role,
    doer: Doer,
    *,
    at: datetime,
    operators: Collection[str],
) -> Account:
    """Change a user's role; sessions and tokens they have count with the new one at once.

    Raises:
        UserError: Nobody has the address, or the settings make it an operator.
    """
    account = known_user(connection, email, operators)
    if role is not Role.OPERATOR and account.email.lower() in operators:
        raise UserError(_named(account))
    with connection.transaction():
        set_role(connection, account.user_id, role)
        record(connection, doer, at, "role changed", account.email, role.value)
    return known_user(connection, email, operators)


def remove_user(
    connection: Connection,
    email: str,
    doer: Doer,
    *,
    at: datetime,
    operators: Collection[str],
    heir: str | None = None,
) -> HandedOn:
    """Remove a user with all that is theirs, in one transaction, and return what stays.

    Watches, alerts and messages on their way, channels, reports, sessions and tokens go. Deal
    filters stay, switched off, with the deals they found. An heir gets the filters, and the watches
    they have not, with their alerts: those on their way come by the heir's channels.

    Raises:
        UserError: Nobody has one of the addresses, both are the same, or the settings name the one
            to remove, so that it would come again.
    """
    account = find_account(connection, email, operators)
    if account is None:
        raise UserError(f"{email} is no user")
    if account.email.lower() in operators:
        raise UserError(_named(account))
    to = None if heir is None else known_user(connection, heir, operators)
    if to == account:
        raise UserError(f"{email} is removed and can be given nothing")
    with connection.transaction():
        # By id, so that two removals at once cannot wait for each other.
        for one in sorted({account.user_id} | ({to.user_id} if to else set())):
            if lock_account(connection, one, operators) is None:
                raise UserError(f"{email if one == account.user_id else heir} is no user")
        handed = remove_account(connection, account.user_id, to.user_id if to else None)
        stays = f"{handed.filters} filters stay"
        if to:
            stays = f"{handed.watches} watches and {handed.filters} filters to {to.email}"
        record(connection, doer, at, "user removed", account.email, stays)
    return handed


def listed_users(
    connection: Connection,
    account: Account,
    operators: Collection[str],
    *,
    after: int = 0,
    most: int = 100_000,
) -> list[ListedUser]:
    """Return users by id, after an id; nobody for who is no operator."""
    if not account.is_operator:
        return []
    return list_accounts(connection, operators, after=after, most=most)


def listed_user(
    connection: Connection, user_id: int, operators: Collection[str]
) -> ListedUser | None:
    """Return a user by id, for operators; None if there is none."""
    return get_account(connection, user_id, operators)


def all_users(connection: Connection, operators: Collection[str]) -> list[ListedUser]:
    """Return all users by id, for a command, which only operators of the machine can give."""
    return list_accounts(connection, operators)


def _named(account: Account) -> str:
    return (
        f"KEEPER_USER_EMAIL or KEEPER_OPERATOR_EMAIL names {account.email}, which makes it an "
        "operator; change the setting first"
    )
