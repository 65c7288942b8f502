"""A backup, as a request: made, validated, and what is past its retention deleted."""

import time
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from keeper.clock import utc_now
from keeper.pipeline.requests.work import Work
from keeper.settings import Settings

_RECEIVED_WITHIN_S: Final = 10.0
_UPLOADED_WITHIN_S: Final = 120.0
_PAUSE_S: Final = 1.0


class BackUp(BaseModel):
    """What a backup is asked for with: nothing, for it has everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BackUpResult(BaseModel):
    """What became of a backup."""

    name: str = Field(description="The backup's name.")
    of: str = Field(description="A base backup of the whole server, or a dump of its databases.")
    bytes: int = Field(description="How large its files are.", ge=0)
    restores_from: datetime = Field(description="The first moment that can be restored from it.")
    restores_until: datetime | None = Field(
        description="The last one by then; null if none can be restored."
    )
    left_out: list[str] = Field(description="What was left out, and why, a sentence each.")
    problems: list[str] = Field(
        description="What is wrong with the backups there are, a sentence each; nothing is "
        "deleted then."
    )
    pruned_backups: int = Field(description="Backups past their retention, deleted.", ge=0)
    pruned_bytes: int = Field(
        description="Bytes of backups, log and replies that were deleted.", ge=0
    )


def back_up(wanted: BackUp, work: Work) -> BackUpResult:
    """Make a backup, read it whole, and delete what is past its retention if all is well.

    Broken off before the backup is whole it leaves none, and the next attempt removes what there is
    of it. Broken off later it leaves one, and the next attempt makes another.

    Raises:
        TransientError: A store, or the storage of backups, does not answer.
        KeeperError: What else went wrong.
    """
    from keeper.pipeline.backups.make import make_backup, programs_of
    from keeper.pipeline.backups.place import place_of
    from keeper.pipeline.backups.prune import prune_backups
    from keeper.pipeline.backups.validate import validate_backups

    settings = work.settings
    _record_room(settings)
    made = make_backup(settings)
    work.report_progress(0.6)
    place, programs = place_of(settings), programs_of(settings)
    # The log it begins with is received, and uploaded, by another worker.
    deadline = time.monotonic() + (_UPLOADED_WITHIN_S if place.is_remote else _RECEIVED_WITHIN_S)
    while validate_backups(place, programs, at=utc_now(), read=False).problems:
        if time.monotonic() >= deadline:
            break
        # Between two looks: the other worker gives no sign of it.
        time.sleep(_PAUSE_S)
        work.report_progress(0.7)
    found = validate_backups(place, programs, at=utc_now())
    work.report_progress(0.9)
    pruned = None if found.problems else prune_backups(settings, at=utc_now(), dry_run=False)
    _record_room(settings)
    return BackUpResult(
        name=made.name,
        of=made.kind.value,
        bytes=made.bytes,
        restores_from=made.moment,
        restores_until=found.until,
        left_out=made.without,
        problems=list(found.problems),
        pruned_backups=0 if pruned is None else len(pruned.backups),
        pruned_bytes=0 if pruned is None else pruned.bytes,
    )


def _record_room(settings: Settings) -> None:
    """Notify the operator while the disk of backups, which others may not have, is nearly full."""
    from keeper.pipeline.services.configuration import postgres_config
    from keeper.pipeline.services.monitor import record_findings
    from keeper.pipeline.services.monitor_backups import monitor_room
    from keeper.stores.postgres.connection import session

    operator = settings.people.operator_email
    with session(postgres_config(settings)) as connection:
        record_findings(connection, [monitor_room(settings)], operator=operator, at=utc_now())
