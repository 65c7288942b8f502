"""Times as people type them: a date, a time, or how long ago."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import typer

_AGO: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_moment(text: str, *, now: datetime) -> datetime:
    """Read `2h`, `7d` (before now), `2026-03-01` or `2026-03-01T12:00Z`; without an offset, UTC.

    Raises:
        typer.BadParameter: It is none of these.
    """
    if ago := _AGO.fullmatch(text.strip()):
        try:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        except OverflowError:
            pass
    else:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            pass
        else:
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise typer.BadParameter(f"{text!r} is no time; write 2h, 7d, 2026-03-01 or 2026-03-01T12:00Z")
