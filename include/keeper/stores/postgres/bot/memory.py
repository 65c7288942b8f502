"""What the bot remembers where it has no Redis: for minutes or hours, under a key."""

from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "telegram"


def recall(connection: Connection, key: str, at: datetime) -> Any:
    """Return what is remembered under a key; None if nothing, or no longer."""
    row = connection.execute(statements(_SQL)["recall"], {"key": key, "at": at}).fetchone()
    return None if row is None else row["value"]


def remember(connection: Connection, key: str, value: object, *, until: datetime) -> None:
    """Remember something that JSON can hold until a moment, in the place of what was there."""
    values = {"key": key, "value": Jsonb(value), "until": until}
    connection.execute(statements(_SQL)["remember"], values)


def remember_first(connection: Connection, key: str, at: datetime, *, until: datetime) -> bool:
    """Remember a key until a moment; return whether it was not known before."""
    values = {"key": key, "value": Jsonb(True), "at": at, "until": until}
    return connection.execute(statements(_SQL)["remember_first"], values).fetchone() is not None


def forget(connection: Connection, key: str) -> None:
    """Forget what is remembered under a key."""
    connection.execute(statements(_SQL)["forget"], {"key": key})


def forget_old(connection: Connection, at: datetime) -> None:
    """Forget all that was to be remembered until before a moment."""
    connection.execute(statements(_SQL)["forget_old"], {"at": at})
