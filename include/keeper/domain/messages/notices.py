"""Troubles of Keeper itself, and the notices about them to the operator."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

REMIND_AFTER: Final = timedelta(hours=24)
"""A trouble that lasts is reported again after this time, not whenever it is seen."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something the operator should look at.

    Attributes:
        topic: What it is about, the same each time: `run:track_prices`, `tokens`.
        subject: One line.
        details: What was seen, and what to do; several lines.
    """

    topic: str
    subject: str
    details: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: the trouble of a topic, or None where all is well."""

    topic: str
    trouble: Trouble | None


@dataclass(frozen=True, slots=True)
class OperatorNotice:
    """A trouble as it is reported to the operator.

    Attributes:
        notice_id: Its key.
        topic: What it is about.
        subject: One line.
        details: What was seen, and what to do.
        since: When it was first seen.
        raised_at: When this notice was raised: later than `since` for a reminder.
        times: How often it was seen.
    """

    notice_id: int
    topic: str
    subject: str
    details: str
    since: datetime
    raised_at: datetime
    times: int
