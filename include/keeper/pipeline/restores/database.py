"""Putting PostgreSQL back: a base backup into an empty folder, or dumps into empty databases."""

import logging
import shlex
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg

from keeper.errors import KeeperError, SettingsError, TerminalError, TransientError
from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups.choose import Choice
from keeper.pipeline.backups.make import (
    AIRFLOWS,
    BASE,
    KEEPERS,
    airflow_config,
    programs_of,
    server_config,
)
from keeper.pipeline.backups.manifest import Kind
from keeper.pipeline.backups.place import fetched
from keeper.pipeline.backups.validate import require_whole
from keeper.pipeline.restores.progress import Progress, has_tables, progress_of, save_progress
from keeper.pipeline.restores.writers import RESTORE, require_unused
from keeper.pipeline.services.configuration import postgres_config
from keeper.settings import Settings
from keeper.stores.postgres.backups import base_backups, dumps
from keeper.stores.postgres.backups.base_backups import Target
from keeper.stores.postgres.backups.programs import database_name, server_of
from keeper.stores.postgres.connection import (
    DatabaseRejectedError,
    DatabaseUnavailableError,
    PostgresConfig,
    session,
    statements,
)

_LOG: Final = logging.getLogger(__name__)
_RESTORED: Final = "postgres"
_PAUSE_S: Final = 0.5
_RECOVERY: Final = (
    "restore_command",
    "recovery_target_timeline",
    "recovery_target_action",
    "recovery_target_time",
)


class DatabaseNotEmptyError(TerminalError):
    """A database holds tables where a backup is to go."""


class WrongBackupError(TerminalError):
    """A backup is of a server without Keeper's database."""


class NotStartedError(TransientError):
    """PostgreSQL was to be started with the restored data, and does not answer."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where PostgreSQL's data goes.

    Attributes:
        data: The data folder of the server, for a base backup; None for a dump.
        start: A command that starts the server; None if somebody else does.
        wait_s: How long the server may take until it has recovered.
        replace: Whether tables that are there are dropped, before a dump is restored.
        say: Receives what is to be done by others.
    """

    data: Path | None
    start: str | None
    wait_s: float
    replace: bool
    say: Callable[[str], None]


def restore_config(config: PostgresConfig) -> PostgresConfig:
    """Return a login under the name of the restore's own sessions."""
    return replace(config, application=RESTORE)


def restore_postgres(settings: Settings, choice: Choice, place: Place, *, at: datetime) -> str:
    """Put PostgreSQL back to the moment of a choice, and return what was done.

    Interrupted, it goes on or begins anew with the same command; done, it changes nothing, unless
    all of the restore was finished, and tables are to be replaced.

    Raises:
        DamagedBackupError: The backup is not what was written; nothing was changed.
        FolderNotEmptyError: The server's folder holds other data.
        DatabaseNotEmptyError: A database holds other tables.
        WrongBackupError: The backup is of a server without Keeper's database.
        NotStartedError: The server was not started in time.
        KeeperError: What else went wrong.
    """
    if choice.manifest.kind is Kind.BASE:
        _require_keepers_database(settings, choice)
        return _restore_server(settings, choice, place)
    return _restore_dumps(settings, choice, place, at)


def _require_keepers_database(settings: Settings, choice: Choice) -> None:
    """Refuse a copy of a server that has no database of the name that DATABASE_URL says.

    Raises:
        WrongBackupError: It has none; nothing was changed.
    """
    wanted, manifest = database_name(postgres_config(settings)), choice.manifest
    if wanted not in manifest.postgres.databases:
        raise WrongBackupError(
            f"backup {manifest.name} has the databases {', '.join(manifest.postgres.databases)}, "
            f"and none called {wanted}, which DATABASE_URL names; nothing was changed"
        )


def _restore_dumps(settings: Settings, choice: Choice, place: Place, at: datetime) -> str:
    programs, done = programs_of(settings), []
    configs = {KEEPERS: postgres_config(settings), AIRFLOWS: airflow_config(settings)}
    if place.replace:
        _begin_anew(choice, configs.values())
    for name, found in configs.items():
        if name not in choice.manifest.files:
            continue
        if found is None:
            raise SettingsError(
                "the backup has Airflow's database; KEEPER_AIRFLOW_DATABASE_URL must say where it "
                "goes"
            )
        config = restore_config(found)
        programs.require_as_new_as("pg_restore", server_of(config))
        if _is_restored(config, choice.mark):
            done.append(f"{name} was there already")
            continue
        with fetched(choice.place, choice.manifest) as backup:
            require_whole(backup, choice.manifest)
            _make_room(config, replace_tables=place.replace)
            with session(config) as connection:
                save_progress(connection, Progress(choice.mark, at))
            # Whole or not at all, so that tables are the sign that it is there.
            dumps.restore(programs, config, backup / name)
        with session(config) as connection:
            save_progress(connection, Progress(choice.mark, at, (_RESTORED,)))
            connection.execute("ANALYZE")
        done.append(f"{name} is restored")
    return "; ".join(done)


