"""Users in PostgreSQL."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import available_timezones

from keeper.domain.users.access import Account, Role
from keeper.domain.users.languages import Language
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "users"


@dataclass(frozen=True, slots=True)
class ListedUser:
    """A user as an operator sees them.

    Attributes:
        account: Who.
        created_at: Since when there is a row of theirs.
        watches: How many they have, removed ones left out.
        last_seen_at: When they last used a session that is kept; None if never.
    """

    account: Account
    created_at: datetime
    watches: int
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class HandedOn:
    """How many watches and deal filters of a removed user have another now."""

    watches: int
    filters: int


def account_of(row: Mapping[str, Any], operators: Collection[str]) -> Account:
    """Return a user as an account.

    Args:
        row: With user_id, email and role.
        operators: Addresses, in small letters, that are operators whatever the row says.
    """
    is_operator = row["email"].lower() in operators
    return Account(
        row["user_id"], row["email"], Role.OPERATOR if is_operator else Role(row["role"])
    )


def find_account(connection: Connection, email: str, operators: Collection[str]) -> Account | None:
    """Return the user with an address, in whatever case; None if nobody has it."""
    row = connection.execute(statements(_SQL)["find_user"], {"email": email}).fetchone()
    return None if row is None else account_of(row, operators)


def lock_account(
    connection: Connection, user_id: int, operators: Collection[str]
) -> Account | None:
    """Return a user who stays until the transaction ends; None if they are gone already."""
    row = connection.execute(statements(_SQL)["lock_user"], {"user_id": user_id}).fetchone()
    return None if row is None else account_of(row, operators)


def list_accounts(
    connection: Connection, operators: Collection[str], *, after: int = 0, most: int = 100_000
) -> list[ListedUser]:
    """Return users after an id, by id."""
    rows = connection.execute(statements(_SQL)["list_users"], {"after": after, "most": most})
    return [_listed(row, operators) for row in rows]


def get_account(
    connection: Connection, user_id: int, operators: Collection[str]
) -> ListedUser | None:
    """Return a user by id; None if there is none."""
    row = connection.execute(statements(_SQL)["get_user"], {"user_id": user_id}).fetchone()
    return None if row is None else _listed(row, operators)


def time_zone_of(connection: Connection, user_id: int) -> str:
    """Return the zone of a user's clock; UTC if they are gone, or named one that is none."""
    row = connection.execute(statements(_SQL)["time_zone"], {"user_id": user_id}).fetchone()
    zone = "UTC" if row is None else str(row["time_zone"])
    return zone if zone in available_timezones() else "UTC"


def language_of(connection: Connection, user_id: int) -> Language:
    """Return what a user is spoken to in; English if they are gone."""
    row = connection.execute(statements(_SQL)["language"], {"user_id": user_id}).fetchone()
    return Language.ENGLISH if row is None else Language(row["language"])


def set_language(connection: Connection, user_id: int, language: Language) -> None:
    """Set what a user is spoken to in."""
    values = {"user_id": user_id, "language": language.value}
    connection.execute(statements(_SQL)["set_language"], values)


def set_role(connection: Connection, user_id: int, role: Role) -> None:
    """Set a user's role."""
    connection.execute(statements(_SQL)["set_role"], {"user_id": user_id, "role": role.value})


def remove_account(connection: Connection, user_id: int, heir_id: int | None = None) -> HandedOn:
    """Remove a user with all that is theirs, alerts on their way too, and return what stays.

    Deal filters go to the system's user, switched off, so that the deals they found stay. With an
    heir they go there as they are, and so do the watches the heir has not, with their alerts. To be
    called within a transaction, with both users locked.
    """
    sql = statements(_SQL)
    both = {"user_id": user_id, "heir_id": heir_id}
    connection.execute(sql["lock_watches_to_remove"], both)
    watches = 0
    if heir_id is not None:
        (row,) = connection.execute(sql["hand_on_watches"], both).fetchall()
        watches = int(row["watches"])
    hand_on = "hand_on_filters" if heir_id is None else "hand_filters_to"
    filters = connection.execute(sql[hand_on], both).fetchall()
    connection.execute(sql["delete_user"], both)
    return HandedOn(watches, len(filters))


def _listed(row: Mapping[str, Any], operators: Collection[str]) -> ListedUser:
    account = account_of(row, operators)
    return ListedUser(account, row["created_at"], row["watches"], row["last_seen_at"])


def first_account_at(connection: Connection) -> datetime | None:
    """Return when the first user was made, about when Keeper was installed; None without users."""
    row = connection.execute(statements(_SQL)["first_at"]).fetchone()
    return None if row is None else row["first_at"]
