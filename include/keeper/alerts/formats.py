"""Times as readers write them: by their own clock and calendar, in their own language."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, get_timezone_name

from keeper.alerts.words import words_in
from keeper.domain.users.languages import Language


def moment(at: datetime, time_zone: str, language: Language = Language.ENGLISH) -> str:
    """Write a time by the reader's clock: 30 Nov 2026, 14:05 CET.

    A zone without a short name is named by its distance from UTC: 30 Nov 2026, 18:50 UTC+05:45.
    """
    words = words_in(language)
    local = at.astimezone(ZoneInfo(time_zone))
    written = format_datetime(local, words.moment_pattern, locale=words.locale)
    return f"{written} {_zone_name(local, language)}"


def day(at: datetime, time_zone: str, language: Language = Language.ENGLISH) -> str:
    """Write a day by the reader's calendar: 30 November 2026."""
    return _by_pattern(at, time_zone, language, words_in(language).day_pattern)


def month(at: datetime, time_zone: str, language: Language, *, until: datetime) -> str:
    """Write a month by the reader's calendar: September, with its year if that is not the last."""
    words, zone = words_in(language), ZoneInfo(time_zone)
    is_this_year = at.astimezone(zone).year == until.astimezone(zone).year
    pattern = words.month_pattern if is_this_year else words.month_of_year_pattern
    return _by_pattern(at, time_zone, language, pattern)


def _by_pattern(at: datetime, time_zone: str, language: Language, pattern: str) -> str:
    local = at.astimezone(ZoneInfo(time_zone))
    return format_datetime(local, pattern, locale=words_in(language).locale)


def _zone_name(local: datetime, language: Language) -> str:
    name = local.tzname() or ""
    if language is not Language.ENGLISH:
        own = get_timezone_name(local, "short", locale=words_in(language).locale)
        name = own if own.isalpha() else name
    if name.isalpha():
        return name
    minutes = (local.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"
