"""How far a restore has come: kept in the database it restores, as the database's comment.

So it is true whatever happens: a database that is emptied, or replaced once more, has not been
restored. It takes no table, and Airflow's database keeps its own.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec
from psycopg import sql

from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "restore"


@dataclass(frozen=True, slots=True)
class Progress:
    """Which restore a database is of, and which of its steps are done.

    Attributes:
        mark: The restore.
        began_at: When its first step in this database began.
        done: The steps that are done.
        finished_at: When the last one was done; None if it is not.
    """

    mark: str
    began_at: datetime
    done: tuple[str, ...] = ()
    finished_at: datetime | None = None

    def with_done(self, step: str, *, finished_at: datetime | None = None) -> "Progress":
        """Return the progress after a further step, the last one if it has finished."""
        return Progress(self.mark, self.began_at, (*self.done, step), finished_at)


def progress_of(connection: Connection, mark: str) -> Progress | None:
    """Return how far a restore has come; None if the database is of no restore, or of another."""
    row = connection.execute(statements(_SQL)["progress"]).fetchone()
    try:
        found = msgspec.json.decode((row or {}).get("comment") or "", type=Progress)
    except msgspec.DecodeError:
        return None
    return found if found.mark == mark else None


def save_progress(connection: Connection, progress: Progress) -> None:
    """Keep how far a restore has come; the login must own the database."""
    database = connection.info.dbname
    connection.execute(
        sql.SQL("COMMENT ON DATABASE {} IS {}").format(
            sql.Identifier(database), sql.Literal(msgspec.json.encode(progress).decode())
        )
    )


def has_tables(connection: Connection) -> bool:
    """Return whether a database holds any table."""
    row = connection.execute(statements(_SQL)["tables"]).fetchone()
    return bool(row and row["has_tables"])


def newest_moment(connection: Connection, otherwise: datetime) -> datetime:
    """Return the latest moment at which the database was certainly in use, as it was restored."""
    row = connection.execute(statements(_SQL)["newest_moment"]).fetchone()
    moment: datetime | None = row["moment"] if row else None
    return otherwise if moment is None else moment.astimezone(UTC)
