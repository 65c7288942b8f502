"""Receives the write-ahead log into the folder of backups, and copies new replies beside it."""

import errno
import logging
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from keeper.clock import Clock, utc_now
from keeper.errors import KeeperError, SettingsError, TransientError
from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups.make import programs_of, server_config
from keeper.pipeline.backups.place import BackupPlace, place_of
from keeper.pipeline.backups.replies import copy_replies
from keeper.pipeline.backups.ship_log import LogShipper
from keeper.pipeline.services.configuration import lake
from keeper.settings import Settings
from keeper.stores.postgres.backups import wal
from keeper.stores.postgres.backups.programs import server_of, timeline_of
from keeper.stores.postgres.connection import session

_LOG: Final = logging.getLogger(__name__)
_REPLIES_EVERY_S: Final = 60.0
_REPLIES_OF: Final = timedelta(days=1)
_GONE: Final = "has already been removed"
_WORKS_AFTER: Final = 3
"""So many looks, a second apart: a receiver that still runs then receives."""
_FULL: Final = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))
_ENDS_WITHIN_S: Final = 10.0


class ReceiverEndedError(TransientError):
    """pg_receivewal has ended: the server does not answer, or another process receives."""


def receive_wal(
    settings: Settings,
    *,
    stopped: Callable[[], bool],
    wait: Callable[[float], object],
    received: Callable[[], None] = lambda: None,
    shipped: Callable[[str | None], None] = lambda problem: None,
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
        shipped: Called with what the storage of backups is in trouble with; None if it is well.
        clock: The time.

    Raises:
        SettingsError: Nothing says which server is received from.
        ReceiverEndedError: It ended by itself; try again later.
        KeeperError: The server refuses.
    """
    place, config = place_of(settings), server_config(settings)
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
        timeline, segment_bytes = timeline_of(connection), wal.segment_bytes_of(connection)
        wal.make_slot(connection)
    log = manifests.log_name(server.system, timeline)
    shipper = LogShipper(place, log)
    folder = manifests.wal_of(place.work, log)
    folder.mkdir(0o700, parents=True, exist_ok=True)
    for name in wal.remove_unfilled(folder, segment_bytes):
        _LOG.warning("%s was never filled, holds nothing and is removed", name)
    replies = _Replies(settings, place, clock)
    command, environment = wal.receiver(programs, config, folder)
    with subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as receiver:
        looks = 0
        try:
            while not stopped():
                replies.copy_due()
                _ship(shipper, shipped)
                wait(1.0)
                if receiver.poll() is not None:
                    said = receiver.stderr.read() if receiver.stderr else b""
                    raise ended(said.decode("utf-8", "replace"), folder, clock())
                looks += 1
                # One that only ends again has ended by then.
                if looks >= _WORKS_AFTER:
                    received()
        finally:
            receiver.terminate()
            try:
                receiver.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                receiver.kill()
            _ship(shipper, shipped, is_last=True)


def ended(said: str, log: Path, at: datetime) -> ReceiverEndedError:
    """Return why pg_receivewal ended; where it would only end again, let it begin anew.

    It goes on after the newest file it has. If the server no longer has what follows, that folder
    is put aside, for the backups of before the gap.

    Args:
        said: What it wrote.
        log: The folder it receives into.
        at: Now.
    """
    lines = said.strip().splitlines()
    gone = next((line for line in lines if _GONE in line), None)
    if gone is None:
        why = f"pg_receivewal ended: {' | '.join(lines[-2:]) or 'it said nothing'}"
        if any(full in said for full in _FULL):
            why += (
                f"; the server keeps the log meanwhile: make room on the disk of {log} (keeper "
                "storage status, keeper backup prune), then it goes on by itself"
            )
        return ReceiverEndedError(why)
    aside = log.with_name(f"{log.name}{manifests.PART}{at:%Y%m%dT%H%M%SZ}")
    log.rename(aside)
    return ReceiverEndedError(
        f"pg_receivewal ended: {gone}; the server no longer has what follows, so the log has a gap "
        f"and begins anew: what came before it is in {aside}. Make a new backup now: no moment "
        "after the gap can be restored from those there are"
    )


@dataclass(slots=True)
class _Replies:
    """Copies new replies of Keepa's once a minute."""

    settings: Settings
    place: BackupPlace
    clock: Clock
    due: float = 0.0

    def copy_due(self) -> None:
        if time.monotonic() < self.due:
            return
        self.due = time.monotonic() + _REPLIES_EVERY_S
        since = (self.clock() - _REPLIES_OF).date()
        try:
            copy_replies(lake(self.settings), self.place.replies(), since=since)
        except KeeperError as error:
            _LOG.warning("replies are not copied: %s; again in a minute", error)


def _ship(
    shipper: LogShipper, shipped: Callable[[str | None], None], *, is_last: bool = False
) -> None:
    """Upload what has come; where the storage is away the log stays here and goes on."""
    try:
        shipper.ship(is_last=is_last)
    except KeeperError as error:
        shipped(str(error))
    else:
        shipped(None)
