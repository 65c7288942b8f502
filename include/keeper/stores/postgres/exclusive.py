"""Work that only one process may do at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from keeper.errors import TransientError
from keeper.stores.postgres.connection import Connection


class AlreadyRunningError(TransientError):
    """Another process does the same work now."""


@contextmanager
def exclusive(connection: Connection, work: str) -> Iterator[None]:
    """Hold the right to do `work` for the block; a process that dies gives it back.

    Raises:
        AlreadyRunningError: Another process holds it.
    """
    row = connection.execute(
        "SELECT pg_try_advisory_lock(hashtext('keeper'), hashtext(%s)) AS mine", [work]
    ).fetchone()
    if not (row and row["mine"]):
        raise AlreadyRunningError(f"{work} runs already, in another process; let it end first")
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(hashtext('keeper'), hashtext(%s))", [work])
