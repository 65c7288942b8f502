"""Refusing to restore while something writes."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from keeper.errors import TerminalError
from keeper.stores.postgres.connection import (
    Connection,
    DatabaseUnavailableError,
    PostgresConfig,
    session,
    statements,
)

_SILENT_S: Final = 10.0
_ENDS_WITHIN_S: Final = 12.0
_ONLY_READS: Final = "receive-wal"
RESTORE: Final = "keeper-restore"
"""What the restore's own sessions are called."""


class WritersRunningError(TerminalError):
    """Something that writes, or sends messages, still runs."""


def require_no_writers(
    databases: Sequence[PostgresConfig],
    run_dir: Path,
    *,
    wall: Callable[[], float] = time.time,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Refuse if a worker gives heartbeats on this machine, or anybody uses the databases.

    A worker that was stopped a moment ago is waited for. A database that does not answer is used
    by nobody.

    Args:
        databases: Keeper's, and Airflow's if it is known.
        run_dir: Where workers of this machine leave their heartbeats.
        wall: The time, in seconds since the epoch.
        pause: Waits so many seconds.

    Raises:
        WritersRunningError: Says what runs, and how it is stopped.
    """
    deadline = wall() + _ENDS_WITHIN_S
    while alive := _alive(run_dir, wall()):
        if wall() >= deadline:
            raise WritersRunningError(
                f"{', '.join(alive)} still runs; stop every worker, the console and Airflow first "
                "(make stop S=…, docker compose stop), then give the same command again"
            )
        pause(1)
    for config in databases:
        try:
            with session(config) as connection:
                require_unused(connection)
        except DatabaseUnavailableError:
            continue


def require_unused(connection: Connection) -> None:
    """Refuse if others use the database of a connection.

    Raises:
        WritersRunningError: Says who.
    """
    rows = connection.execute(
        statements("restore")["sessions"], {"databases": [connection.info.dbname]}
    ).fetchall()
    if rows:
        users = ", ".join(
            f"{row['application'] or 'somebody'} ({row['sessions']} sessions)" for row in rows
        )
        raise WritersRunningError(
            f"the database {connection.info.dbname} is in use by {users}; stop every worker, the "
            "console and Airflow first, then give the same command again"
        )


def _alive(run_dir: Path, now: float) -> list[str]:
    files = sorted(run_dir.glob("*.alive")) if run_dir.is_dir() else []
    return [
        file.stem
        for file in files
        if file.stem != _ONLY_READS and now - file.stat().st_mtime < _SILENT_S
    ]
