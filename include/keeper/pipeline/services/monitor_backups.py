"""Whether backups are made, and the write-ahead log is received, as PostgreSQL knows it."""

from datetime import datetime, timedelta
from typing import Final

from keeper.alerts.formats import moment
from keeper.domain.messages.notices import Finding, Trouble
from keeper.domain.requests import RequestKind
from keeper.pipeline.storage.disks import disks_of, folder_of_backups, short_of_space
from keeper.settings import Settings
from keeper.stores.postgres.backups.wal import SEGMENT_BYTES, slot_of
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.requests.queue import last_done
from keeper.stores.postgres.users.accounts import first_account_at

BACKUP_AGE: Final = timedelta(hours=26)
"""A night, and the time a backup may take."""
LOG_AGE: Final = timedelta(minutes=15)
LOG_BEHIND: Final = 8 * SEGMENT_BYTES
"""A receiver that works is moments behind; one that ends again and again takes nothing."""
_BACKUPS: Final = "backup-age"
_LOG: Final = "write-ahead-log"
_ROOM: Final = "room-for-backups"


def monitor_backups(
    connection: Connection, *, is_wanted: bool, at: datetime, zone: str = "UTC"
) -> Finding:
    """Say whether a backup was made within 26 hours.

    Args:
        connection: Keeper's database.
        is_wanted: Whether a setting says where backups go.
        at: Now.
        zone: The operator's.
    """
    if not is_wanted:
        return Finding(_BACKUPS, None)
    last = last_done(connection, RequestKind.BACK_UP)
    # An installation that is younger than that has had no night yet.
    since = last or first_account_at(connection)
    if since is None or at - since <= BACKUP_AGE:
        return Finding(_BACKUPS, None)
    newest = f"The newest is of {moment(last, zone)}.\n" if last else "None was ever made.\n"
    return Finding(
        _BACKUPS,
        Trouble(
            _BACKUPS,
            "no backup was made for more than 26 hours",
            f"{newest}See that back_up_stores is not paused, how its latest runs ended, and that "
            "its worker runs: keeper health backup-on-request",
        ),
    )


def monitor_log(connection: Connection, *, at: datetime) -> Finding:
    """Say whether somebody receives the write-ahead log that the server keeps for backups.

    A receiver that ends at once takes the slot for a moment each time: that one is known by what
    the server keeps.
    """
    slot = slot_of(connection)
    if slot is None:
        return Finding(_LOG, None)
    if slot.is_lost:
        subject = "the write-ahead log has a gap: no moment after it can be restored"
        details = (
            "The server has given up what was not received in time. Start keeper receive-wal, "
            "which begins the log anew, then make a new backup."
        )
    elif slot.inactive_since is not None and at - slot.inactive_since > LOG_AGE:
        subject = "nobody receives the write-ahead log"
        details = (
            f"PostgreSQL keeps {slot.kept_bytes / 1e6:,.0f} MB of it for keeper receive-wal, which "
            "does not run: moments since then cannot be restored, and its disk fills. See keeper "
            "health receive-wal and its log. If no log is wanted any more: SELECT "
            "pg_drop_replication_slot('keeper_backup')"
        )
    elif slot.kept_bytes > LOG_BEHIND:
        subject = "the write-ahead log is not received as fast as it is written"
        details = (
            f"PostgreSQL keeps {slot.kept_bytes / 1e6:,.0f} MB of it for keeper receive-wal: its "
            "disk fills, and the latest moments cannot be restored. The worker ends again and "
            "again, as where the disk of backups is full, or is too slow. See keeper health "
            "receive-wal and its log"
        )
    else:
        return Finding(_LOG, None)
    return Finding(_LOG, Trouble(_LOG, subject, details))


def monitor_room(settings: Settings) -> Finding:
    """Say whether the disk that backups are made on has room; asked of the worker that has it."""
    folder = folder_of_backups(settings)
    disks = [] if folder is None else disks_of([folder])
    return Finding(_ROOM, short_of_space(disks, settings.retention.least_free_percent, _ROOM))
