"""When a message may reach a person: quiet hours, snoozes and a most of messages a day.

These rules belong to delivery: an alert is raised whenever its rule says so, and held here until it
may go out. What was held goes out together as one digest.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo


@cache
def known_zone(name: str) -> str:
    """Return a time zone's name, UTC for one this machine does not know, or no more."""
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        return "UTC"


class HeldFor(StrEnum):
    """Why a message waits although its channel works."""

    SNOOZE = "snooze"
    QUIET_HOURS = "quiet hours"
    DAILY_CAP = "daily cap"


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """When a person wants to be reached.

    Attributes:
        time_zone: IANA name of the zone the following times are in.
        quiet_from: With `quiet_until`: nothing goes out between them; over midnight too.
        quiet_until: None, as `quiet_from`, for no quiet hours.
        daily_cap: Most messages a channel gets on one day of that zone.
        snoozed_until: Nothing goes out before; None if nothing is snoozed.
    """

    time_zone: str = "UTC"
    quiet_from: time | None = None
    quiet_until: time | None = None
    daily_cap: int = 20
    snoozed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A message waits until a moment, when it is looked at again."""

    until: datetime
    reason: HeldFor


def hold(rules: DeliveryRules, now: datetime, sent_today: int) -> Hold | None:
    """Return why and until when a message must wait; None if it may go out now.

    Args:
        rules: What its reader wants.
        now: The time, aware.
        sent_today: Messages the channel has got since `day_start`.
    """
    if rules.snoozed_until is not None and rules.snoozed_until > now:
        return Hold(rules.snoozed_until, HeldFor.SNOOZE)
    end = _end_of_quiet(rules, now)
    if end is not None:
        return Hold(end, HeldFor.QUIET_HOURS)
    if sent_today >= rules.daily_cap:
        tomorrow = now.astimezone(ZoneInfo(rules.time_zone)).date() + timedelta(days=1)
        return Hold(_moment(rules, datetime.combine(tomorrow, time()), now), HeldFor.DAILY_CAP)
    return None


def day_start(rules: DeliveryRules, now: datetime) -> datetime:
    """Return when the reader's day began, in UTC."""
    zone = ZoneInfo(rules.time_zone)
    today = now.astimezone(zone).date()
    return datetime.combine(today, time(), tzinfo=zone).astimezone(now.tzinfo)


def last_shown(clock: time, time_zone: str, now: datetime) -> datetime:
    """Return when clocks of a zone last showed a time, `now` included.

    Of a time that is shown twice in a night the first counts. One that is left out counts by the
    clock before the change.
    """
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    days = (today - timedelta(days=ago) for ago in range(3))
    moments = (datetime.combine(day, clock, zone).astimezone(now.tzinfo) for day in days)
    return next(moment for moment in moments if moment <= now)


def _end_of_quiet(rules: DeliveryRules, now: datetime) -> datetime | None:
    begins, ends = rules.quiet_from, rules.quiet_until
    if begins is None or ends is None or begins == ends:
        return None
    local = now.astimezone(ZoneInfo(rules.time_zone))
    clock = local.time()
    is_quiet = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    if not is_quiet:
        return None
    day = local.date() if clock < ends else local.date() + timedelta(days=1)
    return _moment(rules, datetime.combine(day, ends), now)


def _moment(rules: DeliveryRules, wall: datetime, now: datetime) -> datetime:
    """Return when clocks in the reader's zone show a time, the first time after `now`.

    A time that a change of clocks leaves out counts by the clock before it, which is later.
    """
    zone = ZoneInfo(rules.time_zone)
    moments = (wall.replace(tzinfo=zone, fold=fold).astimezone(now.tzinfo) for fold in (0, 1))
    return next(moment for moment in moments if moment > now)
