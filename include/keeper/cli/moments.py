"""Times as people type them (a date, a time, how long ago) and as commands show them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import typer

from keeper.domain.messages.delivery_clock import known_zone

_AGO: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_moment(text: str, *, now: datetime) -> datetime:
    """Read `2h`, `7d` (before now), `2026-03-01` or `2026-03-01T12:00Z`; without an offset, UTC.

    Raises:
        typer.BadParameter: It is none of these.
    """
    if ago := _AGO.fullmatch(text.strip().lower()):
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


def since(text: str) -> datetime:
    """Read what `--since` and its kin take; see `parse_moment`."""
    from keeper.clock import utc_now

    return parse_moment(text, now=utc_now())


@dataclass(frozen=True, slots=True)
class When:
    """A time that was typed, and whether it is another one when it is typed again: 2h, 7d."""

    at: datetime
    is_relative: bool


def when(text: str) -> When:
    """Read a time; see `parse_moment`."""
    return When(since(text), _AGO.fullmatch(text.strip().lower()) is not None)


def time_text(
    at: datetime | None, zone: str = "UTC", *, never: str = "", seconds: bool = False
) -> str:
    """Return a time by the clock of a zone, with the zone's name for it.

    Args:
        at: The time; None if there is none.
        zone: IANA name of the reader's zone.
        never: What to return if there is no time.
        seconds: Whether the second matters.
    """
    form = "%Y-%m-%d %H:%M:%S %Z" if seconds else "%Y-%m-%d %H:%M %Z"
    # Stored when this machine's zones still had it; the label says which it is.
    return never if at is None else at.astimezone(ZoneInfo(known_zone(zone))).strftime(form)
