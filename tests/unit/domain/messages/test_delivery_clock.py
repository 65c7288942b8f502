"""When a message may reach a person."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.messages.delivery_clock import (
    DeliveryRules,
    HeldFor,
    Hold,
    day_start,
    hold,
    known_zone,
    last_shown,
)

NIGHT = DeliveryRules("Europe/Berlin", time(22), time(7))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-10T20:59", None),
        ("2026-03-10T21:00", "2026-03-11T06:00"),
        ("2026-03-11T05:59", "2026-03-11T06:00"),
        ("2026-03-11T06:00", None),
        ("2026-07-10T20:00", "2026-07-11T05:00"),
    ],
    ids=["before", "from ten", "until seven", "after", "in summer"],
)
def test_quiet_hours_are_by_the_readers_clock(now: str, until: str | None) -> None:
    expected = None if until is None else Hold(utc(until), HeldFor.QUIET_HOURS)

    assert hold(NIGHT, utc(now), 0) == expected


@pytest.mark.parametrize(
    ("now", "until"),
    [("2026-03-28T22:00", "2026-03-29T05:00"), ("2026-10-24T21:00", "2026-10-25T06:00")],
    ids=["clocks go forward", "clocks go back"],
)
def test_they_end_by_the_clock_when_clocks_change_in_between(now: str, until: str) -> None:
    assert hold(NIGHT, utc(now), 0) == Hold(utc(until), HeldFor.QUIET_HOURS)


def test_an_end_that_clocks_leave_out_is_the_hour_after() -> None:
    rules = DeliveryRules("Europe/Berlin", time(22), time(2, 30))

    assert hold(rules, utc("2026-03-29T00:00"), 0) == Hold(
        utc("2026-03-29T01:30"), HeldFor.QUIET_HOURS
    )


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    rules = DeliveryRules("Europe/Berlin", time(22), time(2, 30))

    assert hold(rules, utc("2026-10-25T00:10"), 0) == Hold(
        utc("2026-10-25T00:30"), HeldFor.QUIET_HOURS
    )
    assert hold(rules, utc("2026-10-25T01:10"), 0) == Hold(
        utc("2026-10-25T01:30"), HeldFor.QUIET_HOURS
    )


def test_quiet_hours_within_a_day() -> None:
    rules = DeliveryRules("UTC", time(12), time(14))

    assert hold(rules, utc("2026-03-10T13:00"), 0) == Hold(
        utc("2026-03-10T14:00"), HeldFor.QUIET_HOURS
    )
    assert hold(rules, utc("2026-03-10T14:00"), 0) is None
    assert hold(rules, utc("2026-03-10T23:00"), 0) is None


def test_a_snooze_comes_first() -> None:
    until = utc("2026-03-12T00:00")
    rules = DeliveryRules("Europe/Berlin", time(22), time(7), snoozed_until=until)

    assert hold(rules, utc("2026-03-10T23:00"), 0) == Hold(until, HeldFor.SNOOZE)
    assert hold(rules, until, 0) == Hold(utc("2026-03-12T06:00"), HeldFor.QUIET_HOURS)


def test_beyond_the_days_most_it_waits_for_the_next_day() -> None:
    rules = DeliveryRules("America/New_York", daily_cap=3)
    now = utc("2026-03-10T15:00")

    assert hold(rules, now, 2) is None
    assert hold(rules, now, 3) == Hold(utc("2026-03-11T04:00"), HeldFor.DAILY_CAP)
    assert day_start(rules, now) == utc("2026-03-10T04:00")


@pytest.mark.parametrize(
    ("zone", "now", "until"),
    [
        ("America/New_York", "2026-03-11T01:00", "2026-03-11T04:00"),
        ("Asia/Tokyo", "2026-03-10T22:00", "2026-03-11T15:00"),
    ],
    ids=["evening in New York", "morning in Tokyo"],
)
def test_the_next_day_is_the_readers_also_while_it_is_another_in_utc(
    zone: str, now: str, until: str
) -> None:
    rules = DeliveryRules(zone, daily_cap=3)

    assert hold(rules, utc(now), 3) == Hold(utc(until), HeldFor.DAILY_CAP)
    assert day_start(rules, utc(now)) == utc(until) - timedelta(days=1)


@given(
    st.integers(0, 3 * 366 * 24 * 60).map(lambda m: utc("2025-01-01") + timedelta(minutes=m)),
    st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")),
    st.times(),
    st.times(),
)
def test_what_is_held_waits_for_a_later_time_of_at_most_a_day_and_is_quiet_no_more(
    now: datetime, zone: str, begins: time, ends: time
) -> None:
    begins, ends = begins.replace(tzinfo=None, fold=0), ends.replace(tzinfo=None, fold=0)
    rules = DeliveryRules(zone, begins, ends)
    held = hold(rules, now, 0)
    clock = now.astimezone(ZoneInfo(zone)).time()
    inside = begins <= clock < ends if begins < ends else clock >= begins or clock < ends

    assert (held is not None) == (inside and begins != ends)
    if held is not None:
        assert now < held.until <= now + timedelta(hours=25)
    assert day_start(rules, now) <= now


@pytest.mark.parametrize(
    ("zone", "clock", "now", "shown"),
    [
        ("UTC", time(7), "2026-03-10T06:59", "2026-03-09T07:00"),
        ("UTC", time(7), "2026-03-10T07:00", "2026-03-10T07:00"),
        ("Europe/Berlin", time(7), "2026-11-30T06:00", "2026-11-30T06:00"),
        ("America/Los_Angeles", time(7), "2026-11-30T14:59", "2026-11-29T15:00"),
        ("America/Los_Angeles", time(7), "2026-11-30T15:00", "2026-11-30T15:00"),
        # Zones with half hours and quarters, and those a day ahead.
        ("Asia/Kolkata", time(7), "2026-11-30T01:30", "2026-11-30T01:30"),
        ("Asia/Kathmandu", time(7), "2026-11-30T01:14", "2026-11-29T01:15"),
        ("Pacific/Kiritimati", time(7), "2026-11-29T17:00", "2026-11-29T17:00"),
        # Clocks go forward: the day has 23 hours, and 02:30 counts as 03:30 of the new time.
        ("Europe/Berlin", time(7), "2026-03-29T04:59", "2026-03-28T06:00"),
        ("Europe/Berlin", time(7), "2026-03-29T05:00", "2026-03-29T05:00"),
        ("Europe/Berlin", time(2, 30), "2026-03-29T01:30", "2026-03-29T01:30"),
        ("Europe/Berlin", time(2, 30), "2026-03-29T01:29", "2026-03-28T01:30"),
        # They go back: 02:30 is shown twice, and the first counts.
        ("Europe/Berlin", time(2, 30), "2026-10-25T00:30", "2026-10-25T00:30"),
        ("Europe/Berlin", time(2, 30), "2026-10-25T01:45", "2026-10-25T00:30"),
        ("Europe/Berlin", time(7), "2026-10-25T06:00", "2026-10-25T06:00"),
        # Samoa had no 30 December 2011.
        ("Pacific/Apia", time(7), "2011-12-30T12:00", "2011-12-29T17:00"),
    ],
)
def test_when_clocks_last_showed_a_time(zone: str, clock: time, now: str, shown: str) -> None:
    assert last_shown(clock, zone, utc(now)) == utc(shown)


@given(st.integers(0, 525_600), st.times())
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"])
def test_a_time_was_last_shown_within_a_day_and_an_hour(
    zone: str, minute: int, clock: time
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    shown = last_shown(clock, zone, now)
    assert shown <= now < shown + timedelta(hours=25, minutes=1)


@pytest.mark.parametrize("name", ["Mars/Base", "", "../../etc/passwd", "Europe", "a\0b"])
def test_a_zone_that_is_not_known_here_is_utc(name: str) -> None:
    assert known_zone(name) == "UTC"
    assert known_zone("Asia/Kathmandu") == "Asia/Kathmandu"
