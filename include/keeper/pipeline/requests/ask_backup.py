"""Asks for a backup on the operator's behalf."""

from datetime import datetime

from keeper.domain.requests import RequestKind
from keeper.pipeline.requests.backups import BackUp
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.requests.queue import NewRequest, add_request
from keeper.stores.postgres.watches.watch_list import ensure_user


def ask_for_backup(connection: Connection, *, operator: str, origin: str, at: datetime) -> int:
    """Ask for a backup and return the request's number; that of one that waits or runs already.

    Args:
        connection: Where requests are.
        operator: E-mail address of who asks; made a user if new.
        origin: What asks on their behalf.
        at: Now.
    """
    with connection.transaction():
        new = NewRequest(
            kind=RequestKind.BACK_UP,
            arguments=BackUp().model_dump(mode="json"),
            user_id=ensure_user(connection, operator),
            origin=origin,
        )
        request_id, _ = add_request(connection, new, at)
    return request_id
