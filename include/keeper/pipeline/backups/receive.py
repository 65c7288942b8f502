"""Receives the write-ahead log into the folder of backups, and copies new replies beside it."""

import logging
import os
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from keeper.clock import Clock, utc_now
from keeper.errors import KeeperError, SettingsError, TransientError
from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups.make import programs_of, server_config
from keeper.pipeline.backups.replies import copy_replies
from keeper.pipeline.services.configuration import lake
from keeper.settings import Settings
from keeper.stores.lake.storage import lake_at
from keeper.stores.postgres.backups import wal
from keeper.stores.postgres.backups.programs import server_of, timeline_of
from keeper.stores.postgres.connection import session

_LOG: Final = logging.getLogger(__name__)
_REPLIES_EVERY_S: Final = 60.0
_REPLIES_OF: Final = timedelta(days=1)
_GONE: Final = "has already been removed"
_ENDS_WITHIN_S: Final = 10.0


class ReceiverEndedError(TransientError):
    """pg_receivewal has ended: the server does not answer, or another process receives."""


def receive_wal(
    settings: Settings,
    *,
    stopped: Callable[[], bool],
    wait: Callable[[float], object],
    received: Callable[[], None] = lambda: None,
    clock: Clock = utc_now,
) -> None:
    """Receive until asked to stop; what is committed is in the folder within moments.

    Replies of Keepa are copied every minute, so that the copy of the lake is about as young as the
    log. A lake that does not answer is tried again a minute later: the log goes on.

    Args:
        settings: Where the server and the folder are.
        stopped: Returns whether to end; asked about once a second.
        wait: Waits so many seconds, or less when it is to end.
        received: Called after each look at a receiver that works.
        clock: The time.

    Raises:
        SettingsError: Nothing says which server is received from.
        ReceiverEndedError: It ended by itself; try again later.
        KeeperError: The server refuses.
    """
    config = server_config(settings)
    if config is None:
        raise SettingsError(
            "KEEPER_BACKUP_SERVER_URL names no login that may copy the server; without one its "
            "databases are dumped, and there is no log to receive"
        )
    programs, server = programs_of(settings), server_of(config)
    programs.require_as_new_as("pg_receivewal", server)
    if server.system is None:
        raise SettingsError(
            "the login of KEEPER_BACKUP_SERVER_URL may not read the cluster's number; GRANT "
            "EXECUTE ON FUNCTION pg_control_system() TO it"
        )
    with session(config) as connection:
        timeline = timeline_of(connection)
        wal.make_slot(connection)
    folder = manifests.wal_of(settings.backups.folder, manifests.log_name(server.system, timeline))
    folder.mkdir(0o700, parents=True, exist_ok=True)
    command, environment = wal.receiver(programs, config, folder)
    with subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as receiver:
        try:
            _watch(settings, folder, receiver, stopped, wait, received, clock)
        finally:
            receiver.terminate()
            try:
                receiver.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                receiver.kill()


def ended_text(said: str, log: Path) -> str:
    """Return why pg_receivewal ended, and what mends it if it would only end again.

    Args:
        said: What it wrote.
        log: The folder it receives into, whose newest file it goes on after.
    """
    lines = said.strip().splitlines()
    if gone := next((line for line in lines if _GONE in line), None):
        return (
            f"pg_receivewal ended: {gone}; the server no longer has what follows the newest file "
            f"in {log}: move that folder away, and make a new backup once keeper receive-wal runs"
        )
    return f"pg_receivewal ended: {' | '.join(lines[-2:]) or 'it said nothing'}"


def _watch(
    settings: Settings,
    log: Path,
    receiver: "subprocess.Popen[bytes]",
    stopped: Callable[[], bool],
    wait: Callable[[float], object],
    received: Callable[[], None],
    clock: Clock,
) -> None:
    replies_due = time.monotonic()
    while not stopped():
        if receiver.poll() is not None:
            said = receiver.stderr.read() if receiver.stderr else b""
            raise ReceiverEndedError(ended_text(said.decode("utf-8", "replace"), log))
        if time.monotonic() >= replies_due:
            replies_due = time.monotonic() + _REPLIES_EVERY_S
            _copy_replies(settings, settings.backups.folder, clock())
        received()
        wait(1.0)


def _copy_replies(settings: Settings, folder: Path, at: datetime) -> None:
    copy = lake_at(manifests.replies_of(folder).as_uri())
    try:
        copy_replies(lake(settings), copy, since=(at - _REPLIES_OF).date())
    except KeeperError as error:
        _LOG.warning("replies are not copied: %s; again in a minute", error)
