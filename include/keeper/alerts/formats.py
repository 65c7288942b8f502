"""Times as readers write them: by their own clock and calendar, in English."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime


def moment(at: datetime, time_zone: str) -> str:
    """Write a time by the reader's clock: 30 Nov 2026, 14:05 CET.

    A zone without a short name is named by its distance from UTC: 30 Nov 2026, 18:50 UTC+05:45.
    """
    local = at.astimezone(ZoneInfo(time_zone))
    return f"{format_datetime(local, 'd MMM y, HH:mm', locale='en')} {_zone_name(local)}"


def day(at: datetime, time_zone: str) -> str:
    """Write a day by the reader's calendar: 30 November 2026."""
    local = at.astimezone(ZoneInfo(time_zone))
    return format_datetime(local, "d MMMM y", locale="en")


def _zone_name(local: datetime) -> str:
    name = local.tzname() or ""
    if name.isalpha():
        return name
    minutes = (local.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"
