"""What every loader of PostgreSQL does: a batch, one transaction, one kept connection."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

import psycopg

from keeper.errors import EventsRefusedError
from keeper.stores.postgres.connection import (
    Connection,
    PostgresConfig,
    StatementCanceledError,
    connect,
    translated_errors,
)

_LOG: Final = logging.getLogger(__name__)
EventT = TypeVar("EventT")
ResultT = TypeVar("ResultT")
LOCK_TIMEOUT_S: Final = 30
_LOADING: Final = " ".join(
    f"-c {setting}"
    for setting in (
        "enable_hashjoin=off",
        "enable_mergejoin=off",
        "enable_seqscan=off",
        "join_collapse_limit=1",
        "jit=off",
        # A lock that is not given up is to be named, not waited for in silence.
        f"lock_timeout={LOCK_TIMEOUT_S}s",
    )
)
"""A batch is small beside the tables: whatever the planner guesses of the staged rows, it shall
begin with them, as the statements do, look the others up by their keys and never read a table to
its end."""


@contextmanager
def _named_locks() -> Iterator[None]:
    """Say of a lock that was waited for in vain what it is of."""
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        where = (error.diag.context or "of a table").partition("\n")[0]
        raise StatementCanceledError(
            f"another session of PostgreSQL holds a lock that a batch needs ({where}); which one, "
            "pg_blocking_pids() says"
        ) from error


class BatchWriter(ABC, Generic[EventT, ResultT]):
    """Writes batches of events, each all or nothing.

    Storing the same events again changes nothing, in whatever batches they come. After a
    DatabaseUnavailableError the next call connects anew.
    """

    def __init__(self, config: PostgresConfig) -> None:
        """Connect at the first batch."""
        self._config = config
        self._connection: Connection | None = None

    def close(self) -> None:
        """Close the connection, if any."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def store(self, events: Sequence[EventT]) -> ResultT:
        """Store a batch and whatever it causes.

        Raises:
            DatabaseUnavailableError: Nothing was stored; try again later.
            EventsRefusedError: All but these events are stored; PostgreSQL will never take them.
        """
        try:
            with translated_errors(), _named_locks():
                return self._store(events)
        except EventsRefusedError:
            raise
        except Exception:
            self.close()
            raise

    @abstractmethod
    def prepare(self, connection: Connection) -> None:
        """Make what `write` needs on a new connection."""

    def get_ready(self, connection: Connection, events: Sequence[EventT]) -> None:
        """Make what others may use at once too, outside the batch's transaction."""

    @abstractmethod
    def write(
        self, connection: Connection, events: Sequence[EventT], *, compare_all: bool = False
    ) -> ResultT:
        """Store a batch in the caller's transaction.

        Args:
            connection: In a transaction.
            events: The batch.
            compare_all: Take nothing for new without looking.
        """

    def _store(self, events: Sequence[EventT], *, compare_all: bool = False) -> ResultT:
        try:
            return self._transact(events, compare_all=compare_all)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            reason = error.diag.message_primary or type(error).__name__
            if isinstance(error, psycopg.errors.UniqueViolation) and not compare_all:
                # Rows have come another way than the loaders': a restore, somebody's INSERT.
                _LOG.warning("comparing the whole batch: %s", reason)
            elif len(events) == 1:
                raise EventsRefusedError({0: f"PostgreSQL: {reason}"}) from error
            else:
                return self._store_halves(events)
        return self._store(events, compare_all=True)

    def _store_halves(self, events: Sequence[EventT]) -> ResultT:
        """Store what can be stored of a batch with an event that cannot."""
        middle = len(events) // 2
        reasons: dict[int, str] = {}
        result: ResultT | None = None
        for start, half in ((0, events[:middle]), (middle, events[middle:])):
            try:
                result = self._store(half)
            except EventsRefusedError as error:
                reasons |= {start + position: why for position, why in error.reasons.items()}
        if reasons or result is None:
            raise EventsRefusedError(reasons)
        return result

    def _transact(self, events: Sequence[EventT], *, compare_all: bool = False) -> ResultT:
        connection = self._connected()
        self.get_ready(connection, events)
        with connection.transaction():
            return self.write(connection, events, compare_all=compare_all)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = connect(self._config, options=_LOADING)
            self.prepare(self._connection)
        return self._connection
