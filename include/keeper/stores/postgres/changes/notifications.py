"""Listening to `keeper_changes`, and looking up what its notifications name by number."""

from collections.abc import Collection
from typing import Final

from psycopg.errors import UndefinedFunction

from keeper.domain.changes import ChangeKind, Notification
from keeper.stores.postgres.connection import Connection, SchemaMissingError, statements

_SQL: Final = "changes"
CHANNEL: Final = "keeper_changes"


def becomes_relay(connection: Connection) -> bool:
    """Return whether a connection is the relay's now, until it ends; only one can be."""
    (row,) = connection.execute(statements(_SQL)["become_relay"]).fetchall()
    return bool(row["is_relay"])


def listen(connection: Connection) -> None:
    """Let a connection be notified from now on of what others commit."""
    connection.execute("LISTEN " + CHANNEL)


def send_heartbeat(connection: Connection, name: str) -> None:
    """Notify everybody who listens, this connection too, behind all that is committed.

    Raises:
        SchemaMissingError: The database has no triggers that notify of changes.
    """
    given = {"kind": ChangeKind.HEARTBEAT.value, "name": name}
    try:
        connection.execute(statements(_SQL)["send_heartbeat"], given)
    except UndefinedFunction as error:
        raise SchemaMissingError(f"{error.diag.message_primary}; run: keeper migrate") from error


def received(connection: Connection, timeout_s: float) -> list[Notification]:
    """Wait for a notification and return it with all that are there behind it."""
    found = [
        Notification.from_payload(one.payload)
        for one in connection.notifies(timeout=timeout_s, stop_after=1)
    ]
    if found:
        found += [Notification.from_payload(one.payload) for one in connection.notifies(timeout=0)]
    return found


def products_of(connection: Connection, series_ids: Collection[str]) -> list[str]:
    """Return `locale/ASIN` of series; of one that is gone its removal has notified."""
    ids = [int(one) for one in series_ids]
    rows = connection.execute(statements(_SQL)["products_of_series"], {"series_ids": ids})
    return [row["product"] for row in rows]
