"""Keeps each user within their limits, and lets operators lift them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.domain.users.access import Account
from keeper.domain.users.limits import Limit, Limits
from keeper.pipeline.users.audit import Doer, record
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.users.accounts import lock_account
from keeper.stores.postgres.users.limits import (
    add_use,
    count_deal_filters,
    count_watches,
    own_limits,
    set_own_limit,
    unset_own_limit,
    used_limits,
)

__all__ = [
    "LimitReachedError",
    "UserGoneError",
    "UserLimit",
    "deal_filters_within_limit",
    "limits_of",
    "limits_of_user",
    "set_limit",
    "unset_limit",
    "use_limit",
    "watches_within_limit",
]


class LimitReachedError(ValueError):
    """A user has, or has done, as much as they may; one sentence says of what.

    Attributes:
        limit: Of what.
        again_at: When they may again; None for what must be removed, or lifted, first.
    """

    def __init__(self, limit: Limit, most: int, again_at: datetime | None = None) -> None:
        """Say which limit it is."""
        super().__init__(f"{limit.sentence(most)}; an operator can raise this limit")
        self.limit = limit
        self.again_at = again_at


class UserGoneError(LookupError):
    """There is no such user."""


@dataclass(frozen=True, slots=True)
class UserLimit:
    """A limit of one user.

    Attributes:
        limit: Of what.
        most: How much they may; None for no limit.
        used: How much they have, or have used of it in this span.
        again_at: When the span ends; None for what is had at once, or while nothing is used.
        is_own: Whether an operator has set it for them.
    """

    limit: Limit
    most: int | None
    used: int
    again_at: datetime | None
    is_own: bool


_COUNTS: Final[Mapping[Limit, Callable[[Connection, int], int]]] = {
    Limit.WATCHES: count_watches,
    Limit.DEAL_FILTERS: count_deal_filters,
}


def use_limit(
    connection: Connection,
    account: Account,
    limit: Limit,
    amount: int,
    *,
    at: datetime,
    defaults: Limits,
) -> None:
    """Use up some of a limit by the hour or the day; all of it counts, or none.

    Raises:
        LimitReachedError: It is more than what is left.
    """
    most = _most(connection, account, limit, defaults)
    span = limit.span
    if most is None or span is None or amount == 0:
        return
    # What is refused below is rolled back, and so is it where the caller's own transaction is.
    with connection.transaction():
        since, used = add_use(connection, account.user_id, limit, amount, at=at, span=span)
        if used > most:
            raise LimitReachedError(limit, most, since + span if amount <= most else None)


@contextmanager
def watches_within_limit(
    connection: Connection, account: Account, user_id: int, defaults: Limits | None
) -> Iterator[None]:
    """Let the block, a transaction, add watches to a list as far as its limit goes.

    Args:
        connection: Where the list is; its user is locked.
        account: Who adds them: an operator as many as they like.
        user_id: Whose list.
        defaults: The settings' limits; None for commands, which have none.

    Raises:
        LimitReachedError: There are more than before the block, and more than may be.
    """
    with _within(connection, account, user_id, Limit.WATCHES, defaults):
        yield


@contextmanager
def deal_filters_within_limit(
    connection: Connection, account: Account, defaults: Limits | None
) -> Iterator[None]:
    """Let the block, a transaction that has locked the user, save deal filters of theirs.

    Raises:
        LimitReachedError: There are more than before the block, and more than may be.
    """
    with _within(connection, account, account.user_id, Limit.DEAL_FILTERS, defaults):
        yield


@contextmanager
def _within(
    connection: Connection, account: Account, user_id: int, limit: Limit, defaults: Limits | None
) -> Iterator[None]:
    most = None if defaults is None else _most(connection, account, limit, defaults)
    if most is None:
        yield
        return
    count = _COUNTS[limit]
    before = count(connection, user_id)
    yield
    if most < count(connection, user_id) > before:
        raise LimitReachedError(limit, most)


def limits_of(
    connection: Connection, account: Account, *, at: datetime, defaults: Limits
) -> list[UserLimit]:
    """Return a user's own limits with how much of each they have used."""
    own = own_limits(connection, account.user_id)
    uses = used_limits(connection, account.user_id)
    found = []
    for limit in Limit:
        most = None if account.is_operator else own.get(limit, defaults.get(limit))
        if limit.span is None:
            used, again_at = _COUNTS[limit](connection, account.user_id), None
        else:
            since, used = uses.get(limit, (at - limit.span, 0))
            again_at = since + limit.span
            if again_at <= at:
                used, again_at = 0, None
        found.append(UserLimit(limit, most, used, again_at, is_own=limit in own))
    return found


def limits_of_user(
    connection: Connection,
    user_id: int,
    *,
    at: datetime,
    defaults: Limits,
    operators: Collection[str],
) -> list[UserLimit]:
    """Return the limits of any user; for operators.

    Raises:
        UserGoneError: There is no such user.
    """
    account = _user(connection, user_id, operators)
    return limits_of(connection, account, at=at, defaults=defaults)


def set_limit(
    connection: Connection,
    user_id: int,
    limit: Limit,
    most: int | None,
    doer: Doer,
    *,
    at: datetime,
    operators: Collection[str],
) -> Account:
    """Set a limit of one user, None for no limit, and return who it is; for operators.

    Raises:
        UserGoneError: There is no such user.
    """
    with connection.transaction():
        account = _user(connection, user_id, operators)
        set_own_limit(connection, user_id, limit, most)
        shown = "none" if most is None else str(most)
        record(connection, doer, at, "limit set", account.email, f"{limit.value}: {shown}")
    return account


def unset_limit(
    connection: Connection,
    user_id: int,
    limit: Limit,
    doer: Doer,
    *,
    at: datetime,
    operators: Collection[str],
) -> Account:
    """Give one user the settings' limit again, and return who it is; for operators.

    Raises:
        UserGoneError: There is no such user.
    """
    with connection.transaction():
        account = _user(connection, user_id, operators)
        unset_own_limit(connection, user_id, limit)
        record(connection, doer, at, "limit set", account.email, f"{limit.value}: as the settings")
    return account


def _most(connection: Connection, account: Account, limit: Limit, defaults: Limits) -> int | None:
    if account.is_operator:
        return None
    own = own_limits(connection, account.user_id)
    return own[limit] if limit in own else defaults.get(limit)


def _user(connection: Connection, user_id: int, operators: Collection[str]) -> Account:
    account = lock_account(connection, user_id, operators)
    if account is None:
        raise UserGoneError(f"there is no user {user_id}")
    return account
