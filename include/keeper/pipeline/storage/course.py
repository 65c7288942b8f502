"""Whether what is past its retention is deleted: never before the operator has had a report."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from keeper.domain.messages.notices import Trouble
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.notices import raise_notice, resolve_notices
from keeper.stores.postgres.storage.retention import was_reported

TOPIC: Final = "retention"


class Course(StrEnum):
    """What a run does with what is past its retention."""

    DELETE = "delete"
    REPORT = "report"
    FIRST_REPORT = "first report"
    """The operator is notified of it; the next run deletes."""


def choose_course(connection: Connection, *, asked: bool | None, by_setting: bool) -> Course:
    """Return what a run does.

    Args:
        connection: Where notices are.
        asked: What somebody wants of this run; None for what the setting says.
        by_setting: KEEPER_APPLY_RETENTION.
    """
    if asked is not None:
        return Course.DELETE if asked else Course.REPORT
    if not by_setting:
        return Course.REPORT
    return Course.DELETE if was_reported(connection, TOPIC) else Course.FIRST_REPORT


def record_course(
    connection: Connection, course: Course, found: Sequence[str], *, operator: str, at: datetime
) -> None:
    """Notify the operator of what the next run will delete, or close that notice when it has.

    Args:
        connection: Where notices are.
        course: What was done.
        found: What is past its retention, a line each.
        operator: Whom to notify.
        at: Now.
    """
    if course is Course.DELETE:
        resolve_notices(connection, TOPIC, at=at)
    if course is Course.FIRST_REPORT and found:
        details = "\n".join(
            (
                *found,
                "The next run of maintain_storage deletes it, and from then on every run what has "
                "come to be past its retention, without a word.",
                "To keep it: longer times in .env (…_RETENTION_DAYS), or "
                "KEEPER_APPLY_RETENTION=false.",
            )
        )
        subject = "the next run deletes what is past its retention"
        raise_notice(connection, Trouble(TOPIC, subject, details), operator=operator, at=at)
