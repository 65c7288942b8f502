"""What every loader of PostgreSQL does: a batch, one transaction, one kept connection."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from keeper.stores.postgres.connection import Connection, PostgresConfig, connect, errors_told

EventT = TypeVar("EventT")
ResultT = TypeVar("ResultT")


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
        """
        try:
            with errors_told():
                connection = self._connected()
                with connection.transaction():
                    return self.write(connection, events)
        except Exception:
            self.close()
            raise

    @abstractmethod
    def prepare(self, connection: Connection) -> None:
        """Make what `write` needs on a new connection."""

    @abstractmethod
    def write(self, connection: Connection, events: Sequence[EventT]) -> ResultT:
        """Store a batch in the caller's transaction."""

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = connect(self._config)
            self.prepare(self._connection)
        return self._connection
