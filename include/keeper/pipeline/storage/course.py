"""Whether what is past its retention is deleted: never before the operator has had a report.

A report counts for the kinds it names and for the retention they had then. So what is shortened
later, by mistake perhaps, is reported first, as is a kind of which there was nothing old before.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from keeper.domain.messages.notices import Trouble
from keeper.pipeline.storage.maintain import Kind
from keeper.settings.storage import RetentionSettings
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.notices import raise_notice, resolve_notices
from keeper.stores.postgres.storage.retention import retention_topics

TOPIC: Final = "retention"


class Course(StrEnum):
    """What a run does with what is past its retention."""

    DELETE = "delete"
    REPORT = "report"
    FIRST_REPORT = "first report"
    """The operator is notified of it; the next run deletes."""


def choose_courses(
    connection: Connection, settings: RetentionSettings, *, asked: bool | None
) -> dict[Kind, Course]:
    """Return what a run does with each kind.

    Args:
        connection: Where notices are.
        settings: For how long things are kept, and whether they are deleted then.
        asked: What somebody wants of this run; None for what the setting says.
    """
    if asked is None and settings.apply:
        reported: dict[Kind, int] = {}
        for topic in retention_topics(connection, TOPIC):
            reported |= _kinds_of(topic)
        return {
            kind: Course.DELETE if reported.get(kind, days + 1) <= days else Course.FIRST_REPORT
            for kind, days in _days(settings).items()
        }
    return dict.fromkeys(Kind, Course.DELETE if asked else Course.REPORT)


def record_courses(
    connection: Connection,
    courses: Mapping[Kind, Course],
    found: Mapping[Kind, Sequence[str]],
    settings: RetentionSettings,
    *,
    operator: str,
    at: datetime,
) -> list[Kind]:
    """Notify the operator of what the next run will delete; close notices of what has gone.

    Args:
        connection: Where notices are.
        courses: What was done.
        found: What is past its retention, a line each.
        settings: For how long things are kept.
        operator: Whom to notify.
        at: Now.

    Returns:
        The kinds that were reported.
    """
    deleted = {kind for kind, course in courses.items() if course is Course.DELETE}
    gone = [
        topic
        for topic in retention_topics(connection, TOPIC)
        if deleted.issuperset(_kinds_of(topic))
    ]
    if deleted and gone:
        resolve_notices(connection, *gone, at=at)
    new = [
        kind
        for kind, course in courses.items()
        if course is Course.FIRST_REPORT and found.get(kind)
    ]
    if new:
        days = _days(settings)
        details = "\n".join(
            (
                *(line for kind in new for line in found[kind]),
                "The next run of maintain_storage deletes it, and from then on every run what of "
                "the same kinds has come to be past its retention, without a word.",
                "To keep it: longer times in .env (…_RETENTION_DAYS), or "
                "KEEPER_APPLY_RETENTION=false.",
            )
        )
        subject = "the next run deletes what is past its retention"
        topic = f"{TOPIC}:{','.join(f'{kind}={days[kind]}' for kind in new)}"
        raise_notice(connection, Trouble(topic, subject, details), operator=operator, at=at)
    return new


def only_reported(courses: Mapping[Kind, Course]) -> frozenset[Kind]:
    """Return the kinds of which a run that deletes others only says what would go."""
    return frozenset(kind for kind, course in courses.items() if course is Course.FIRST_REPORT)


def _days(settings: RetentionSettings) -> dict[Kind, int]:
    days = {
        Kind.POINTS: settings.history_days,
        Kind.RECORDS: settings.records_days,
        Kind.REPLIES: settings.replies_days,
        Kind.RUN_FILES: settings.run_files_days,
        Kind.AIRFLOW: settings.airflow_days,
    }
    return {kind: value for kind, value in days.items() if value is not None}


def _kinds_of(topic: str) -> dict[Kind, int]:
    """Return what a report named, with the days it was kept then; notices of before name none."""
    _, _, text = topic.partition(":")
    pairs = (part.partition("=") for part in text.split(",") if part)
    return {Kind(kind): int(days) for kind, _, days in pairs}
