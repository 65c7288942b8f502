"""Which restore of an installation was interrupted, so that the same command goes on with it."""

from pathlib import Path

from keeper.pipeline.backups.choose import Begun, begun_by
from keeper.pipeline.restores.database import restore_config
from keeper.pipeline.restores.progress import progress_of
from keeper.pipeline.services.configuration import postgres_config
from keeper.settings import Settings
from keeper.stores.postgres.backups.base_backups import mark_of
from keeper.stores.postgres.connection import (
    DatabaseRejectedError,
    DatabaseUnavailableError,
    session,
    statements,
)


def begun_restore(settings: Settings, data: Path | None) -> Begun | None:
    """Return the restore of a base backup that this installation is in the middle of.

    A time as 2h is another moment once it is typed again, so that it cannot say which restore goes
    on. The server's data can.

    Args:
        settings: Where the server answers once it runs.
        data: Its data folder; None to ask the server.

    Returns:
        None if there is none, or it was finished.
    """
    mark = None if data is None else mark_of(data)
    try:
        with session(restore_config(postgres_config(settings))) as connection:
            if mark is None:
                row = connection.execute(statements("restore")["mark"]).fetchone()
                mark = None if row is None else row["mark"]
            progress = None if mark is None else progress_of(connection, mark)
    except (DatabaseUnavailableError, DatabaseRejectedError):
        # The server is not started yet, or stopped: its folder is all there is.
        progress = None
    if mark is None or (progress is not None and progress.finished_at is not None):
        return None
    return begun_by(mark)
