"""Changes of the schema that wait for no lock longer than others can wait behind them.

Whoever waits for a table's lock holds everybody who comes later, so that one long transaction would
stop readers and loaders alike. A change gives up soon and tries again.
"""

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from psycopg.errors import LockNotAvailable
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    wait_random,
)

from keeper.stores.postgres.connection import Connection, StatementCanceledError, statements

LOCK_TIMEOUT: Final = "800ms"
"""Shorter than PostgreSQL's deadlock_timeout of a second: the change gives up, never a loader."""
GIVES_UP_AFTER_S: Final = 60.0
_LOG: Final = logging.getLogger(__name__)
ResultT = TypeVar("ResultT")


class LockedOutError(StatementCanceledError):
    """Others have used a table for so long that a change of it was given up."""


def retried(
    change: Callable[[], ResultT],
    what: str,
    observer: Connection,
    *,
    gives_up_after_s: float = GIVES_UP_AFTER_S,
    sleep: Callable[[float], None] = time.sleep,
) -> ResultT:
    """Return what a change of the schema returns, tried again while it cannot have its locks.

    Args:
        change: Makes the change whole or not at all, under a lock_timeout.
        what: What it is, for people.
        observer: Outside a transaction; it is asked who holds the change up.
        gives_up_after_s: For so long it is tried again, from when it first could not have a lock.
        sleep: Lets seconds pass.

    Raises:
        LockedOutError: Others use a table all that time; says who has done so for longest.
    """

    def log(_: RetryCallState) -> None:
        _LOG.warning("%s waits for %s; tried again", what, _longest(observer))

    failed_at: list[float] = []

    def is_late(state: RetryCallState) -> bool:
        # Attempts before may have applied what took long, and waited for nobody.
        failed_at.append(state.outcome_timestamp or state.start_time)
        return failed_at[-1] - failed_at[0] >= gives_up_after_s

    trying = Retrying(
        retry=retry_if_exception_type(LockNotAvailable),
        wait=wait_random(0.1, 1),
        stop=is_late,
        before_sleep=log,
        sleep=sleep,
        reraise=True,
    )
    try:
        return trying(change)
    except LockNotAvailable as error:
        raise LockedOutError(
            f"{what} was given up after {gives_up_after_s:.0f} s: its tables are used by "
            f"{_longest(observer)}; end that, or try again later"
        ) from error


def _longest(observer: Connection) -> str:
    rows = observer.execute(statements("storage")["longest_transaction"]).fetchall()
    if not rows:
        return "a transaction that has ended meanwhile"
    (row,) = rows
    return (
        f"{row['application']} (process {row['pid']}), whose transaction is {row['seconds']} s old"
    )