def _begin_anew(choice: Choice, configs: Iterable[PostgresConfig | None]) -> None:
    """Forget the same restore if it was finished, so that tables of before give way to it."""
    known = [restore_config(config) for config in configs if config is not None]
    with session(known[0]) as connection:
        progress = progress_of(connection, choice.mark)
    if progress is None or progress.finished_at is None:
        return
    with fetched(choice.place, choice.manifest) as backup:
        require_whole(backup, choice.manifest)
    # Keeper's last, since it says that the others are to follow.
    for config in reversed(known):
        with session(config) as connection:
            require_unused(connection)
            save_progress(connection, Progress("", progress.finished_at))


def _is_restored(config: PostgresConfig, mark: str) -> bool:
    with session(config) as connection:
        require_unused(connection)
        return progress_of(connection, mark) is not None and has_tables(connection)


def _make_room(config: PostgresConfig, *, replace_tables: bool) -> None:
    with session(config) as connection:
        if not has_tables(connection):
            return
        database = connection.info.dbname
        if not replace_tables:
            raise DatabaseNotEmptyError(
                f"the database {database} holds tables already; a restore goes into an empty one, "
                "or with --replace drops them first"
            )
        connection.execute("DROP SCHEMA IF EXISTS analytics CASCADE")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def _restore_server(settings: Settings, choice: Choice, place: Place) -> str:
    config = restore_config(postgres_config(settings))
    if _state(config, choice.mark) is True:
        return "was there already"
    if place.data is None:
        raise SettingsError(
            "a base backup goes into the data folder of a server that does not run; name it with "
            "--data"
        )
    if not base_backups.is_unpacked(place.data, choice.mark):
        log = choice.manifest.postgres.log or ""
        histories = manifests.histories_of(choice.place.root, log)
        target = Target(choice.mark, choice.at)
        with fetched(choice.place, choice.manifest) as backup:
            require_whole(backup, choice.manifest)
            base_backups.unpack(
                backup / BASE, choice.segments, place.data, target, histories=histories
            )
    if place.start is not None:
        subprocess.run(shlex.split(place.start), stdin=subprocess.DEVNULL, check=False)
    else:
        server = choice.manifest.postgres.server
        place.say(
            f"PostgreSQL's data is in {place.data}. Start PostgreSQL {server} there now, and "
            f"nothing else; this command waits for {place.wait_s:.0f} s."
        )
    _wait_until_recovered(config, choice.mark, place)
    _forget_recovery(settings)
    base_backups.clean_up(place.data)
    return f"{len(choice.segments)} segments of the log were replayed"


def _wait_until_recovered(config: PostgresConfig, mark: str, place: Place) -> None:
    deadline = time.monotonic() + place.wait_s
    while True:
        state = _state(config, mark)
        if state is True:
            return
        if isinstance(state, str):
            raise NotStartedError(state)
        if time.monotonic() >= deadline:
            raise NotStartedError(
                f"PostgreSQL has not recovered within {place.wait_s:.0f} s; its log says why. "
                "Start it, then give the same command again"
            )
        time.sleep(_PAUSE_S)


def _state(config: PostgresConfig, mark: str) -> bool | str:
    """Return whether the restored server has recovered; a sentence if another one answers."""
    try:
        with session(config) as connection:
            row = connection.execute(statements("restore")["mark"]).fetchone()
            if row is None or row["mark"] != mark:
                return (
                    "the PostgreSQL that answers at DATABASE_URL is not the restored one; stop it, "
                    "and start the one whose data was restored"
                )
            if row["recovers"]:
                return False
            require_unused(connection)
            return True
    except (DatabaseUnavailableError, DatabaseRejectedError):
        # While it starts, or has not reached the moment at which the login was made.
        return False


def _forget_recovery(settings: Settings) -> None:
    """Take out the settings of the recovery; they do nothing any more, and would only puzzle."""
    server = server_config(settings)
    if server is None:
        return
    try:
        with session(server) as connection:
            for setting in _RECOVERY:
                connection.execute(f"ALTER SYSTEM RESET {setting}".encode())
    except (KeeperError, psycopg.errors.InsufficientPrivilege) as error:
        _LOG.warning("settings of the recovery are left in postgresql.auto.conf: %s", error)
